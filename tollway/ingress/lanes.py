"""Lanes: the notices of one business object, taken by one worker at a time and in order.

A lane is there while it has notices to be taken. A worker holds it by a lease on the database's clock, so what a killed
worker held is another's a moment later.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Dialect, Float, Integer, String, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.notice import Notice, NoticeStatus
from tollway.ingress.inbox import in_order
from tollway.ingress.rows import notice_of
from tollway.storage import Database
from tollway.storage.group_commit import GroupCommit
from tollway.storage.rows import as_rows, given, now
from tollway.storage.tables import notices

LEASE = 10.0
"""Seconds for which a worker holds a lane unless it renews."""
AT_A_TIME = 8
"""Notices that a worker takes of a lane before it lets others have their turn."""


class Waiting(msgspec.Struct, frozen=True):
    """A notice to be taken."""

    id: int
    attempts: int
    failed_before: bool
    """Whether it failed since it was stored, however often it was retried meanwhile."""
    correlation_id: str
    notice: Notice


class Lane(msgspec.Struct, frozen=True):
    """A lane that is ours for a while, with the first of its notices."""

    kind: str
    subject: str
    arrivals: int
    waiting: list[Waiting]


class Settled(msgspec.Struct, frozen=True):
    """What became of a notice."""

    id: int
    status: NoticeStatus
    attempts: int
    error: str = ""
    settled_at: str | None = None


class Round(msgspec.Struct, frozen=True):
    """What became of a lane's notices, and when it has its next turn."""

    lane: Lane
    settled: list[Settled]
    delay: float = 0.0
    """Seconds until its next turn, if any notice is left."""

    @property
    def is_through(self) -> bool:
        """Whether nothing was left when the lane was taken."""
        return len(self.settled) == len(self.lane.waiting) < AT_A_TIME and not self.delay


class _LaneRow(msgspec.Struct, frozen=True):
    kind: str
    subject: str
    holder: str
    arrivals: int
    delay: float


_SETTLED = [notices.c[field] for field in Settled.__struct_fields__]
_ROUND: list[Column[Any]] = [
    Column("kind", String(40)),
    Column("subject", String(120)),
    Column("holder", String(40)),
    Column("arrivals", BigInteger),
    Column("delay", Float(53)),
]
_LANE: list[Column[Any]] = [*_ROUND[:2], Column("arrivals", Integer)]


class Lanes:
    """The lanes of some kinds of notices, as one worker takes them."""

    def __init__(self, database: Database, kinds: Sequence[str], holder: str) -> None:
        """`holder` names the worker; no two that run at once have the same name."""
        self._database = database
        self._kinds = list(kinds)
        self._holder = holder
        self._rounds: GroupCommit[Round, None] = GroupCommit("taken notices", database, self._settle)

    async def take(self, most: int) -> list[Lane]:
        """Take at most so many lanes whose turn it is, the longest waiting first."""
        asked = {"kinds": self._kinds, "holder": self._holder, "lease": LEASE, "most": most}
        async with self._database.transaction() as connection:
            taken = [row._asdict() for row in await connection.execute(_taking(connection.dialect), asked)]
            if not taken:
                return []
            first = await connection.execute(_first(connection.dialect), as_rows(taken) | {"most": AT_A_TIME})
            ids = [row.id for row in first]
            query = select(notices).where(notices.c.id.in_(ids))
            order = (notices.c.kind, notices.c.subject, notices.c.happened_at, notices.c.id)
            rows = (await connection.execute(query.order_by(*order))).all()
        waiting = {lane: [_waiting(row) for row in group] for lane, group in groupby(rows, _lane_of)}
        return [Lane(**lane, waiting=waiting.get((lane["kind"], lane["subject"]), [])) for lane in taken]

    async def settle(self, done: Round) -> None:
        """Note what became of the notices of a lane, and let go of it; raises Unavailable."""
        await self._rounds.submit(done)

    async def keep(self, lanes: Sequence[Lane]) -> None:
        """Renew the leases of lanes that this worker holds."""
        await self._hold_for(lanes, LEASE)

    async def let_go(self, lanes: Sequence[Lane]) -> None:
        """Give lanes back as they were taken."""
        await self._hold_for(lanes, 0.0)

    async def _hold_for(self, lanes: Sequence[Lane], seconds: float) -> None:
        if lanes:
            asked = as_rows([self._row(Round(lane, [])) for lane in lanes])
            async with self._database.transaction() as connection:
                await connection.execute(_holding(connection.dialect), asked | {"seconds": seconds})

    async def _settle(self, connection: AsyncConnection, rounds: Sequence[Round]) -> Sequence[None]:
        dialect = connection.dialect
        lanes = as_rows([self._row(one) for one in rounds])
        if dialect.name != "sqlite":  # whoever stores goes through lanes in this order too
            await connection.execute(_locking(dialect), lanes)
        settled = [one for done in rounds for one in done.settled]
        if settled:
            await connection.execute(_settling(dialect), as_rows(settled))
        through = [self._row(one) for one in rounds if one.is_through]
        if through:
            await connection.execute(_closing(dialect), as_rows(through))
        await connection.execute(_letting_go(dialect), lanes)
        return [None] * len(rounds)

    def _row(self, done: Round) -> _LaneRow:
        lane = done.lane
        return _LaneRow(lane.kind, lane.subject, self._holder, lane.arrivals, done.delay)


