"""The turns that calls to one platform account take: who waits, who goes next, and what ended calls tell."""

import asyncio
import contextlib
import contextvars
from bisect import insort
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import structlog

from tollway import context
from tollway.context import Priority
from tollway.problems import Unavailable
from tollway.quota.book import CLOSED, Book, Ended, Exchange, Gate, Note, Standing, Ticket
from tollway.quota.heard import Heard
from tollway.quota.memory import MemoryBook
from tollway.quota.settings import QuotaSettings
from tollway.quota.waiting import Waiting
from tollway.quota.words import refusal, state

POLL_SECONDS = 0.05
"""Pause between two looks whether another worker's call has ended."""
LONGEST_POLL_SECONDS = 0.5
RENEW_SECONDS = 3.0
"""Pause between two notices that our calls are still under way."""
LINGER_SECONDS = 10.0
"""How long a call that nobody waits for any more counts as under way, since the platform may still be at it."""
AT_ONCE = 32
"""Waiting calls that are asked for at a time."""
LEVELS = {priority: level for level, priority in enumerate(Priority)}
log = structlog.get_logger()


class Turn:
    """One call that may be sent; whoever sends it notes how it went."""

    def __init__(self, *, probe: bool) -> None:
        self.probe = probe
        self.heard = Heard()
        self.ended = Ended.ABANDONED
        self.lingers = False
        """Whether the platform may still be at it."""


