"""Errands to Redis: what is asked while one is under way goes with the next, all together, at hardly more cost."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from tollway.problems import Unavailable

T = TypeVar("T")


class Errand(Generic[T]):
    """What is asked about together, and whoever waits until it is answered."""

    __slots__ = ("_answered", "_failed", "about")

    def __init__(self) -> None:
        self.about: list[T] = []
        self._answered = asyncio.Event()
        self._failed: Exception | None = None

    async def answered(self) -> None:
        """Wait for the answer; raises what it failed with, to each who waits an exception of its own."""
        await self._answered.wait()
        if self._failed:
            raise copy.copy(self._failed)

    def ends(self, failed: Exception | None) -> None:
        """Let everybody go on."""
        self._failed = failed
        self._answered.set()


class Errands(Generic[T]):
    """Runs one errand after the other."""

    def __init__(self, run: Callable[[list[T]], Awaitable[None]], most: int) -> None:
        """`most`: how much goes with one errand, which Redis does nothing else beside."""
        self._run = run
        self._most = most
        self._due: list[Errand[T]] = []
        self._running: asyncio.Task[None] | None = None

    def join(self, about: T) -> Errand[T]:
        """The next errand, with which this goes too."""
        if not self._due or len(self._due[-1].about) >= self._most:
            self._due.append(Errand())
        errand = self._due[-1]
        errand.about.append(about)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run_all())
        return errand

    async def _run_all(self) -> None:
        while self._due:
            errand = self._due.pop(0)
            failed: Exception | None = Unavailable("The gateway is being stopped.")
            try:
                await self._run(errand.about)
                failed = None
            except Exception as error:  # noqa: BLE001 - whoever waits raises it
                failed = error
            finally:
                errand.ends(failed)
