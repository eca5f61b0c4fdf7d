"""What befalls the world, drawn from a seed: the same seed has the same mischief in the same order."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from wire import Wire
from world import World, set_clock

from tollway.sandboxes import Fault

FAULTS = (
    Fault(kind="error", status=503, path="/services/", probability=0.05),
    Fault(kind="silent_before", path="/services/", probability=0.025),
    Fault(kind="silent_after", path="/services/", probability=0.025),
    Fault(kind="error", status=429, retry_after="1", path="/services/", probability=0.03),
)
"""5 % answers of 5xx, 5 % time-outs, half of them after the work is done, 3 % throttling."""
CLOCK_SECONDS = 45.0
"""How far a worker's clock is put forward or back."""
KINDS = {"worker": 60, "postgres": 10, "redis": 10, "wire": 10, "clock": 8, "disk": 2}
"""What happens how often."""


class Mischief:
    """Kills, cuts, steps clocks and fills the disk."""

    def __init__(self, world: World, chance: random.Random, pause: float) -> None:
        """`pause`: seconds between two turns, on average."""
        self._world = world
        self._chance = chance
        self._pause = pause
        self._restarts: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(self.done[kind] for kind in ("worker", "postgres", "redis"))

    async def reign(self, kills: int) -> None:
        """Go on until so many processes were killed, and one of everything has happened if there is time for it."""
        kinds = list(KINDS) if kills >= len(KINDS) else ["worker"]
        while self.kills < kills:
            turn = kinds.pop() if kinds else self._chance.choices(list(KINDS), list(KINDS.values()))[0]
            doing: Callable[[], Awaitable[None]] = getattr(self, f"_{turn}")
            await doing()
            self.done[turn] += 1
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self._pause)

    async def end(self) -> None:
        """Let everything be well again."""
        await asyncio.gather(*self._restarts)
        self._world.disk.free()
        await self._world.postgres.ready()
        for name in self._world.workers:
            set_clock(self._world.folder / f"{name}.clock", 0)
            await self._world.ready(name)
        await self._world.befall()

    async def _worker(self) -> None:
        name = self._chance.choice(self._world.workers)
        await self._world.servers[name].kill()
        self._later(self._world.ready(name))

    async def _postgres(self) -> None:
        await self._world.postgres.kill()
        await asyncio.sleep(self._chance.uniform(0.2, 2))
        await self._world.postgres.ready()

    async def _redis(self) -> None:
        await self._world.redis.kill()
        await asyncio.sleep(self._chance.uniform(0.2, 2))
        await self._world.redis.start()

    async def _wire(self) -> None:
        wire: Wire = self._world.wires[self._chance.choice(list(self._world.wires))]
        await wire.dead(self._chance.choice([0, 0.5, 3]))

    async def _clock(self) -> None:
        name = self._chance.choice(self._world.workers)
        set_clock(self._world.folder / f"{name}.clock", self._chance.uniform(-CLOCK_SECONDS, CLOCK_SECONDS))

    async def _disk(self) -> None:
        if not self._world.disk.small:
            return
        self._world.disk.fill()
        await asyncio.sleep(self._chance.uniform(1, 4))
        self._world.disk.free()
        await self._world.postgres.ready()

    def _later(self, restart: Awaitable[None]) -> None:
        """Somebody starts it again, while mischief goes on."""
        task = asyncio.ensure_future(restart)
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)
