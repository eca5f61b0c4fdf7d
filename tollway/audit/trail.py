"""Writes the audit: one chain, however many processes write to it."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Dialect, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.chain import Head, following
from tollway.audit.record import Deed, Record
from tollway.storage.database import Database, last
from tollway.storage.group_commit import GroupCommit
from tollway.storage.rows import as_rows, given
from tollway.storage.tables import audit

FIELDS = tuple(Record.__struct_fields__)
"""The columns that a record says something in."""
_COLUMNS = [audit.c[name] for name in ("id", "hash", *FIELDS)]
_UNHELD = rb"\u0000"
"""The one character that databases cannot hold in a text, as JSON has it."""
_REPLACEMENT = "\ufffd"


class AuditTrail(GroupCommit[Record, None]):
    """The audit of one database; records that come at the same time are written in one transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__("audit", database, append)

    async def record(self, deed: Deed) -> None:
        """Keep a deed; it is in the database when this returns. Raises Unavailable."""
        await self.submit(deed.record())


def keep(connection: AsyncConnection, deed: Deed) -> None:
    """Keep a deed in the transaction that does it."""
    last(connection, partial(append, records=[deed.record()]))


async def append(connection: AsyncConnection, records: Sequence[Record]) -> Sequence[None]:
    """Add records to the chain, as the last thing in a transaction: others wait to add theirs."""
    head = await _locked_head(connection)
    rows = []
    for record in records:
        said = _said(record)
        head = following(head, head.position + 1, said)
        rows.append(said | {"id": head.position, "hash": head.hash})
    await connection.execute(_writing(connection.dialect), as_rows(rows))
    await connection.execute(_MOVING, {"position": head.position, "hash": head.hash})
    return [None] * len(records)


def _said(record: Record) -> dict[str, Any]:
    said = structs.asdict(record)
    if _UNHELD not in msgspec.json.encode(record):
        return said
    return {
        name: value.replace("\0", _REPLACEMENT) if isinstance(value, str) else value for name, value in said.items()
    }


async def _locked_head(connection: AsyncConnection) -> Head:
    """The chain's end, which on PostgreSQL nobody else can move meanwhile; on SQLite a transaction is alone anyway."""
    locking = _READING if connection.dialect.name == "sqlite" else _LOCKING
    return Head(*(await connection.execute(locking)).one())


_READING = text("SELECT position, hash FROM audit_head")
_LOCKING = text("SELECT position, hash FROM audit_head FOR UPDATE")
_MOVING = text("UPDATE audit_head SET position = :position, hash = :hash")


@lru_cache(maxsize=2)
def _writing(dialect: Dialect) -> TextClause:
    names = ", ".join(column.name for column in _COLUMNS)
    return text(f"INSERT INTO audit ({names}) {given(dialect, _COLUMNS)}")
