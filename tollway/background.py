"""Work that goes on beside requests: done again and again until it is told to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tollway.problems import ProblemError

log = structlog.get_logger()


class Background(Protocol):
    """Something that goes on between `start` and `stop`."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End, in the middle of something if need be."""
        ...


class Repeated:
    """Does something, waits, and does it again, whatever came of it."""

    def __init__(self, name: str, do: Callable[[], Awaitable[Any]], pause: float) -> None:
        """`pause`: seconds between the end of one turn and the next."""
        self._name = name
        self._do = do
        self._pause = pause
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take turns until `stop`."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    def ask(self) -> None:
        """Take the next turn now instead of after the pause."""
        self._asked.set()

    async def stop(self) -> None:
        """End, in the middle of a turn if need be."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            self._asked.clear()
            try:
                await self._do()
            except (ProblemError, SQLAlchemyError, OSError) as error:
                reason = error.detail if isinstance(error, ProblemError) else type(error).__name__
                log.warning("put off", what=self._name, reason=reason)
            except Exception:
                log.exception("failed", what=self._name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._asked.wait()
