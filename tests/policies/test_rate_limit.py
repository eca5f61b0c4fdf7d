"""The rate limit policy, counted in memory."""

import msgspec
import pytest

from policies.base import Caller
from policies.rate_limit import RateLimit
from tollway.limits.accounts import KEPT, Accounts
from tollway.limits.memory import Memory
from tollway.limits.notation import parse
from tollway.limits.plans import Plans
from tollway.problems import QuotaExceeded

PLANS = msgspec.convert(
    {
        "plans": {
            "standard": {"limits": "2/minute"},
            "bulk": {"limits": ["4/minute", {"windows": "1/minute", "per": ["client", "operation"],
                                             "operations": ["createOrder"]}]},
            "unlimited": {},
        },
        "default_plan": "standard",
        "clients": {"mill": "bulk", "house": "unlimited"},
    },
    Plans,
)  # fmt: skip
SHOP = Caller("shop", "shop", frozenset(), 2e9)


@pytest.fixture
def admitted(make_request):
    """Counts how many of some requests a handler admits."""

    async def count(handler, times, who=SHOP, **request) -> int:
        came_through = 0
        for _ in range(times):
            try:
                await handler(make_request(caller=who, **request))
                came_through += 1
            except QuotaExceeded:
                continue
        return came_through

    return count


async def test_every_window_holds(admitted, following, resources, clock) -> None:
    """Three a second and five a minute admit exactly that, and begin anew when the window turns."""
    handler = RateLimit(limits="3/second;5/minute").wrap(following, resources)
    assert await admitted(handler, 10) == 3
    clock.now += 1
    assert await admitted(handler, 10) == 2
    clock.now += 58
    assert await admitted(handler, 10) == 0
    clock.now += 1
    assert await admitted(handler, 10) == 3


async def test_the_written_order_decides_what_a_refusal_uses_up(admitted, following, resources, clock) -> None:
    """As with slowapi, what a window refuses has used up those that are written before it, and none after it."""
    long_first = RateLimit(limits="5/minute;3/second").wrap(following, resources)
    assert await admitted(long_first, 10) == 3
    clock.now += 1
    assert await admitted(long_first, 10) == 0


async def test_clients_are_counted_apart(admitted, following, resources, caller) -> None:
    """One client's use leaves another's plan alone; callers without a token are told apart by address."""
    handler = RateLimit(limits="1/minute").wrap(following, resources)
    for who in ("a", "b", "192.0.2.1"):
        assert await admitted(handler, 2, caller(client=who)) == 1
    anonymous = RateLimit(limits="1/minute").wrap(following, resources)
    assert [await admitted(anonymous, 2, None, address=f"192.0.2.{last}") for last in (7, 8)] == [1, 1]


async def test_clients_of_two_issuers_are_counted_apart(admitted, following, resources) -> None:
    """The same client id at two issuers is two clients."""
    handler = RateLimit(limits="1/minute").wrap(following, resources)
    for issuer in ("https://one.example", "https://two.example"):
        assert await admitted(handler, 2, Caller("shop", "shop", frozenset(), 2e9, issuer=issuer)) == 1


async def test_a_client_has_its_plan(admitted, following, resources, caller) -> None:
    """A named client has the plan it is given, any other the default one, and one without limits is not held."""
    handler = RateLimit().wrap(following, msgspec.structs.replace(resources, plans=PLANS))
    assert await admitted(handler, 9, caller(client="anyone")) == 2
    assert await admitted(handler, 9, caller(client="mill")) == 4
    assert await admitted(handler, 9, caller(client="house")) == 9


async def test_a_limit_of_one_operation_leaves_others_alone(admitted, following, resources, caller) -> None:
    """A limit of an operation is used up by that operation, within what the client may do in all."""
    handler = RateLimit().wrap(following, msgspec.structs.replace(resources, plans=PLANS))
    mill = caller(client="mill")
    create = {"method": "POST", "target": "/orders/v1/orders"}
    assert await admitted(handler, 2, mill, **create) == 1
    assert await admitted(handler, 9, mill) == 2  # of four, the refused one used one up as well
    assert await admitted(handler, 1, mill, **create) == 0


async def test_users_and_customers_are_counted_apart(admitted, following, resources) -> None:
    """Users of one client have a limit each, and those of one customer share that customer's, by whichever client."""
    per_user = {"windows": "2/minute", "per": ["user"]}
    per_customer = {"windows": "3/minute", "per": ["customer"]}
    handler = msgspec.convert({"limits": [per_user, per_customer]}, RateLimit).wrap(following, resources)

    def user(name, customer, client="portal") -> Caller:
        return Caller(client, name, frozenset(), 2e9, customers=frozenset((customer,)))

    assert await admitted(handler, 5, user("ann", "C1")) == 2
    assert await admitted(handler, 5, user("bob", "C1", client="app")) == 1
    assert await admitted(handler, 5, user("cid", "C2")) == 2


async def test_the_product_limits_all_together(admitted, following, resources, caller) -> None:
    """A product's own limit per operation is shared by all clients."""
    limit = {"windows": "3/minute", "per": ["operation"]}
    handler = msgspec.convert({"limits": [limit]}, RateLimit).wrap(following, resources)
    assert [await admitted(handler, 2, caller(client=who)) for who in "abc"] == [2, 1, 0]
    assert await admitted(handler, 2, target="/orders/v1/orders/summary") == 2


