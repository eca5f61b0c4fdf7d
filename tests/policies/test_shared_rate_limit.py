"""The rate limit policy where gateways count together, on a real Valkey."""

import asyncio
import contextlib
import time

import limits
import limits.strategies
import msgspec
import pytest
import structlog

from policies.rate_limit import RateLimit
from tollway.limits import leased, unused
from tollway.limits.connection import SharedRates
from tollway.problems import QuotaExceeded, StartupError, Unavailable
from tollway.settings import RedisSettings

AMPLE = 20.0
both = pytest.mark.parametrize("counted", ["exact", "leased"])
PAUSE = 1.1
"""A little more than Redis is left alone after it did not answer."""


@pytest.fixture
async def make_handler(resources, following):
    """Makes the handler of a gateway, with connections of its own to a Redis and nothing kept from others."""
    async with contextlib.AsyncExitStack() as stack:

        def make(url, limits, *, counted="exact", when_away="closed", timeout=AMPLE):
            shared = SharedRates(RedisSettings(url=url, timeout=timeout))
            stack.push_async_callback(shared.close)
            given = _shared(resources, shared)
            return RateLimit(limits=limits, counted=counted, when_away=when_away).wrap(following, given)

        make.end = stack.aclose
        yield make


@pytest.fixture
def send(make_request, caller):
    """Sends a client's request to a handler; answers whether it was admitted."""

    async def sent(handler, client="shop") -> bool:
        try:
            await handler(make_request(caller=caller(client=client)))
        except QuotaExceeded:
            return False
        return True

    return sent


@both
async def test_gateways_admit_the_limit_together(counted, redis_url, make_handler, send) -> None:
    """Two gateways that a client floods at once admit exactly its limit between them."""
    gateways = [make_handler(redis_url, "40/minute", counted=counted) for _ in range(2)]
    admitted = await asyncio.gather(*(send(gateways[number % 2]) for number in range(160)))
    assert sum(admitted) == 40
    assert await send(gateways[0]) is await send(gateways[1]) is False


@both
async def test_a_place_is_free_again_after_its_window(counted, redis_url, make_handler, send) -> None:
    """A client that waits out the window is admitted again, by whichever gateway."""
    first, second = (make_handler(redis_url, "2/second", counted=counted) for _ in range(2))
    began = time.time()
    while await send(first):
        assert time.time() - began < AMPLE
    await asyncio.sleep(1.05)
    assert await send(second)


@both
async def test_one_client_leaves_another_alone(counted, redis_url, make_handler, send) -> None:
    """A client's limit is used up by that client only."""
    handler = make_handler(redis_url, "1/minute", counted=counted)
    assert await send(handler, "a")
    assert not await send(handler, "a")
    assert await send(handler, "b")


async def test_a_key_holds_policy_and_subject_only(redis_url, valkey_client, make_handler, send) -> None:
    """All windows of a client are one key that outlives a changed limit, and expires with its last window."""
    handler = make_handler(redis_url, "50/minute;2/hour")
    assert [await send(handler) for _ in range(4)] == [True, True, False, False]
    assert [await send(make_handler(redis_url, "60/minute;3/hour")) for _ in range(2)] == [True, False]
    (key,) = valkey_client.scan_iter()
    assert key == b"tollway:rates:orders:client:shop@"
    used = {field: value for field, value in valkey_client.hgetall(key).items() if not field.endswith(b"e")}
    assert used == {b"60": b"6", b"3600": b"3"}
    assert 3500 < valkey_client.ttl(key) <= 3600


@both
async def test_a_race_admits_no_more_than_any_window(counted, redis_url, make_handler, send) -> None:
    """Requests that race through several windows are never more than the smallest allows."""
    gateways = [make_handler(redis_url, "60/minute;30/hour", counted=counted) for _ in range(2)]
    admitted = await asyncio.gather(*(send(gateways[number % 2]) for number in range(100)))
    assert sum(admitted) == 30


@both
async def test_a_quota_survives_a_restart_of_every_gateway(counted, redis_url, make_handler, send) -> None:
    """What is used of a day's quota stays used when the gateways that counted it are gone."""
    first = make_handler(redis_url, "30/day", counted=counted)
    assert [await send(first) for _ in range(20)] == [True] * 20
    await make_handler.end()  # which returns what a gateway has fetched and not used
    second = make_handler(redis_url, "30/day", counted=counted)
    assert [await send(second) for _ in range(12)] == [True] * 10 + [False] * 2


@both
@pytest.mark.parametrize("text", ["9/minute;4/second", "4/second;9/minute", "20/hour;5/second;15/minute"])
async def test_the_limits_library_decides_alike(text, counted, redis_url, valkey_server, make_handler, send) -> None:
    """In bursts, with pauses in which windows turn, the same requests are admitted as by the limits library there."""
    storage = limits.storage.RedisStorage(redis_url, key_prefix="judge")
    judge, items = limits.strategies.FixedWindowRateLimiter(storage), limits.parse_many(text)
    handler = make_handler(redis_url, text, counted=counted)
    for _ in range(3):
        theirs = [all(judge.hit(item, "shop") for item in items) for _ in range(6)]
        assert [await send(handler) for _ in range(6)] == theirs
        await asyncio.sleep(1.1)


