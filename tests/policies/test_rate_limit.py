"""The rate limit policy."""

import msgspec
import pytest

from policies.rate_limit import RateLimit
from tollway.problems import QuotaExceeded
from tollway.rates import MovingWindows, parse


async def test_every_window_holds(make_request, following, resources, caller, clock) -> None:
    """Three a second and five a minute admit exactly that, and a refusal uses nothing up."""
    handler = RateLimit(limits="5/minute;3/second").wrap(following, resources)

    async def admitted(times: int) -> int:
        count = 0
        for _ in range(times):
            try:
                await handler(make_request(caller=caller()))
                count += 1
            except QuotaExceeded:
                continue
        return count

    assert await admitted(10) == 3
    clock.now += 1
    assert await admitted(10) == 2
    clock.now += 58.9
    assert await admitted(10) == 0
    clock.now += 0.1
    assert await admitted(10) == 3


async def test_a_window_moves(make_request, following, resources, caller, clock) -> None:
    """Two windows back to back never admit twice the limit around their border."""
    handler = RateLimit(limits="2/minute").wrap(following, resources)
    await handler(make_request(caller=caller()))
    clock.now += 59
    await handler(make_request(caller=caller()))
    clock.now += 1
    await handler(make_request(caller=caller()))
    with pytest.raises(QuotaExceeded):
        await handler(make_request(caller=caller()))


async def test_clients_are_counted_apart(make_request, following, resources, caller) -> None:
    """One client's use leaves another's plan alone; callers without a token are told apart by address."""
    handler = RateLimit(limits="1/minute").wrap(following, resources)
    await handler(make_request(caller=caller(client="a")))
    await handler(make_request(caller=caller(client="b")))
    await handler(make_request(address="192.0.2.1"))
    await handler(make_request(address="192.0.2.2"))
    with pytest.raises(QuotaExceeded):
        await handler(make_request(address="192.0.2.2"))
    with pytest.raises(QuotaExceeded):
        await handler(make_request(caller=caller(client="a")))


async def test_headers_tell_the_standing(make_request, following, resources, caller, clock) -> None:
    """The IETF draft's headers show every window, slowapi's the shortest."""
    handler = RateLimit(limits="100/minute;10/second").wrap(following, resources)
    request = make_request(caller=caller())
    await handler(request)
    headers = dict(request.answer_headers)
    assert headers[b"ratelimit-policy"] == b'"second";q=10;w=1, "minute";q=100;w=60'
    assert headers[b"ratelimit"] == b'"second";r=9;t=1, "minute";r=99;t=60'
    assert headers[b"x-ratelimit-limit"] == b"10"
    assert headers[b"x-ratelimit-remaining"] == b"9"
    assert headers[b"x-ratelimit-reset"] == str(int(clock.now) + 2).encode()


async def test_a_refusal_says_when_to_come_back(make_request, following, resources, caller, clock) -> None:
    """Retry-After is the wait of the fullest window, whose limit and reset the other headers show."""
    handler = RateLimit(limits="1/minute;5/second").wrap(following, resources)
    await handler(make_request(caller=caller()))
    clock.now += 20.5
    request = make_request(caller=caller())
    with pytest.raises(QuotaExceeded) as caught:
        await handler(request)
    assert caught.value.retry_after == 39.5
    assert dict(request.answer_headers)[b"x-ratelimit-limit"] == b"1"
    assert dict(request.answer_headers)[b"x-ratelimit-remaining"] == b"0"
    assert caught.value.problem().status == 429


async def test_idle_clients_are_forgotten(clock) -> None:
    """Addresses that stay away leave nothing behind, so that a flood of them cannot fill the memory."""
    windows = MovingWindows(parse("5/minute"), clock)
    for number in range(1000):
        await windows.take(f"2001:db8::{number:x}")
    assert len(windows._taken) == 1000
    clock.now += 61
    await windows.take("2001:db8::ffff")
    assert len(windows._taken) == 1


@pytest.mark.parametrize("text", ["", "many", "0/minute", "5/fortnight", "5"])
def test_what_is_no_limit_is_refused(text) -> None:
    """A limit that cannot be read or would admit nothing is found when the routes are read."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"limits": text}, RateLimit)
