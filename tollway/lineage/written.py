"""Reads what was written, and where it came from."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.lineage import Lineage, Writing, WrittenField
from tollway.storage import Database
from tollway.storage.tables import lineage

MOST = 1000
"""Writes to one object, or about one deal, that are read at a time."""


class Written(msgspec.Struct, frozen=True):
    """What an effect wrote to which object."""

    effect: str
    object_type: str
    object_id: str
    system: str
    platform_id: str
    number: str
    process_id: str
    correlation_id: str


class LineageRecords:
    """Everything that was written to platforms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lineage(self, object_type: str, object_id: str, field: str = "") -> Lineage | None:
        """The writes to an object by our identity of it, the platform's id or its number; None when there are none.

        `field` narrows to the fields there and below: `lines/0`; `lines/*/amount` is that of every line.
        """
        named = or_(lineage.c.object_id == object_id, lineage.c.platform_id == object_id, lineage.c.number == object_id)
        found = await self._read((lineage.c.object_type == object_type) & named)
        ids = {writing.object_id for writing in found}
        # Of an invoice, only the posting knows the number: what else was written to the same object belongs to it.
        found = await self._read((lineage.c.object_type == object_type) & lineage.c.object_id.in_(ids))
        if not found:
            return None
        narrowed = [_narrowed(writing, field) for writing in found] if field else found
        writings = [writing for writing in narrowed if writing.fields]
        return Lineage(object_type=object_type, object_id=object_id, writings=writings)

    async def of_deal(self, deal_id: str) -> list[Written]:
        """All that was written about a deal, without its fields."""
        bare = [lineage.c[name] for name in Written.__struct_fields__]
        query = select(*bare).where(lineage.c.deal_id == deal_id).order_by(lineage.c.written_at)
        async with self._database.transaction() as connection:
            return [Written(*row) for row in await connection.execute(query)]

    async def _read(self, where: ColumnElement[bool]) -> list[Writing]:
        """The latest, in the order in which they were written."""
        query = select(lineage).where(where).order_by(lineage.c.written_at.desc(), lineage.c.effect.desc()).limit(MOST)
        async with self._database.transaction() as connection:
            return [_writing(row) for row in await connection.execute(query)][::-1]


async def last_written(connection: AsyncConnection, object_type: str, object_id: str) -> Sequence[WrittenField]:
    """The fields of an object as they were last written; none when they were not."""
    mine = (lineage.c.object_type == object_type) & (lineage.c.object_id == object_id)
    query = select(lineage.c.fields).where(mine).order_by(lineage.c.written_at.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return msgspec.json.decode(row.fields, type=list[WrittenField]) if row else []


def _writing(row: Row[Any]) -> Writing:
    columns = {str(name): value for name, value in row._mapping.items()}  # noqa: SLF001 - its public name
    return msgspec.convert(columns | {"fields": msgspec.json.decode(row.fields)}, Writing)


def _narrowed(writing: Writing, field: str) -> Writing:
    steps = (r"\d+" if part == "*" else re.escape(part) for part in field.strip("/").split("/"))
    below = re.compile("/".join(steps) + r"(/.*)?")
    return msgspec.structs.replace(writing, fields=[one for one in writing.fields if below.fullmatch(one.path)])