async def test_idle_permits_go_back(redis_url, make_handler, send) -> None:
    """What a gateway has fetched and nobody asks it for is soon there for another, but for a hundredth."""
    idle, busy = (make_handler(redis_url, "1000/hour", counted="leased") for _ in range(2))
    for _ in range(500):
        assert await send(idle)
    await asyncio.sleep(2.5)
    assert 490 <= [await send(busy) for _ in range(501)].count(True) <= 500


async def test_the_last_idle_permits_go_back(redis_url, make_handler, send, monkeypatch) -> None:
    """After more looks at what nobody asks for, all of it is there for another."""
    monkeypatch.setattr(leased, "_LOOK", 0.05)
    idle, busy = (make_handler(redis_url, "1000/hour", counted="leased") for _ in range(2))
    for _ in range(500):
        assert await send(idle)
    await asyncio.sleep(2.5 * unused.PATIENCE * leased._LOOK)
    assert [await send(busy) for _ in range(501)].count(True) == 500


async def test_a_denial_is_kept_in_mind(redis_url, valkey_client, make_handler, send) -> None:
    """Once a limit is used up Redis is not asked again until the window turns, by however many requests."""
    handler = make_handler(redis_url, "50/second;20/hour", counted="leased")
    while await send(handler):
        pass
    before = _asked(valkey_client)
    await asyncio.sleep(1.1)
    assert [await send(handler) for _ in range(500)].count(True) == 0
    assert _asked(valkey_client) - before <= 3


async def test_a_block_is_fetched_ahead(redis_url, valkey_client, make_handler, send) -> None:
    """A busy client's requests are decided here: Redis is asked for a small part of them."""
    handler = make_handler(redis_url, "100000/hour", counted="leased")
    before = _asked(valkey_client)
    for _ in range(5000):
        assert await send(handler)
    assert _asked(valkey_client) - before < 5000 / 100 * 2


async def test_many_callers_are_asked_about_together(redis_url, valkey_client, make_handler, send) -> None:
    """Callers that come at once, of whom nothing is in hand, cost Redis a few scripts, and each has its own count."""
    handler = make_handler(redis_url, "3/minute;100/hour", counted="leased")
    assert await send(handler, "the first")
    before = _asked(valkey_client)
    admitted = await asyncio.gather(*(send(handler, f"client-{number % 250}") for number in range(1000)))
    assert sum(admitted) == 750
    assert _asked(valkey_client) - before <= 30


@both
async def test_headers_tell_the_standing_everywhere(counted, redis_url, make_handler, make_request, caller) -> None:
    """A gateway's headers show what the client used at the other, and a refusal when to come back."""
    first, second = (make_handler(redis_url, "3/minute;100/hour", counted=counted) for _ in range(2))
    for handler in (first, second):
        request = make_request(caller=caller())
        await handler(request)
    headers = dict(request.answer_headers)
    assert headers[b"ratelimit-policy"] == b'"minute";q=3;w=60, "hour";q=100;w=3600'
    assert headers[b"ratelimit"] == b'"minute";r=1;t=60, "hour";r=98;t=3600'
    assert headers[b"x-ratelimit-limit"] == b"3"
    assert headers[b"x-ratelimit-remaining"] == b"1"
    assert 55 < int(headers[b"x-ratelimit-reset"]) - time.time() <= 61
    await first(make_request(caller=caller()))
    request = make_request(caller=caller())
    with pytest.raises(QuotaExceeded) as caught:
        await second(request)
    assert 50 < caught.value.retry_after <= 60
    assert dict(request.answer_headers)[b"x-ratelimit-remaining"] == b"0"


async def test_uncounted_requests_are_a_metric(valkey_server_factory, make_handler, send, resources) -> None:
    """How many requests were admitted uncounted, or refused, while Redis was away is counted by product."""
    server = valkey_server_factory()
    url = f"redis://127.0.0.1:{server.port}"
    handlers = [make_handler(url, "9/hour", when_away=when_away) for when_away in ("open", "closed")]
    server.stop()
    for _ in range(3):
        await send(handlers[0])
    with pytest.raises(Unavailable):
        await send(handlers[1])
    counter = resources.gateway.metrics.counter("limits_away", "", ("product", "policy", "became"))
    assert counter.values == {("orders", "rate_limit", "admitted"): [3.0], ("orders", "rate_limit", "refused"): [1.0]}


