"""What was read of every system, kept until it has been compared: in our database, which sorts it in one order.

Platforms order texts each in its own way, so pages of two of them cannot be merged as they come.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.reconciliation import SourceProgress
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.rows import as_rows, given
from tollway.storage.tables import reconciliation_rows, reconciliation_sources

rows, sources = reconciliation_rows, reconciliation_sources
BATCH = 2_000
"""Rows that are compared at once, more only where one project has more."""


class Row(msgspec.Struct, frozen=True):
    """Something that a system holds, under the project or customer it is compared with."""

    run_id: str
    subject: str
    kind: str
    key: str
    body: str


class Rows:
    """The rows of runs, and how far each source of a run has been read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expect(self, run_id: str, names: Sequence[str]) -> list[str]:
        """Begin with these sources, or go on with them; answers which have not been read to their end."""
        new = [{"run_id": run_id, "source": name, "place": "", "rows": 0, "done": False} for name in names]
        async with self._database.transaction() as connection:
            await connection.execute(insert(connection, sources).values(new).on_conflict_do_nothing())
            left = (sources.c.run_id == run_id) & ~sources.c.done
            query = select(sources.c.source).where(left).order_by(sources.c.source)
            return [row.source for row in await connection.execute(query)]

    async def place(self, run_id: str, source: str) -> str | None:
        """Where the source's next page begins; None after its last one."""
        query = select(sources.c.place, sources.c.done).where(_of(run_id, source))
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one()
        return None if row.done else row.place

    async def keep(self, run_id: str, source: str, place: str, page: Sequence[Row], following: str, read: int) -> None:
        """Keep a page and where the next one begins, unless somebody else has kept it meanwhile.

        `read`: how many records the page was made of.
        """
        moved = {"place": following, "rows": sources.c.rows + read, "done": not following}
        async with self._database.transaction() as connection:
            mine = _of(run_id, source) & (sources.c.place == place) & ~sources.c.done
            if (await connection.execute(update(sources).where(mine).values(moved))).rowcount:
                await _insert(connection, page)

    async def progress(self, run_id: str) -> list[SourceProgress]:
        """How far each source has been read."""
        query = select(sources).where(sources.c.run_id == run_id).order_by(sources.c.source)
        async with self._database.transaction() as connection:
            found = await connection.execute(query)
            return [SourceProgress(source=row.source, rows=row.rows, done=row.done) for row in found]

    async def first_engaged(self, run_id: str) -> dt.date | None:
        """The day of the first engagement."""
        query = select(func.min(rows.c.key)).where((rows.c.run_id == run_id) & (rows.c.kind == "engagement"))
        async with self._database.transaction() as connection:
            key = (await connection.execute(query)).scalar()
        return dt.date.fromisoformat(key) if key else None

    async def subjects(self, run_id: str, after: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """The next subjects behind `after`, each with kind and body of all its rows; none when all have been seen.

        Never many more than a batch of rows: a subject that the batch cuts off is left for the next one.
        """
        batch = await self._read((rows.c.run_id == run_id) & (rows.c.subject > after), BATCH)
        if len(batch) == BATCH:
            last = batch[-1].subject
            batch = [row for row in batch if row.subject != last] or await self._read(
                (rows.c.run_id == run_id) & (rows.c.subject == last), None
            )
        members = groupby(batch, key=lambda row: str(row.subject))
        return [(subject, [(row.kind, row.body) for row in group]) for subject, group in members]

    async def _read(self, where: ColumnElement[bool], most: int | None) -> Sequence[Any]:
        query = select(rows.c.subject, rows.c.kind, rows.c.body).where(where)
        ordered = query.order_by(rows.c.subject, rows.c.kind, rows.c.key).limit(most)
        async with self._database.transaction() as connection:
            return (await connection.execute(ordered)).all()

    async def drop(self, run_id: str) -> None:
        """Forget what was read."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(rows).where(rows.c.run_id == run_id))


def _of(run_id: str, source: str) -> ColumnElement[bool]:
    return (sources.c.run_id == run_id) & (sources.c.source == source)


async def _insert(connection: AsyncConnection, page: Sequence[Row]) -> None:
    columns = [rows.c[name] for name in Row.__struct_fields__]
    names = ", ".join(column.name for column in columns)
    read = given(connection.dialect, columns)
    statement = f"INSERT INTO {rows.name} ({names}) {read} WHERE true ON CONFLICT DO NOTHING"
    await connection.execute(text(statement), as_rows(page))
