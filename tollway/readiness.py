"""Whether a service has what it needs, looked up once for all who ask: the gateway answers that to anybody."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

ReadyCheck = Callable[[], Awaitable[Mapping[str, str]]]
"""Looks up how each thing is that a service needs."""
KEPT_SECONDS = 1.0
"""How old an answer may be."""


class Readiness:
    """The states that a check found, for as long as they are new."""

    def __init__(self, check: ReadyCheck, clock: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._clock = clock
        self._found: asyncio.Task[Mapping[str, str]] | None = None
        self._until = 0.0

    async def states(self) -> Mapping[str, str]:
        """How each thing is, by its name; who asks while somebody looks is told the same, also what went wrong."""
        if self._found is None or (self._found.done() and self._clock() >= self._until):
            self._found = asyncio.create_task(self._look())
        return await asyncio.shield(self._found)

    async def _look(self) -> Mapping[str, str]:
        try:
            return await self._check()
        finally:
            self._until = self._clock() + KEPT_SECONDS