async def test_what_was_used_survives_a_reload(admitted, following, resources, caller) -> None:
    """When routes are read again what a client has used stays used, of a larger limit as of a smaller one."""
    assert await admitted(RateLimit(limits="5/minute").wrap(following, resources), 4) == 4
    assert await admitted(RateLimit(limits="6/minute").wrap(following, resources), 9) == 2
    assert await admitted(RateLimit(limits="3/minute").wrap(following, resources), 9) == 0


async def test_headers_tell_the_standing(make_request, following, resources, caller, clock) -> None:
    """The IETF draft's headers show every window, slowapi's the one of the shortest unit."""
    handler = RateLimit(limits="100/minute;10/second").wrap(following, resources)
    request = make_request(caller=caller())
    clock.now += 0.5
    await handler(request)
    headers = dict(request.answer_headers)
    assert headers[b"ratelimit-policy"] == b'"minute";q=100;w=60, "second";q=10;w=1'
    assert headers[b"ratelimit"] == b'"minute";r=99;t=60, "second";r=9;t=1'
    assert headers[b"x-ratelimit-limit"] == b"10"
    assert headers[b"x-ratelimit-remaining"] == b"9"
    assert headers[b"x-ratelimit-reset"] == str(int(clock.now + 2)).encode()


async def test_a_refusal_says_when_to_come_back(make_request, following, resources, caller, clock) -> None:
    """Retry-After waits for every full window, the other headers show the one that refuses."""
    handler = RateLimit(limits="2/second;2/minute").wrap(following, resources)
    for _ in range(2):
        await handler(make_request(caller=caller()))
    clock.now += 0.5
    request = make_request(caller=caller())
    with pytest.raises(QuotaExceeded) as caught:
        await handler(request)
    assert caught.value.retry_after == 59.5
    assert caught.value.problem().status == 429
    headers = dict(request.answer_headers)
    assert headers[b"ratelimit"] == b'"second";r=0;t=1, "minute";r=0;t=60'
    assert headers[b"x-ratelimit-limit"] == b"2"
    assert headers[b"x-ratelimit-remaining"] == b"0"
    clock.now += 1
    request = make_request(caller=caller())
    with pytest.raises(QuotaExceeded):
        await handler(request)
    assert dict(request.answer_headers)[b"ratelimit"] == b'"second";r=1;t=1, "minute";r=0;t=59'


async def test_refusals_are_a_metric(admitted, following, resources) -> None:
    """How many requests were beyond their limit is counted by product."""
    await admitted(RateLimit(limits="2/minute").wrap(following, resources), 7)
    counter = resources.gateway.metrics.counter("rate_limited", "", ("product",))
    assert counter.series(("orders",)) == [5.0]


async def test_idle_clients_are_forgotten(clock) -> None:
    """Addresses that stay away leave nothing behind, so that a flood of them cannot fill the memory."""
    memory = Memory(clock)
    accounts = Accounts(memory, "tollway:rates:orders", most=2 * KEPT)
    (window,) = parse("5/minute")

    def flood(count) -> None:
        for number in range(count):
            account = accounts.open(object(), [("client", f"@2001:db8::{int(clock.now):x}:{number:x}", window)])
            memory.take(account, clock.now)

    flood(KEPT)
    assert len(accounts.known) == KEPT
    clock.now += 61
    flood(2_000)
    assert len(accounts.known) == 2_000
    flood(3 * KEPT)
    assert len(accounts.known) <= 2 * KEPT
    assert len(memory.allowances) <= 10 * KEPT


async def test_a_flood_leaves_those_who_count_alone(clock) -> None:
    """Forgetting drops who has nothing left to remember, and keeps what others have used."""
    memory = Memory(clock)
    accounts = Accounts(memory, "tollway:rates:orders", most=5_000)
    (hour,), (second,) = parse("2/hour"), parse("9/second")
    regular = accounts.open("regular", [("client", "regular", hour)])
    assert memory.take(regular, clock.now) is None
    for number in range(4_900):
        clock.now += 0.001
        memory.take(accounts.open(number, [("client", str(number), second)]), clock.now)
    kept = accounts.known["regular"]
    assert memory.take(kept, clock.now) is None
    assert memory.take(kept, clock.now) is kept.allowances[0]


@pytest.mark.parametrize("text", ["", "many", "0/minute", "5/fortnight", "5"])
def test_what_is_no_limit_is_refused(text) -> None:
    """A limit that cannot be read or would admit nothing is found when the routes are read."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"limits": text}, RateLimit)


def test_what_limits_nobody_is_refused(following, resources) -> None:
    """A policy that holds nobody to anything is a mistake, as is a limit of an operation that is not there."""
    with pytest.raises(ValueError, match="limits nobody"):
        RateLimit().wrap(following, resources)
    limit = {"windows": "1/hour", "operations": ["dropOrder"]}
    with pytest.raises(ValueError, match="no operation dropOrder"):
        msgspec.convert({"limits": [limit]}, RateLimit).wrap(following, resources)
