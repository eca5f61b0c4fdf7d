"""A process that floods one gateway's limits or caps, for tests of several at once; a line on stdin starts it.

Its arguments are `rate`, `mixed` or `slots`, the URL of a Redis, the limit or cap, and for how many seconds. It tells,
as one JSON object, what it admitted: by window of Redis and how late in it at most; or when each was admitted and
whether that was reserved, and when the windows turn that it knows of; or when each began and ended.
"""

import asyncio
import random
import sys
import time

import msgspec

from tollway.limits.accounts import ASK, Accounts
from tollway.limits.connection import SharedRates
from tollway.limits.in_flight import Seats
from tollway.limits.leased import Leased
from tollway.limits.notation import parse
from tollway.limits.shared_slots import SharedSlots
from tollway.settings import RedisSettings

AT_ONCE = 20
SLOT_SECONDS = 1.0


async def flood_rate(shared: SharedRates, text: str, until: float) -> dict[str, dict[str, float]]:
    """Ask without a pause."""
    leased = Leased(shared)
    accounts = Accounts(leased, "tollway:rates:orders")
    account = accounts.open("shop", [("client", "shop", window) for window in parse(text)])
    shortest = account.allowances[0]
    admitted: dict[str, int] = {}
    latest: dict[str, float] = {}

    async def ask() -> None:
        while time.time() < until:
            full = leased.take(account, leased.clock())
            if full is ASK:
                full = await leased.ask(account)
            if full is None:
                window = str(shortest.turn)
                admitted[window] = admitted.get(window, 0) + 1
                latest[window] = time.time() * 1000
            await asyncio.sleep(0.001)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return {"admitted": admitted, "latest": latest}


async def mix_rate(shared: SharedRates, text: str, until: float) -> dict[str, list[object]]:
    """Ask now and then, and every few seconds without a pause."""
    leased = Leased(shared)
    (window,) = parse(text)
    account = Accounts(leased, "tollway:rates:orders").open("shop", [("client", "shop", window)])
    (allowance,) = account.allowances
    admitted: list[tuple[float, float, bool]] = []
    turns: set[int] = set()

    async def ask() -> None:
        began = time.time()
        account.waiting += 1
        while (full := leased.take(account, leased.clock())) is ASK:  # as `ask` does, but told when it was admitted
            await leased._refill(account).answered()
            began = time.time()
        account.waiting -= 1
        if full is None:
            admitted.append((began * 1000, time.time() * 1000, allowance.reserved > 0))
        turns.add(allowance.turn)

    chance = random.Random()  # noqa: S311 - nothing secret
    while time.time() < until:
        for _ in range(chance.randint(3, 7)):
            await ask()
            await asyncio.sleep(chance.uniform(0.2, 0.8))
        flooded = time.time() + chance.uniform(0.1, 1.2)
        while time.time() < min(flooded, until):
            await ask()
            await asyncio.sleep(0.001)
    return {"admitted": list(admitted), "turns": sorted(turns - {0})}


async def flood_slots(shared: SharedRates, most: str, until: float) -> list[tuple[float, float]]:
    """Keep as many in flight as is allowed, each for a short while."""
    capping = SharedSlots(shared, lease=SLOT_SECONDS)
    (slots,) = Seats(capping, "orders").open("shop", [("client", "shop", int(most))])
    held = []

    async def ask() -> None:
        while time.time() < until:
            if slots.used >= slots.held or time.monotonic() >= slots.end:
                await capping.more((slots,))
            if slots.used < slots.held:
                slots.used += 1
                began = time.time()
                await asyncio.sleep(0.03)
                held.append((began, time.time()))
                slots.used -= 1
            await asyncio.sleep(0.005)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return held


async def main(kind: str, url: str, limit: str, seconds: str) -> None:
    """Flood, and tell."""
    shared = SharedRates(RedisSettings(url=url, timeout=20))
    await shared.ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    flood = {"rate": flood_rate, "mixed": mix_rate, "slots": flood_slots}[kind]
    told = await flood(shared, limit, time.time() + float(seconds))
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()
    await shared.close()


asyncio.run(main(*sys.argv[1:]))
