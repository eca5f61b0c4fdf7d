"""Work that goes on beside requests: done again and again until it is told to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
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

    def __init__(self, name: str, do: Callable[[], Awaitable[Any]], pause: float, *, slow: float | None = None) -> None:
        """`pause`: seconds between the end of one turn and the next; `slow`: those after which a turn is told of."""
        self._name = name
        self._do = do
        self._pause = pause
        self._slow = slow
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
                with self._told_when_slow():
                    await self._do()
            except asyncio.CancelledError:
                if self._task is None or self._task.cancelling():
                    raise
                log.warning("cut off", what=self._name)  # something that it waited for, and not this work
            except (ProblemError, SQLAlchemyError, OSError) as error:
                reason = error.detail if isinstance(error, ProblemError) else type(error).__name__
                log.warning("put off", what=self._name, reason=reason)
            except Exception:
                log.exception("failed", what=self._name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._asked.wait()

    @contextlib.contextmanager
    def _told_when_slow(self) -> Iterator[None]:
        if self._slow is None:
            yield
            return
        telling = asyncio.get_running_loop().call_later(self._slow, self._tell_slow)
        try:
            yield
        finally:
            telling.cancel()

    def _tell_slow(self) -> None:
        log.warning("still at it", what=self._name, seconds=self._slow, waits_in=_waits_in(self._task))


def _waits_in(task: asyncio.Task[None] | None) -> str:
    """The innermost function in which a task waits, as far as can be told from outside."""
    place, at = "", task.get_coro() if task else None
    while frame := getattr(at, "cr_frame", None) or getattr(at, "gi_frame", None):
        place = f"{frame.f_code.co_qualname} at line {frame.f_lineno}"
        at = getattr(at, "cr_await", None) or getattr(at, "gi_yieldfrom", None)
    return place
