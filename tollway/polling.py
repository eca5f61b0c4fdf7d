"""Pollers: ask a platform what changed, from a cursor that survives restarts, reaching back a little each time."""

import datetime as dt
import time
from collections.abc import Awaitable, Callable

from tollway import context
from tollway.background import Repeated
from tollway.canonical.case import Category
from tollway.canonical.record import Change, Changes, Cursor
from tollway.cases import Cases
from tollway.problems import Rejected
from tollway.settings import PollingSettings
from tollway.storage import Database
from tollway.storage.cursors import kept_cursor, move_cursor
from tollway.storage.leases import Leases

SETTLED = dt.timedelta(seconds=2)
"""Age from which a change is handed on. Platforms tell the time to the second: what changed within this one may change
again under the same time, and would then pass for the change that is known already."""
SHORTEST_LEASE = 10.0
SLOW = 60.0
"""Seconds after which a look is worth a line in the log: there is much to catch up on, or something does not answer."""
Read = Callable[[Cursor], Awaitable[Changes]]


class Poller(Repeated):
    """Reads the changes after a cursor page by page, and hands each on; what it hands to must take repetitions.

    Of several workers one polls, for as long as it does so.
    """

    def __init__(
        self,
        name: str,
        read: Read,
        handle: Callable[[Change], Awaitable[None]],
        database: Database,
        settings: PollingSettings,
        leases: Leases,
        cases: Cases,
        *,
        remembers: dt.timedelta | None = None,
    ) -> None:
        """`remembers`: for how long the platform tells of a change; None where it does so forever."""
        super().__init__(f"poller {name}", self.look, settings.seconds, slow=SLOW)
        self._cursor_name = name
        self._read = read
        self._handle = handle
        self._database = database
        self._settings = settings
        self._leases = leases
        self._cases = cases
        self._remembers = remembers
        self._lease = max(SHORTEST_LEASE, 1.5 * settings.seconds)
        self._renewed = 0.0
        # Not the first look's moment: the database may keep that waiting while deals are won.
        self._began = dt.datetime.now(dt.UTC)

    async def look(self) -> int:
        """One look, all pages; answers how many changes were handed on. The next look sees again what is too young."""
        if not await self._leases.take(f"poller:{self._cursor_name}", self._lease):
            return 0
        self._renewed = time.monotonic()
        token = context.enter(context.new_context())
        try:
            return await self._pages(await kept_cursor(self._database, self._cursor_name, self._began))
        finally:
            context.leave(token)

    async def stop(self) -> None:
        """End, in the middle of a look if need be, and let another worker poll."""
        await super().stop()
        await self._leases.give_back(f"poller:{self._cursor_name}")

    async def _pages(self, cursor: Cursor) -> int:
        handed, settled = 0, dt.datetime.now(dt.UTC) - SETTLED
        overlap = max(dt.timedelta(seconds=self._settings.overlap_seconds), SETTLED)
        await self._note_gap(cursor)
        page = await self._read(Cursor(moment=cursor.moment - overlap))
        while True:
            ripe = [change for change in page.items if change.at <= settled]
            for change in ripe:
                await self._handle(change)
                if not await self._still_ours():
                    return handed
            handed += len(ripe)
            # What is too young stays behind the cursor until it is handed on, however far apart the clocks are.
            reached = Cursor(moment=min(page.cursor.moment, settled), id=page.cursor.id)
            if (reached.moment, reached.id) > (cursor.moment, cursor.id):
                cursor = reached
                await move_cursor(self._database, self._cursor_name, cursor)
            if not page.more:
                return handed
            page = await self._read(page.cursor)

    async def _still_ours(self) -> bool:
        """Whether nobody else has begun to poll meanwhile; a look may take longer than the lease."""
        now = time.monotonic()
        if now - self._renewed < self._lease / 3:
            return True
        self._renewed = now
        return await self._leases.take(f"poller:{self._cursor_name}", self._lease)

    async def _note_gap(self, cursor: Cursor) -> None:
        """Open a case where the platform has forgotten what lies between the cursor and what it still tells."""
        if self._remembers is None or dt.datetime.now(dt.UTC) - cursor.moment <= self._remembers:
            return
        hours = self._remembers.total_seconds() / 3600
        gap = Rejected(
            f"Changes of {self._cursor_name} were read last up to {cursor.moment:%Y-%m-%d %H:%M} UTC, and the platform "
            f"tells of the last {hours:g} hours only: what changed before that is not known.",
            category=Category.EVENT_GAP,
        )
        identity = f"gap:{self._cursor_name}:{cursor.moment:%Y%m%dT%H%M%S}"
        await self._cases.park("poller", identity, self._cursor_name, gap)
