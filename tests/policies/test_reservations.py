"""Permits that a gateway has reserved in the windows to come, on a real Valkey."""

import asyncio
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollway.limits import blocks, reservations
from tollway.limits.accounts import ASK, Accounts, Allowance
from tollway.limits.connection import SharedRates
from tollway.limits.leased import Leased
from tollway.limits.notation import Window, parse
from tollway.problems import Unavailable
from tollway.settings import RedisSettings

KEY = "tollway:rates:orders:shop"
TURNED = 1.01
"""Seconds after which a window of a second is over."""


class Gateway:
    """What leased limits of one gateway admit of one client."""

    def __init__(self, shared, text) -> None:
        self.leased = Leased(shared)
        self.account = Accounts(self.leased, "tollway:rates").open("shop", [("orders", "shop", *parse(text))])
        (self.allowance,) = self.account.allowances

    async def ask(self) -> bool:
        """Whether one more request is admitted."""
        full = self.leased.take(self.account, self.leased.clock())
        return (await self.leased.ask(self.account) if full is ASK else full) is None

    async def come_slowly(self, windows=3) -> None:
        """Once in each window, which are reserved in after the first."""
        for _ in range(windows):
            assert await self.ask()
            await asyncio.sleep(TURNED)


@pytest.fixture
async def make_gateway(redis_settings):
    """Makes a gateway with connections of its own."""
    async with contextlib.AsyncExitStack() as stack:

        def make(text, url=redis_settings.url) -> Gateway:
            shared = SharedRates(RedisSettings(url=url, timeout=20))
            stack.push_async_callback(shared.close)
            return Gateway(shared, text)

        yield make


async def test_what_is_used_while_others_permits_go_back_does_not(redis_settings, valkey_client) -> None:
    """Permits that were found unused, and are asked for before it is their turn to go back, stay counted."""
    shared = SharedRates(RedisSettings(url=redis_settings.url, timeout=20))
    leased = Leased(shared)
    accounts = Accounts(leased, "tollway:rates")
    opened = [accounts.open(name, [("orders", name, *parse("1000/hour"))]) for name in map(str, range(500))]
    await asyncio.gather(*(leased.ask(account) for account in opened))
    last = opened[-1].allowances[0]
    last.low = -1  # so that no more is fetched when few are left
    unused = [(each, each.left) for account in opened for each in account.allowances]
    given_back = asyncio.create_task(leased._give_back(unused))
    await asyncio.sleep(0)
    held = last.left
    for _ in range(held):
        assert leased.take(opened[-1], leased.clock()) is None
    await given_back
    used = [int(valkey_client.hget(account.keys[0], "3600")) for account in opened]
    assert held > 0
    assert (last.left, used) == (0, [1] * 499 + [1 + held])
    await shared.close()


@given(amount=st.integers(1, 10**7), lease=st.integers(1, 10**4), seconds=st.sampled_from([1, 10]))
def test_no_more_is_reserved_than_may_be_unspent(amount, lease, seconds) -> None:
    """Twice what a gateway admits in its own windows is what it may hold unspent, so the published bounds stand."""
    held = blocks.held(amount, lease)
    assert 0 <= 2 * reservations.share(Allowance.of(KEY, Window("", amount, seconds, seconds)), held) <= held


async def test_a_slow_caller_is_asked_about_no_more(make_gateway, valkey_client) -> None:
    """Once permits of short windows are reserved, a client that comes now and then costs Redis nothing."""
    gateway = make_gateway("100/second")
    await gateway.come_slowly(2)
    before = valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    await gateway.come_slowly(3)
    assert valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"] == before
    assert gateway.allowance.reserved == 6
    assert 50 < valkey_client.ttl(KEY) <= reservations.LASTS + 1


async def test_a_small_amount_is_not_reserved(make_gateway, valkey_client) -> None:
    """Where a gateway may hold only a permit or two, none is reserved."""
    gateway = make_gateway("10/second")
    await gateway.come_slowly(3)
    assert gateway.allowance.reserved == 0
    assert not valkey_client.hexists(KEY, "1r")


async def test_a_caller_that_needs_more_has_the_whole_amount(make_gateway, valkey_client) -> None:
    """A slow client that floods is admitted as if nothing had been reserved: the amount, from its first request on."""
    gateway = make_gateway("100/second")
    await gateway.come_slowly(2)
    began = time.monotonic()
    assert [await gateway.ask() for _ in range(120)] == [True] * 100 + [False] * 20
    assert time.monotonic() - began < 1
    assert gateway.allowance.reserved == 0
    assert not valkey_client.hget(KEY, "1r")
    await asyncio.sleep(began + TURNED - time.monotonic())
    assert await gateway.ask()  # the window began with the first of them, not when the reservation was given up