class Quota:
    """What one platform account may be asked for, by every client of it in this process.

    One task talks to the book, as long as calls are waiting or under way; what ended calls tell goes along.
    """

    def __init__(self, connection: str, platform: str, settings: QuotaSettings, shared: Book | None = None) -> None:
        """`shared` is where all workers count; without it, and while it is away, this process counts by itself."""
        self.connection, self.platform, self.settings = connection, platform, settings
        self._shared = shared
        self._local = MemoryBook(settings)
        self._names = count(1)
        self._waiting: list[Waiting] = []
        self._gone: list[str] = []
        self._notes: list[Note] = []
        self._running = self._told = 0
        self._workers = settings.concurrency or settings.assumed_concurrency or 1
        self._standing = Standing()
        self._away = self._closed = False
        self._wake = asyncio.Event()
        self._errands: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for one's turn, by the priority of the request; raises Throttled or Unavailable: nothing was sent."""
        turn = Turn(probe=await self._admitted())
        try:
            yield turn
        finally:
            self._notes.append(Note(turn.ended, turn.probe, turn.heard))
            if turn.lingers:
                asyncio.get_running_loop().call_later(LINGER_SECONDS, self._leave)
            else:
                self._running -= 1
            self._ask()

    def learn(self, heard: Heard) -> None:
        """Note what a call told of the limits, beside what its status and headers did."""
        self._notes.append(Note(Ended.ABANDONED, probe=False, heard=heard))
        self._ask()

    def describe(self) -> str:
        """How the account stands, in a few words; empty when nobody knows of a limit."""
        return state(self.settings, self._standing)

    @property
    def usage(self) -> tuple[int, int] | None:
        """The calls of 24 hours that are used, and allowed; None while the platform has told nobody."""
        return (self._standing.used, self._standing.allowed) if self._standing.allowed else None

    async def close(self) -> None:
        """Stop counting; calls that are under way come free when their lease ends."""
        self._closed = True
        if self._errands:
            self._errands.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._errands
        if self._shared and self._told:
            with contextlib.suppress(Unavailable):
                await self._shared.exchange(Exchange(running=0))

    async def _admitted(self) -> bool:
        """Wait to be admitted; answers whether the call tries an account that was left alone."""
        request, now = context.current(), asyncio.get_running_loop().time()
        patience = request.remaining(self.settings.longest_wait_seconds)
        handicap = LEVELS[request.priority] * self.settings.ageing_seconds
        name = f"{id(self):x}-{next(self._names)}"
        waiting = Waiting(name, now, handicap, now + patience, asyncio.get_running_loop().create_future())
        insort(self._waiting, waiting)
        self._ask()
        try:
            async with asyncio.timeout(patience):
                return await waiting.admitted
        except BaseException as error:
            self._withdraw(waiting)
            if isinstance(error, TimeoutError):
                raise refusal(self.platform, self.settings, self._standing, patience) from None
            raise

    def _withdraw(self, waiting: Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            self._gone.append(waiting.id)
        elif waiting.was_admitted:  # at the very moment at which it gave up
            self._running -= 1
            self._notes.append(Note(Ended.ABANDONED, waiting.admitted.result(), Heard()))
        self._ask()

    def _leave(self) -> None:
        self._running -= 1
        self._ask()

    def _ask(self) -> None:
        self._wake.set()
        if not self._closed and (self._errands is None or self._errands.done()):
            # It outlives the request that begins it, and must not do the errands of others in its name.
            nobody, name = contextvars.Context(), f"quota {self.connection}"
            self._errands = asyncio.create_task(self._run_errands(), name=name, context=nobody)

    async def _run_errands(self) -> None:
        while True:
            self._wake.clear()
            batch = self._waiting[:AT_ONCE]
            notes, self._notes = self._notes, []
            gone, self._gone = self._gone, []
            now = asyncio.get_running_loop().time()
            tickets = [Ticket(each.id, now - each.came, each.handicap) for each in batch]
            running = self._running
            standing = await self._exchange(Exchange(running, notes, tickets, gone))
            self._told = running + len(standing.granted)
            self._hand_out(batch, standing)
            if not (self._waiting or self._notes or self._gone or self._running or self._told):
                return
            if len(standing.granted) < len(batch) or not self._waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause(standing)):
                        await self._wake.wait()

    def _pause(self, standing: Standing) -> float:
        if not self._waiting:
            return RENEW_SECONDS
        return min(max(standing.wait, POLL_SECONDS), LONGEST_POLL_SECONDS)

    async def _exchange(self, asked: Exchange) -> Standing:
        """Ask where all workers count; while that is away, keep to this worker's share."""
        if self._shared is None:
            return await self._local.exchange(asked)
        try:
            standing = await self._shared.exchange(asked)
        except Unavailable:
            if not self._away:
                log.warning("quota counted by this worker alone", connection=self.connection, share=self._workers)
            self._away = True
            return self._local.decide(asked, self._workers)
        if self._away:
            log.info("quota counted by all workers again", connection=self.connection)
        self._away, self._workers = False, standing.workers
        self._local.hear(asked.notes)
        return standing

    def _hand_out(self, batch: list[Waiting], standing: Standing) -> None:
        self._tell(standing)
        for place in standing.granted:
            waiting = batch[place]
            if waiting.admitted.done():  # it has given up meanwhile, and may not have come to say so
                if waiting in self._waiting:
                    self._waiting.remove(waiting)
                self._notes.append(Note(Ended.ABANDONED, standing.probe, Heard()))
                continue
            self._waiting.remove(waiting)
            self._running += 1
            waiting.admitted.set_result(standing.probe)
        if standing.gate is Gate.NONE:
            return
        now = asyncio.get_running_loop().time()
        for waiting in [*self._waiting]:
            hopeless = standing.gate in CLOSED or (
                standing.gate is not Gate.FULL and now + standing.wait > waiting.until
            )
            if hopeless and not waiting.admitted.done():
                self._waiting.remove(waiting)
                self._gone.append(waiting.id)
                waiting.admitted.set_exception(refusal(self.platform, self.settings, standing, now - waiting.came))

    def _tell(self, standing: Standing) -> None:
        """Log when an account begins to be left alone, and when it does no more."""
        before, self._standing = self._standing, standing
        if standing.gate in CLOSED and before.gate is not standing.gate:
            log.warning("connection left alone", connection=self.connection, why=standing.gate.name, wait=standing.wait)
        elif before.gate in CLOSED and standing.gate not in CLOSED:
            log.info("connection in use again", connection=self.connection)
