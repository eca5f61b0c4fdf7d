"""The inbox: where notices are stored before they are acknowledged, and looked at by people."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from sqlalchemy import ColumnElement, Dialect, TextClause, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.notice import KeptNotice, Notice, NoticeStatus
from tollway.ingress.rows import UNSETTLED, NewNotice, kept, new_notice
from tollway.problems import Conflict, found
from tollway.storage import Database
from tollway.storage.group_commit import GroupCommit
from tollway.storage.rows import as_rows, given, now
from tollway.storage.tables import notice_lanes, notices

MOST_LISTED = 1000
RETRIED = (*UNSETTLED, NoticeStatus.UNHANDLED)
"""Notices that may be taken again by a person's word."""
_STORED = [notices.c[field] for field in NewNotice.__struct_fields__]
_LANE = [notice_lanes.c.kind, notice_lanes.c.subject]


class Inbox:
    """Keeps every notice by its source's own id, and wakes whoever takes those of its kind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Deliveries share transactions, which go through notices and lanes in one order each: no deadlocks.
        self._stored: GroupCommit[Sequence[NewNotice], int] = GroupCommit("notices", database, _store)
        self._wakers: dict[str, list[Callable[[], None]]] = {}

    async def store(self, *given_notices: Notice) -> int:
        """Keep notices, all or none; answers how many are new. Raises Unavailable while the database is away."""
        rows = [new_notice(notice) for notice in given_notices]
        new = await self._stored.submit(rows)
        if new:
            for kind in {row.kind for row in rows}:
                self._wake(kind)
        return new

    def wake(self, kinds: Iterable[str], waker: Callable[[], None]) -> None:
        """Have `waker` called whenever a notice of one of these kinds was stored here."""
        for kind in kinds:
            self._wakers.setdefault(kind, []).append(waker)

    async def get(self, notice_id: str) -> KeptNotice:
        """One notice; raises NotFound."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(notices).where(_is(notice_id)))).one_or_none()
        return kept(found(row, f"notice {notice_id}"))

    async def list(
        self, status: NoticeStatus | None = None, kind: str = "", subject: str = "", limit: int = MOST_LISTED
    ) -> list[KeptNotice]:
        """Notices, the latest to arrive first."""
        query = select(notices).order_by(notices.c.id.desc()).limit(limit)
        for column, wanted in ((notices.c.status, status), (notices.c.kind, kind), (notices.c.subject, subject)):
            if wanted:
                query = query.where(column == wanted)
        async with self._database.transaction() as connection:
            return [kept(row) for row in await connection.execute(query)]

    async def retry(self, notice_id: str) -> KeptNotice:
        """Have a notice taken at its next turn, which is now; raises Conflict when it is settled already."""
        return await self._put(notice_id, RETRIED, NoticeStatus.WAITING)

    async def skip(self, notice_id: str) -> KeptNotice:
        """Give a notice up, so that later ones of its subject go on; raises Conflict when it is settled already."""
        return await self._put(notice_id, UNSETTLED, NoticeStatus.SKIPPED)

    async def _put(self, notice_id: str, those: Sequence[NoticeStatus], status: NoticeStatus) -> KeptNotice:
        before = await self.get(notice_id)
        changing = update(notices).where(_is(notice_id), notices.c.status.in_(those))
        async with self._database.transaction() as connection:
            # The lane before the notice, as whoever settles goes: no deadlocks.
            await connection.execute(_opening(connection.dialect), as_rows([before]))
            lane = {"kind": before.kind, "subject": before.subject}
            await connection.execute(_taking_turn(connection.dialect), lane)
            changed = await connection.execute(changing.values(status=status, attempts=0).returning(notices))
            row = changed.one_or_none()
            if row is None:
                is_now = await connection.execute(select(notices.c.status).where(_is(notice_id)))
                raise Conflict(f"Notice {notice_id} is {is_now.scalar_one()}.")
        self._wake(before.kind)
        return kept(row)

    def _wake(self, kind: str) -> None:
        for waker in self._wakers.get(kind, ()):
            waker()


def _is(notice_id: str) -> ColumnElement[bool]:
    return notices.c.id == (int(notice_id) if notice_id.isdecimal() and len(notice_id) < 19 else -1)  # noqa: PLR2004


async def _store(connection: AsyncConnection, deliveries: Sequence[Sequence[NewNotice]]) -> Sequence[int]:
    """Store what is new of each delivery, and open the lanes of those."""
    first = {row.key: row for delivery in reversed(deliveries) for row in reversed(delivery)}
    stored = await connection.execute(_storing(connection.dialect), as_rows([row for _, row in sorted(first.items())]))
    new = {(row.source, row.event_id) for row in stored}
    if new:
        await connection.execute(_opening(connection.dialect), as_rows([first[key] for key in new]))
    told: list[int] = []
    for delivery in deliveries:
        mine = {row.key for row in delivery} & new
        new -= mine
        told.append(len(mine))
    return told


@lru_cache(maxsize=2)
def _storing(dialect: Dialect) -> TextClause:
    names = ", ".join(column.name for column in _STORED)
    return text(f"""
        INSERT INTO notices ({names}) {given(dialect, _STORED)} WHERE true
        ON CONFLICT (source, event_id) DO NOTHING RETURNING source, event_id
    """)


def in_order(dialect: Dialect, *names: str) -> str:
    """An ORDER BY that is the same on every database and machine, so that transactions lock rows in one order."""
    collation = "" if dialect.name == "sqlite" else ' COLLATE "C"'
    return "ORDER BY " + ", ".join(f"{name}{collation}" for name in names)


@lru_cache(maxsize=2)
def _opening(dialect: Dialect) -> TextClause:
    """Give each lane that has none its turn; in one that has, the turn that its first notice waits for holds."""
    clock = now(dialect)
    return text(f"""
        INSERT INTO notice_lanes (kind, subject, arrivals, next_at, held_until, holder)
        SELECT kind, subject, count(*), {clock}, 0, '' FROM ({given(dialect, _LANE)}) AS arrived WHERE true
        GROUP BY kind, subject {in_order(dialect, "kind", "subject")}
        ON CONFLICT (kind, subject) DO UPDATE SET arrivals = notice_lanes.arrivals + excluded.arrivals
    """)  # noqa: S608 - made of our own words


def _taking_turn(dialect: Dialect) -> TextClause:
    return text(f"UPDATE notice_lanes SET next_at = {now(dialect)} WHERE kind = :kind AND subject = :subject")  # noqa: S608 - as above