def _waiting(row: Any) -> Waiting:
    return Waiting(row.id, row.attempts, bool(row.error), row.correlation_id, notice_of(row))


def _lane_of(row: Any) -> tuple[str, str]:
    return row.kind, row.subject


@lru_cache(maxsize=2)
def _taking(dialect: Dialect) -> TextClause:
    clock = now(dialect)
    return text(f"""
        UPDATE notice_lanes SET holder = :holder, held_until = {clock} + :lease
        WHERE (kind, subject) IN (
            SELECT kind, subject FROM notice_lanes
            WHERE kind IN :kinds AND next_at <= {clock} AND held_until <= {clock}
            ORDER BY next_at LIMIT :most {_others(dialect)}
        ) RETURNING kind, subject, arrivals
    """).bindparams(bindparam("kinds", expanding=True))  # noqa: S608 - made of our own words


@lru_cache(maxsize=2)
def _first(dialect: Dialect) -> TextClause:
    return text(f"""
        SELECT id FROM (
            SELECT notices.id, row_number() OVER (
                PARTITION BY notices.kind, notices.subject ORDER BY notices.happened_at, notices.id
            ) AS place
            FROM ({given(dialect, _LANE)}) AS taken
            JOIN notices ON notices.kind = taken.kind AND notices.subject = taken.subject
            WHERE notices.status IN ('waiting', 'parked')
        ) AS placed WHERE place <= :most
    """)  # noqa: S608 - as above


@lru_cache(maxsize=2)
def _locking(dialect: Dialect) -> TextClause:
    return text(f"""
        SELECT 1 FROM notice_lanes
        WHERE (kind, subject) IN (SELECT kind, subject FROM ({given(dialect, _ROUND)}) AS done)
        {in_order(dialect, "kind", "subject")} FOR UPDATE
    """)  # noqa: S608 - as above


@lru_cache(maxsize=2)
def _settling(dialect: Dialect) -> TextClause:
    fields = ", ".join(f"{column.name} = done.{column.name}" for column in _SETTLED[1:])
    return text(f"""
        UPDATE notices SET {fields} FROM ({given(dialect, _SETTLED)}) AS done
        WHERE notices.id = done.id AND notices.status IN ('waiting', 'parked')
    """)  # noqa: S608 - as above


@lru_cache(maxsize=2)
def _closing(dialect: Dialect) -> TextClause:
    """Close the lanes in which nothing has arrived since they were taken."""
    return text(f"""
        DELETE FROM notice_lanes WHERE EXISTS (
            SELECT 1 FROM ({given(dialect, _ROUND)}) AS done
            WHERE done.kind = notice_lanes.kind AND done.subject = notice_lanes.subject
                AND done.holder = notice_lanes.holder AND done.arrivals = notice_lanes.arrivals
        )
    """)  # noqa: S608 - as above


@lru_cache(maxsize=2)
def _letting_go(dialect: Dialect) -> TextClause:
    return text(f"""
        UPDATE notice_lanes SET held_until = 0, next_at = {now(dialect)} + done.delay
        FROM ({given(dialect, _ROUND)}) AS done
        WHERE done.kind = notice_lanes.kind AND done.subject = notice_lanes.subject
            AND done.holder = notice_lanes.holder
    """)  # noqa: S608 - as above


@lru_cache(maxsize=2)
def _holding(dialect: Dialect) -> TextClause:
    """Renew the leases; a lane in whose row somebody writes is renewed the next time."""
    return text(f"""
        UPDATE notice_lanes SET held_until = {now(dialect)} + :seconds WHERE (kind, subject) IN (
            SELECT notice_lanes.kind, notice_lanes.subject FROM notice_lanes JOIN ({given(dialect, _ROUND)}) AS held
            ON held.kind = notice_lanes.kind AND held.subject = notice_lanes.subject
                AND held.holder = notice_lanes.holder
            {_others(dialect, "OF notice_lanes")}
        )
    """)  # noqa: S608 - as above


def _others(dialect: Dialect, of: str = "") -> str:
    """What leaves to others the rows that they are at."""
    return "" if dialect.name == "sqlite" else f"FOR UPDATE {of} SKIP LOCKED"