@pytest.mark.parametrize("when_away", ["open", "closed"])
async def test_a_redis_that_cannot_write_is_away(redis_url, valkey_client, make_handler, send, when_away) -> None:
    """A Redis that answers every script with an error counts nothing, so the setting decides as if it were silent."""
    handler = make_handler(redis_url, "9/hour", when_away=when_away)
    valkey_client.config_set("min-replicas-to-write", 1)
    try:
        if when_away == "open":
            assert await send(handler)
        else:
            with pytest.raises(Unavailable, match="cannot be counted now"):
                await send(handler)
    finally:
        valkey_client.config_set("min-replicas-to-write", 0)


async def test_permits_in_hand_outlive_their_redis(valkey_server_factory, make_handler, send) -> None:
    """What was fetched before Redis went away is spent, and what was denied stays denied; then the setting decides."""
    server = valkey_server_factory()
    url = f"redis://127.0.0.1:{server.port}"
    handler = make_handler(url, "1000/hour", counted="leased")
    denying = make_handler(url, "1/hour", counted="leased")
    for _ in range(300):
        assert await send(handler)
    assert [await send(denying, "other") for _ in range(2)] == [True, False]
    server.stop()
    assert [await send(handler) for _ in range(10)] == [True] * 10
    assert not await send(denying, "other")
    with pytest.raises(Unavailable):
        await asyncio.gather(*(send(handler) for _ in range(200)))


@pytest.mark.parametrize("when_away", ["open", "closed"])
async def test_a_limit_outlives_its_redis(when_away, valkey_server_factory, make_handler, send) -> None:
    """While Redis is away an open limit admits uncounted and a closed one refuses; once it is back both count again."""
    server = valkey_server_factory()
    port = server.port
    handler = make_handler(f"redis://127.0.0.1:{port}", "1/hour", when_away=when_away)
    assert await send(handler)
    assert not await send(handler)
    server.stop()
    if when_away == "open":
        assert [await send(handler) for _ in range(3)] == [True, True, True]
    else:
        with pytest.raises(Unavailable) as caught:
            await send(handler)
        assert caught.value.problem().status == 503
        assert caught.value.retry_after
    valkey_server_factory(port=port)  # which has forgotten what the first one counted
    await asyncio.sleep(PAUSE)
    assert await send(handler)
    assert not await send(handler)


async def test_an_outage_is_logged_once_a_minute(valkey_server_factory, make_handler, send) -> None:
    """However many requests an outage meets, one warning says so and why."""
    server = valkey_server_factory()
    handler = make_handler(f"redis://127.0.0.1:{server.port}", "1/hour", when_away="open")
    server.stop()
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            assert await send(handler)
    (warning,) = logs
    assert (warning["log_level"], warning["event"]) == ("warning", "redis is away")
    assert "ConnectionError" in warning["reason"]


async def test_a_redis_that_hangs_is_not_waited_for(make_handler, send) -> None:
    """A Redis that takes connections and stays silent holds a request up for the time-out, not longer."""

    async def hang(reader, writer) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        handler = make_handler(f"redis://127.0.0.1:{port}", "1/hour;1/minute", when_away="open", timeout=0.25)
        began = time.monotonic()
        assert await asyncio.gather(*(send(handler) for _ in range(200))) == [True] * 200
        assert 0.2 < time.monotonic() - began < 2


async def test_waiting_for_a_turn_is_no_outage(redis_url) -> None:
    """Requests that wait in the gateway for longer than the time-out are still counted: only Redis is timed."""
    timeout, each = 0.5, 0.1
    shared = SharedRates(RedisSettings(url=redis_url, timeout=timeout))

    async def ask() -> None:
        async with shared.answering():
            await asyncio.sleep(each)

    began = time.monotonic()
    await asyncio.gather(*(ask() for _ in range(160)))
    assert time.monotonic() - began > timeout
    await shared.close()


async def test_what_follows_may_be_unavailable(redis_settings, resources, make_request, caller) -> None:
    """An open limit takes no failure of the service behind it for one of Redis: the service is called once."""
    calls = []

    async def fail(request) -> None:
        calls.append(request)
        raise Unavailable("The service is away.")

    shared = SharedRates(redis_settings)
    handler = RateLimit(limits="9/hour").wrap(fail, _shared(resources, shared))
    with pytest.raises(Unavailable, match="The service is away"):
        await handler(make_request(caller=caller()))
    await shared.close()
    assert len(calls) == 1


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://:s3cret@localhost:port"])
def test_what_is_no_redis_is_refused(url) -> None:
    """A URL of something else stops the start with a sentence that names the setting and quotes no password."""
    with pytest.raises(StartupError, match=r"redis\.url") as caught:
        SharedRates(RedisSettings(url=url))
    assert "s3cret" not in str(caught.value)


def _asked(client) -> int:
    """How often scripts have been run there."""
    return client.info("commandstats")["cmdstat_evalsha"]["calls"]


def _shared(resources, shared):
    gateway = msgspec.structs.replace(resources.gateway, clock=time.time, shared_rates=shared, kept={})
    return msgspec.structs.replace(resources, gateway=gateway)
