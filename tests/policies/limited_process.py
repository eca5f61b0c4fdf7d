"""A process that floods one gateway's limits or caps, for tests of several at once; a line on stdin starts it.

Its arguments are `rate`, `steady`, `mixed` or `slots`, the URL of a Redis, the limit or cap, and for how many seconds.
It tells, as JSON, when each request was admitted, of which window, and when the windows turn that it knows of; or when
each request that had a slot began and ended.
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


class Gateway:
    """One that asks for a caller, and tells when each request was admitted and in which window of Redis."""

    def __init__(self, shared: SharedRates, text: str) -> None:
        self._leased = Leased(shared)
        accounts = Accounts(self._leased, "tollway:rates:orders")
        self._account = accounts.open("shop", [("client", "shop", window) for window in parse(text)])
        self._admitted: list[tuple[float, float, int]] = []
        self._turns: set[int] = set()

    async def ask(self) -> None:
        """Do what `Leased.ask` does, knowing when: nothing is admitted before `began`, however slow this process is."""
        account, shortest = self._account, self._account.allowances[0]
        account.waiting += 1
        began = time.time()
        while (full := self._leased.take(account, self._leased.clock())) is ASK:
            await self._leased._refill(account).answered()
            began = time.time()
        account.waiting -= 1
        if full is None:
            self._admitted.append((began * 1000, time.time() * 1000, 0 if shortest.reserved else shortest.turn))
        self._turns.add(shortest.turn)

    def told(self) -> dict[str, list[object]]:
        """What was admitted, of which window 0 is the gateway's own, and when the windows turn that it knows of."""
        return {"admitted": list(self._admitted), "turns": sorted(self._turns - {0})}


async def flood_rate(shared: SharedRates, text: str, until: float, pause: float = 0.001) -> dict[str, list[object]]:
    """Ask again and again, with hardly a pause unless another is given, in seconds."""
    gateway = Gateway(shared, text)

    async def ask() -> None:
        while time.time() < until:
            await gateway.ask()
            await asyncio.sleep(pause)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    return gateway.told()


async def ask_steadily(shared: SharedRates, text: str, until: float) -> dict[str, list[object]]:
    """Ask some thousand times a second, and no more."""
    return await flood_rate(shared, text, until, pause=0.02)


async def mix_rate(shared: SharedRates, text: str, until: float) -> dict[str, list[object]]:
    """Ask now and then, and every few seconds without a pause."""
    gateway = Gateway(shared, text)
    chance = random.Random()  # noqa: S311 - nothing secret
    while time.time() < until:
        for _ in range(chance.randint(3, 7)):
            await gateway.ask()
            await asyncio.sleep(chance.uniform(0.2, 0.8))
        flooded = time.time() + chance.uniform(0.1, 1.2)
        while time.time() < min(flooded, until):
            await gateway.ask()
            await asyncio.sleep(0.001)
    return gateway.told()


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
