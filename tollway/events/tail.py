"""Waiting for the log to grow: one look for all who wait."""

import asyncio

from tollway.events.log import EventLog


class Tail:
    """The end of the log."""

    def __init__(self, log: EventLog, pause: float = 0.25) -> None:
        """`pause`: seconds between two looks while anybody waits."""
        self._log = log
        self._pause = pause
        self._looking: asyncio.Task[int] | None = None

    async def beyond(self, position: int, seconds: float) -> None:
        """Wait until the log has something after this place, or for so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while await self._head() <= position and loop.time() < until:
            pass

    async def _head(self) -> int:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> int:
        await asyncio.sleep(self._pause)
        return await self._log.head()
