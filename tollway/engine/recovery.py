"""Taking up what workers left that died: each says every second that it is there, and one looks who is not."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tollway.engine import underneath
from tollway.engine.workers import BEAT, LEASE, Worker, bury_the_dead, unburied
from tollway.storage import Database
from tollway.storage.leases import Leases

log = structlog.get_logger()
LOOKER = "engine-recovery"
"""The lease of the one worker that looks for the dead."""


class Recovery:
    """One worker's part in it; `turn` is taken every second."""

    pause = BEAT

    def __init__(
        self, database: Database, worker: Worker, version: str, started_over: Callable[[], Awaitable[None]]
    ) -> None:
        """`started_over` drops what runs here, once others have taken it."""
        self._database = database
        self._worker = worker
        self._version = version
        self._start_over = started_over
        self._leases = Leases(database, worker.id)

    async def turn(self) -> None:
        """Say that we are there, and take up what those left who are not."""
        if not await self._worker.stay():
            log.warning("given up for dead", worker=self._worker.id)
            await self._start_over()
            await self._worker.begin()
        if await self._leases.take(LOOKER, LEASE / 2):
            await self._recover()

    async def end(self) -> None:
        """Let others look."""
        await self._leases.give_back(LOOKER)

    async def _recover(self) -> None:
        for dead in await bury_the_dead(self._database):
            log.warning("a worker died", worker=dead)
        at_work = await asyncio.to_thread(underneath.executors_at_work, self._version)
        # Asked after: who works was one of the workers before it took its first process. Whoever became late since the
        # burial counts too: it stays until it is buried.
        there = await unburied(self._database)
        if orphaning := at_work - {worker.id for worker in there}:
            await asyncio.to_thread(underneath.give_back, orphaning)
            log.info("taken up", workers=sorted(orphaning))
        versions = {worker.version for worker in there}
        if adopted := await asyncio.to_thread(underneath.adopt, self._version, versions):
            log.warning("begun anew as this version", processes=adopted)
