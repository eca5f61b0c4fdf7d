"""Goes along the chain of the audit and finds where it, or what it vouches for, is not what was written."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, func, select

from tollway.audit.chain import START, Head, following, moment
from tollway.audit.trail import FIELDS
from tollway.audit.vouched import Vouched
from tollway.storage import Database
from tollway.storage.tables import audit, audit_head

PAGE = 1000
"""Records that are in memory at a time."""


class Broken(msgspec.Struct, frozen=True):
    """The first place where the chain is not what was written."""

    position: int
    why: str


class Verified(msgspec.Struct, frozen=True):
    """What came of looking."""

    records: int
    """How many were compared."""
    head: Head
    """The chain's head when it was looked at."""
    broken: Broken | None


async def read_head(database: Database) -> Head:
    """The chain's head as it is now."""
    head, _ = await _ends(database)
    return head


async def verify(database: Database, first: int = 1, last: int | None = None, pins: Sequence[Head] = ()) -> Verified:
    """Compare the records `first` to `last`, all unless said, with their hashes, the head, and heads kept elsewhere.

    What is written meanwhile is left for the next time. A pin outside of the range is not looked at.
    """
    vouched = Vouched()
    async with database.transaction() as connection:
        await vouched.count(connection)
    head, end = await _ends(database)
    to = head.position if last is None else min(last, head.position)
    pinned = {pin.position: pin.hash for pin in pins}
    before, records = await _before(database, first), 0
    async for page, wrong in _pages(database, before.position, to, vouched):
        for row in page:
            expected = following(before, row.id, _said(row))
            if row.hash != expected.hash:
                return Verified(records, head, Broken(row.id, _unfitting(before, row.id)))
            if pinned.get(row.id, row.hash) != row.hash:
                return Verified(records, head, Broken(row.id, "its hash is not the one that was kept elsewhere"))
            before, records = expected, records + 1
        if wrong:
            return Verified(records, head, Broken(*wrong))
    broken = _at_the_end(before, head, end, to, pins)
    if broken is None and records == head.position and (added := vouched.added()):
        broken = Broken(head.position, added)
    return Verified(records, head, broken)


def _at_the_end(before: Head, head: Head, end: int, to: int, pins: Sequence[Head]) -> Broken | None:
    if to == head.position and before != head:
        if before.position < head.position:
            return Broken(before.position + 1, f"the records from here to {head.position} are gone")
        return Broken(head.position, "the head has another hash")
    if end > head.position:
        return Broken(end, f"it was added beyond the head, which is {head.position}")
    beyond = min((pin.position for pin in pins if pin.position > head.position), default=None)
    return None if beyond is None else Broken(beyond, "it was kept elsewhere as a head and is gone")


def _unfitting(before: Head, position: int) -> str:
    gone = f", or the records from {before.position + 1} to {position - 1} are gone" * (position > before.position + 1)
    return f"it is not what was written after record {before.position}{gone}"


async def _ends(database: Database) -> tuple[Head, int]:
    """The head, and the last record there is, at the same moment."""
    position, digest = (select(column).scalar_subquery() for column in (audit_head.c.position, audit_head.c.hash))
    async with database.transaction() as connection:
        head = (await connection.execute(select(position, digest, func.max(audit.c.id)))).one()
    return (START if head[0] is None else Head(head[0], head[1])), head[2] or 0


async def _before(database: Database, first: int) -> Head:
    """The record before the first one, which is taken for true."""
    query = select(audit.c.id, audit.c.hash).where(audit.c.id < first).order_by(audit.c.id.desc()).limit(1)
    async with database.transaction() as connection:
        row = (await connection.execute(query)).one_or_none()
    return Head(row.id, row.hash) if row else START


async def _pages(
    database: Database, after: int, to: int, vouched: Vouched
) -> AsyncIterator[tuple[Sequence[Row[Any]], tuple[int, str] | None]]:
    """Records, and the first of them for which what it vouches for is not there."""
    while True:
        query = select(audit).where((audit.c.id > after) & (audit.c.id <= to)).order_by(audit.c.id).limit(PAGE)
        async with database.transaction() as connection:
            page = (await connection.execute(query)).all()
            wrong = await vouched.compare(connection, page)
        yield page, wrong
        if len(page) < PAGE:
            return
        after = page[-1].id


def _said(row: Row[Any]) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in FIELDS}
    return said | {"at": moment(row.at), "duration_ms": float(row.duration_ms)}
