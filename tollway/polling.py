"""Pollers: ask a platform what changed, from a cursor that survives restarts, reaching back a little each time."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import select

from tollway import context
from tollway.canonical.record import Change, Changes, Cursor
from tollway.problems import ProblemError
from tollway.settings import PollingSettings
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import cursors

log = structlog.get_logger()
SETTLED = dt.timedelta(seconds=2)
"""Age from which a change is handed on. Platforms tell the time to the second: what changed within this one may change
again under the same time, and would then pass for the change that is known already."""


class Poller:
    """Reads the changes after a cursor page by page, and hands each on; what it hands to must take repetitions."""

    def __init__(
        self,
        name: str,
        read: Callable[[Cursor], Awaitable[Changes]],
        handle: Callable[[Change], Awaitable[None]],
        database: Database,
        settings: PollingSettings,
    ) -> None:
        self._name = name
        self._read = read
        self._handle = handle
        self._database = database
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look now and then until `stop`."""
        self._task = asyncio.create_task(self._run(), name=f"poller {self._name}")

    async def stop(self) -> None:
        """End, in the middle of a look if need be: the cursor moves only after a page is handled."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> int:
        """One look, all pages; answers how many changes were handed on. The next look sees again what is too young."""
        token, handed, settled = context.enter(context.new_context()), 0, dt.datetime.now(dt.UTC) - SETTLED
        try:
            cursor = await self._cursor()
            overlap = max(dt.timedelta(seconds=self._settings.overlap_seconds), SETTLED)
            page = await self._read(Cursor(moment=cursor.moment - overlap))
            while True:
                ripe = [change for change in page.items if change.at <= settled]
                for change in ripe:
                    await self._handle(change)
                handed += len(ripe)
                if (page.cursor.moment, page.cursor.id) > (cursor.moment, cursor.id):
                    cursor = page.cursor
                    await self._move(cursor)
                if not page.more:
                    return handed
                page = await self._read(page.cursor)
        finally:
            context.leave(token)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except ProblemError as error:
                log.warning("poller could not look", poller=self._name, reason=error.detail)
            except Exception:
                log.exception("poller failed", poller=self._name)
            await asyncio.sleep(self._settings.seconds)

    async def _cursor(self) -> Cursor:
        """Where the last look ended; the first one begins now, since what lies before is a migration's to load."""
        first = {"name": self._name, "moment": dt.datetime.now(dt.UTC), "after": ""}
        mine = select(cursors).where(cursors.c.name == self._name)
        async with self._database.transaction() as connection:
            await connection.execute(insert(connection, cursors).values(first).on_conflict_do_nothing())
            row = (await connection.execute(mine)).one()
        return Cursor(moment=row.moment, id=row.after)

    async def _move(self, cursor: Cursor) -> None:
        where = cursors.c.name == self._name
        async with self._database.transaction() as connection:
            await connection.execute(cursors.update().where(where).values(moment=cursor.moment, after=cursor.id))
