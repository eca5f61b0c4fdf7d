"""Permits fetched for those a long window of whom has turned, on a real Valkey."""

import asyncio
import time

import pytest

from tollway.limits.accounts import ASK, MOST, Account, Accounts, Allowance
from tollway.limits.connection import SharedRates
from tollway.limits.leased import Leased
from tollway.limits.notation import Window, parse
from tollway.limits.turned import EVERY, Turned
from tollway.settings import RedisSettings

TURNS = 0.6
"""Seconds until the window turns that a test has put into Valkey."""


@pytest.fixture
async def leased(redis_settings):
    """Leased limits of one gateway."""
    shared = SharedRates(RedisSettings(url=redis_settings.url, timeout=20))
    yield Leased(shared)
    await shared.close()


@pytest.fixture
def running(valkey_client):
    """Makes that a minute's window of a subject runs already, of which so many are used."""

    def runs(subject, used=0, turns=TURNS) -> None:
        seconds, micros = valkey_client.time()
        key = f"tollway:rates:orders:{subject}"
        valkey_client.hset(key, mapping={"60": used, "60e": seconds * 1000 + micros // 1000 + int(turns * 1000)})

    return runs


def scripts(valkey_client) -> int:
    """How often Valkey was asked."""
    return valkey_client.info("commandstats")["cmdstat_evalsha"]["calls"]


async def until(becomes, pause=0.001) -> None:
    """Wait until something is so, looking after each pause of so many seconds."""
    latest = time.monotonic() + 10
    while not becomes():
        assert time.monotonic() < latest
        await asyncio.sleep(pause)


async def test_whoever_came_is_not_asked_about_after_the_turn(leased, running, valkey_client) -> None:
    """Permits of the next window are fetched at once for all who used theirs, and the first of them does not wait."""
    accounts = Accounts(leased, "tollway:rates")
    names = "first", "second", "once"
    for name in names:
        running(name)
    first, second, once = (accounts.open(name, [("orders", name, *parse("1000/minute"))]) for name in names)
    asking = [first, first, second, second, once]
    assert await asyncio.gather(*map(leased.ask, asking)) == [None] * len(asking)
    before = scripts(valkey_client)
    await asyncio.sleep(TURNS + 0.3 + 2 * EVERY)
    assert scripts(valkey_client) == before + 1
    now = leased.clock()
    assert [leased.take(account, now) for account in (first, second, once)] == [None, None, ASK]
    assert first.allowances[0].end > now + 50


async def test_permits_fetched_ahead_go_back(leased, running, valkey_client) -> None:
    """What was fetched for somebody who came no more is not kept from the other gateways."""
    account = Accounts(leased, "tollway:rates").open("shop", [("orders", "shop", *parse("1000/minute"))])
    running("shop")
    await asyncio.gather(leased.ask(account), leased.ask(account))
    await asyncio.sleep(TURNS + 0.3 + 2 * EVERY)
    key = account.keys[0]
    assert int(valkey_client.hget(key, "60")) == account.allowances[0].left > 0
    await leased._leave()
    assert int(valkey_client.hget(key, "60")) == 0


async def test_whoever_waits_goes_before_those_who_may_come(leased) -> None:
    """While permits are fetched ahead for many, a request that waits for its own is not behind all of them."""
    accounts = Accounts(leased, "tollway:rates")
    many = [accounts.open(name, [("orders", name, *parse("1000/minute"))]) for name in map(str, range(1000))]
    await asyncio.gather(*(leased.ask(account) for account in many for _ in range(2)))
    for account in many:  # as if their windows had turned
        (allowance,) = account.allowances
        allowance.end = leased.clock() - 1
        leased._turned.begun(account, allowance)
    await until(lambda: any(account.errand for account in many), pause=0)  # the first errand, however slow we are
    await leased.ask(accounts.open("new", [("orders", "new", *parse("1000/minute"))]))
    fetched = [account for account in many if account.allowances[0].end > leased.clock()]
    assert 100 <= len(fetched) <= 300
    await until(lambda: all(account.allowances[0].end > leased.clock() for account in many))


async def test_a_plan_that_changed_is_held_to_by_those_who_came_before(leased, running) -> None:
    """What an account of the plan before fetches is counted against the amount of the plan that holds now."""
    accounts = Accounts(leased, "tollway:rates")
    running("shop", used=100, turns=30)
    before = accounts.open("before", [("orders", "shop", *parse("1000/minute"))])
    accounts.open("now", [("orders", "shop", *parse("100/minute"))])
    assert await leased.ask(before) is before.allowances[0]


@pytest.mark.parametrize(
    ("amount", "seconds", "used", "found"),
    [
        (100, 60, 2, True),
        (100, 60, 1, False),  # may be one who comes now and then
        (99, 60, 2, False),  # a permit would be more than a hundredth
        (1000, 10, 2, False),  # is reserved in
        (1000, 3600, 2, True),
        (1000, 86400, 2, False),
    ],
)
def test_who_is_found(amount, seconds, used, found) -> None:
    """Those who used more than one permit, of a window of up to an hour that has no reservations."""
    allowance = Allowance.of("", Window("", amount, seconds, seconds))
    allowance.end, allowance.got, allowance.left = 1000.0, 10, 10 - used
    account, turned = Account.of((allowance,), ("",), None), Turned()
    turned.begun(account, allowance)
    assert turned.found(1000.0, 9) == []
    assert turned.found(1000.0 + 0.002 * seconds + EVERY, 9) == ([account] if found else [])
    assert turned.found(1000.0 + 2 * seconds, 9) == []


def test_whoever_has_permits_of_the_next_window_is_not_found() -> None:
    """A caller who came right after the turn has fetched by itself."""
    allowance = Allowance.of("", Window("", 1000, 60, 60))
    allowance.end, allowance.got = 1000.0, 10
    account, turned = Account.of((allowance,), ("",), None), Turned()
    turned.begun(account, allowance)
    allowance.end = 1060.0
    assert turned.found(1001.0, 9) == []


def test_a_flood_of_callers_takes_no_memory_without_end() -> None:
    """No more are kept in mind than accounts are, and room comes back."""
    turned, accounts = Turned(), []
    for end in (1000.0, 2000.0):
        for _ in range(MOST + 10):
            allowance = Allowance.of("", Window("", 1000, 60, 60))
            allowance.end, allowance.got = end, 10
            accounts.append(Account.of((allowance,), ("",), None))
            turned.begun(accounts[-1], allowance)
        assert [len(turned.found(end + 1, most)) for most in (100, MOST, 1)] == [100, MOST - 100, 0]
