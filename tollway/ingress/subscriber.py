"""Subscribers: take what a platform tells by itself, from a position that survives restarts."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from tollway import context
from tollway.background import Repeated
from tollway.canonical.case import Category
from tollway.canonical.change_event import ChangeEvent, ChangeEvents
from tollway.canonical.record import Cursor
from tollway.cases import Cases
from tollway.ingress.changes import Handle
from tollway.polling import SETTLED, Read
from tollway.problems import ProblemError, Rejected
from tollway.storage import Database
from tollway.storage.cursors import kept_cursor, move_cursor
from tollway.storage.leases import Leases

WAIT_SECONDS = 5
"""How long one question waits for something to be told."""
LEASE_SECONDS = 12.0
"""For how long a worker that says nothing is still the one: longer than a question and what comes of it take."""
BESIDE_SECONDS = 3.0
"""Pause between two looks of a worker that is not the one."""
LONGEST_PAUSE, LONGEST_ASKED = 60.0, 900.0
"""Pause to which those after failures grow, from a second on, and the longest that the platform may ask for."""
Listen = Callable[[str, int], Awaitable[ChangeEvents]]
"""What has been told behind a position, within so many seconds."""
Keep = Callable[[Sequence[ChangeEvent]], Awaitable[None]]
"""Keeps events; the same may come again."""


class Resync(msgspec.Struct, frozen=True):
    """How changes are found of which nothing was told: by a poller's question."""

    read: Read
    keep: Handle
    overlap: dt.timedelta
    """How far before the last moment known to begin."""


class Subscriber(Repeated):
    """Takes change events as they are told, as one of several workers.

    The position moves once events are kept, so that each is kept once at least. Where what is told begins anew or has
    a gap, what changed since the last moment known is read from the records instead.
    """

    def __init__(
        self,
        name: str,
        listen: Listen,
        keep: Keep,
        resync: Resync,
        database: Database,
        leases: Leases,
        cases: Cases,
    ) -> None:
        super().__init__(f"subscriber {name}", self.turn, BESIDE_SECONDS)
        self._cursor_name = name
        self._lease_name = f"subscriber:{name}"
        self._listen = listen
        self._keep = keep
        self._resync = resync
        self._database = database
        self._leases = leases
        self._cases = cases
        self._failures = 0
        self._began = dt.datetime.now(dt.UTC)

    async def turn(self) -> None:
        """Listen for as long as this worker is the one that does, and nothing fails."""
        token = context.enter(context.new_context())
        try:
            while await self._leases.take(self._lease_name, LEASE_SECONDS):
                await self.listen()
                self._failures = 0
        except ProblemError as error:
            await asyncio.sleep(self._pause_after(error))
            raise
        finally:
            context.leave(token)

    async def listen(self) -> int:
        """Ask once, and keep what is told; answers how many events there were."""
        known = await kept_cursor(self._database, self._cursor_name, self._began)
        told = await self._listen(known.id, WAIT_SECONDS)
        await self._keep(told.items)
        moment = told.until or known.moment
        if told.missed:
            await self._open_case(known, told.missed)
        if told.begun or told.missed:
            moment = dt.datetime.now(dt.UTC)
            await self._read_anew(known)
        if told.position != known.id:
            await move_cursor(self._database, self._cursor_name, Cursor(moment=moment, id=told.position))
        return len(told.items)

    async def stop(self) -> None:
        """End, in the middle of a question if need be, and let another worker listen."""
        await super().stop()
        await self._leases.give_back(self._lease_name)

    def _pause_after(self, error: ProblemError) -> float:
        self._failures += 1
        grown = min(2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        return max(grown, min(error.retry_after or 0.0, LONGEST_ASKED))

    async def _read_anew(self, known: Cursor) -> None:
        """Keep every change since the last moment known, up to what is told of from now on."""
        settled = dt.datetime.now(dt.UTC)
        await asyncio.sleep(SETTLED.total_seconds())
        page = await self._resync.read(Cursor(moment=known.moment - self._resync.overlap))
        while True:
            for change in page.items:
                if change.at <= settled:
                    await self._resync.keep(change)
            if not page.more:
                return
            await self._leases.take(self._lease_name, LEASE_SECONDS)
            page = await self._resync.read(page.cursor)

    async def _open_case(self, known: Cursor, why: str) -> None:
        gap = Rejected(
            f"{why} What changed since {known.moment:%Y-%m-%d %H:%M} UTC is read from the records instead; changes "
            "that were undone meanwhile are not found that way.",
            category=Category.EVENT_GAP,
        )
        identity = f"gap:{self._cursor_name}:{known.moment:%Y%m%dT%H%M%S}"
        await self._cases.park("subscriber", identity, self._cursor_name, gap)
