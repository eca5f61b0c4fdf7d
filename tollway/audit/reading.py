"""Reads of the audit what belongs together."""

import datetime as dt
from collections.abc import Collection

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select, text

from tollway.audit.record import Kind, Outcome
from tollway.storage import Database
from tollway.storage.tables import audit

MOST = 1000
"""Records that are read at a time, the latest."""


class KeptRecord(msgspec.Struct, frozen=True):
    """A record as people read it."""

    id: int
    at: dt.datetime
    kind: Kind
    operation: str
    client: str
    subject: str
    method: str
    path: str
    status: int
    outcome: Outcome
    correlation_id: str
    about: str
    said: str


class AuditReader:
    """The audit of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def belonging(self, objects: Collection[str], correlation_ids: Collection[str]) -> list[KeptRecord]:
        """What was done to these objects or under these correlation ids, and the calls by which it was."""
        done = and_(text("about <> ''"), audit.c.about.in_(objects))  # the index is of deeds alone
        known = {*correlation_ids, *(deed.correlation_id for deed in await self._read(done))}
        return await self._read(or_(done, audit.c.correlation_id.in_(known)))

    async def _read(self, where: ColumnElement[bool]) -> list[KeptRecord]:
        columns = [audit.c[name] for name in KeptRecord.__struct_fields__]
        query = select(*columns).where(where).order_by(audit.c.id.desc()).limit(MOST)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [msgspec.convert(row, KeptRecord, from_attributes=True) for row in reversed(rows)]
