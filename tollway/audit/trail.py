"""Writes the audit, which the database lets nobody change."""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Dialect, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.record import Record
from tollway.storage.database import Database
from tollway.storage.group_commit import GroupCommit
from tollway.storage.rows import as_rows, given
from tollway.storage.tables import audit

_COLUMNS = [column for column in audit.columns if column.name in Record.__struct_fields__]


class AuditTrail(GroupCommit[Record, None]):
    """The audit of one database; records of concurrent requests are written in one transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__("audit", database, _write)


async def _write(connection: AsyncConnection, records: Sequence[Record]) -> Sequence[None]:
    await connection.execute(_writing(connection.dialect), as_rows(records))
    return [None] * len(records)


@lru_cache(maxsize=2)
def _writing(dialect: Dialect) -> TextClause:
    names = ", ".join(column.name for column in _COLUMNS)
    return text(f"INSERT INTO audit ({names}) {given(dialect, _COLUMNS)}")
