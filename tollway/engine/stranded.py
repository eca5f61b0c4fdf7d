"""Finds processes that are recorded as running in this worker though nothing of them runs, and queues them again.

A run leaves its record behind when it is cancelled, or fails in recording its own end. Workers that die are found by
others (`recovery.py`); this is for what a worker lost that lives.
"""

import asyncio
import time
from collections.abc import Callable, Collection

import structlog

from tollway.background import Repeated
from tollway.engine import underneath

log = structlog.get_logger()
PAUSE = 15.0
"""Seconds between two looks."""
PATIENCE = 120.0
"""Seconds that nothing of a process must have run: a run that has ended records so once the database is back."""


class Stranded:
    """One worker's look after its own processes."""

    def __init__(self, executor: str, here: Callable[[], Collection[str]], patience: float = PATIENCE) -> None:
        """`here`: the processes that run in this worker."""
        self._executor = executor
        self._here = here
        self._patience = patience
        self._since: dict[str, float] = {}

    def repeated(self) -> Repeated:
        """The look, again and again."""
        return Repeated("stranded", self.look, PAUSE)

    async def look(self) -> None:
        """Queue what has been stranded for long enough."""
        recorded = await asyncio.to_thread(underneath.recorded_as_running, self._executor)
        now = time.monotonic()
        self._since = {one: self._since.get(one, now) for one in recorded - set(self._here())}
        long_since = [one for one, since in self._since.items() if now - since >= self._patience]
        if long_since:
            await asyncio.to_thread(underneath.queue_again, self._executor, long_since)
            log.warning("stranded", processes=long_since)
