"""A process that floods one gateway's limits or caps, for tests of several at once; a line on stdin starts it.

Its arguments are `rate`, `steady`, `mixed` or `slots`, the URL of a Redis, the limit or cap, and for how many seconds.
It tells, as JSON, when each request was admitted, of which window, and when the windows turn that it knows of; or when
each request that had a slot began and ended.
"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable

import msgspec

from tollway.limits.accounts import ASK, Account, Accounts, Allowance
from tollway.limits.connection import SharedRates
from tollway.limits.in_flight import Seats
from tollway.limits.leased import Leased
from tollway.limits.notation import parse
from tollway.limits.shared_slots import SharedSlots
from tollway.settings import RedisSettings

AT_ONCE = 20
SLOT_SECONDS = 1.0


class Telling(Leased):
    """Tells when each request was admitted, of which window of Redis, and when those turn that it knows of."""

    def __init__(self, shared: SharedRates) -> None:
        super().__init__(shared)
        self._admitted: list[tuple[float, float, int]] = []
        self._turns: set[int] = set()

    def take(self, account: Account, now: float) -> Allowance | None:
        """Note of what is admitted when that was decided, however long this process stood still since."""
        began = time.time() - (self.clock() - now)
        full = super().take(account, now)
        shortest = account.allowances[0]
        if full is None:
            self._admitted.append((began * 1000, time.time() * 1000, 0 if shortest.reserved else shortest.turn))
        self._turns.add(shortest.turn)
        return full

    def told(self) -> dict[str, list[object]]:
        """All that; window 0 is the gateway's own."""
        return {"admitted": list(self._admitted), "turns": sorted(self._turns - {0})}


def caller(leased: Leased, text: str) -> Callable[[], Awaitable[None]]:
    """Asks for one caller, as the policy does."""
    windows = [("client", "shop", window) for window in parse(text)]
    account = Accounts(leased, "tollway:rates:orders").open("shop", windows)

    async def ask() -> None:
        if leased.take(account, leased.clock()) is ASK:
            await leased.ask(account)

    return ask


async def flood_rate(shared: SharedRates, text: str, until: float, pause: float = 0.001) -> dict[str, list[object]]:
    """Ask again and again, with hardly a pause unless another is given, in seconds."""
    telling = Telling(shared)
    ask = caller(telling, text)

    async def ask_again() -> None:
        while time.time() < until:
            await ask()
            await asyncio.sleep(pause)

    await asyncio.gather(*(ask_again() for _ in range(AT_ONCE)))
    return telling.told()


async def ask_steadily(shared: SharedRates, text: str, until: float) -> dict[str, list[object]]:
    """Ask some thousand times a second, and no more."""
    return await flood_rate(shared, text, until, pause=0.02)


async def mix_rate(shared: SharedRates, text: str, until: float) -> dict[str, list[object]]:
    """Ask now and then, and every few seconds without a pause."""
    telling = Telling(shared)
    ask = caller(telling, text)
    chance = random.Random()  # noqa: S311 - nothing secret
    while time.time() < until:
        for _ in range(chance.randint(3, 7)):
            await ask()
            await asyncio.sleep(chance.uniform(0.2, 0.8))
        flooded = time.time() + chance.uniform(0.1, 1.2)
        while time.time() < min(flooded, until):
            await ask()
            await asyncio.sleep(0.001)
    return telling.told()


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
    flood = {"rate": flood_rate, "steady": ask_steadily, "mixed": mix_rate, "slots": flood_slots}[kind]
    told = await flood(shared, limit, time.time() + float(seconds))
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    sys.stdout.flush()
    await shared.close()


asyncio.run(main(*sys.argv[1:]))