@pytest.mark.parametrize(("lasts", "admitted"), [(5_000, 88), (-500, 88), (-1_100, 100)])
async def test_what_another_has_reserved_is_missing_until_it_ends(lasts, admitted, make_gateway, valkey_client) -> None:
    """A gateway that died keeps its part of each window while its reservation lasts, and a window longer."""
    seconds, micros = valkey_client.time()
    valkey_client.hset(KEY, "1r", f"dead 12 {seconds * 1000 + micros // 1000 + lasts}")
    gateway = make_gateway("100/second")
    assert [await gateway.ask() for _ in range(110)].count(True) == admitted


async def test_at_most_half_is_reserved(make_gateway, valkey_client) -> None:
    """Where others have reserved so much that no half would be left, a gateway fetches permits as before."""
    seconds, _ = valkey_client.time()
    valkey_client.hset(KEY, "1r", f"a 30 {(seconds + 30) * 1000} b 10 {(seconds + 30) * 1000}")
    valkey_client.expire(KEY, 31)
    gateway = make_gateway("100/second")
    await gateway.come_slowly(3)
    assert gateway.allowance.reserved == 0
    assert valkey_client.hget(KEY, "1r").count(b" ") == 5


async def test_a_reservation_in_a_window_that_runs_is_counted_there(make_gateway, valkey_client) -> None:
    """What one gateway reserves while another floods is missing to that one at once."""
    slow, busy = make_gateway("100/second"), make_gateway("100/second")
    await slow.come_slowly(1)
    assert await busy.ask()
    before = int(valkey_client.hget(KEY, "1"))
    assert await slow.ask()
    assert slow.allowance.reserved == 6
    assert int(valkey_client.hget(KEY, "1")) == before + 12


async def test_a_lower_limit_ends_what_was_reserved(make_gateway) -> None:
    """When the plan changes, the reservation is asked for anew, by the new amount."""
    gateway = make_gateway("100/second")
    await gateway.come_slowly(2)
    gateway.allowance.resize(50)
    gateway.account = type(gateway.account).of((gateway.allowance,), ("second",), None)
    assert await gateway.ask()
    assert gateway.allowance.reserved == 3


async def test_what_was_reserved_of_a_larger_amount_leaves_half(make_gateway, valkey_client) -> None:
    """After a plan has been lowered, what other gateways still have reserved leaves half of the new amount."""
    seconds, _ = valkey_client.time()
    valkey_client.hset(KEY, "1r", f"a 12 {(seconds + 30) * 1000} b 12 {(seconds + 30) * 1000}")
    valkey_client.expire(KEY, 31)
    gateway = make_gateway("10/second")
    assert [await gateway.ask() for _ in range(8)] == [True] * 5 + [False] * 3


async def test_what_was_used_of_a_larger_amount_is_refused(make_gateway) -> None:
    """A caller that used more of a window than a lowered plan allows is refused until it turns."""
    gateway = make_gateway("100/second")
    await gateway.come_slowly(2)
    began = time.monotonic()
    assert [await gateway.ask() for _ in range(6)] == [True] * 6
    gateway.allowance.resize(4)
    gateway.account = type(gateway.account).of((gateway.allowance,), ("second",), None)
    assert not await gateway.ask()
    assert gateway.allowance.turns <= began + TURNED
    await asyncio.sleep(began + TURNED - time.monotonic())
    assert await gateway.ask()


async def test_what_is_reserved_outlives_its_redis(valkey_server_factory, make_gateway) -> None:
    """While Redis is away a slow client is admitted by what is reserved; what goes beyond that is not known."""
    server = valkey_server_factory()
    gateway = make_gateway("100/second", f"redis://127.0.0.1:{server.port}")
    await gateway.come_slowly(2)
    server.stop()
    await gateway.come_slowly(2)
    with pytest.raises(Unavailable):
        await asyncio.gather(*(gateway.ask() for _ in range(20)))


async def test_it_is_renewed_while_it_is_used(make_gateway, monkeypatch) -> None:
    """A reservation that is used is renewed before it ends, ahead of the request that would find it gone."""
    gateway = make_gateway("100/second")
    await gateway.come_slowly(2)
    until = gateway.allowance.until
    monkeypatch.setattr(reservations, "_RENEWED", reservations.LASTS)
    assert await gateway.ask()
    errand = gateway.account.errand
    assert errand
    await errand.answered()
    assert gateway.allowance.until > until
    assert gateway.allowance.left == gateway.allowance.reserved - 1
