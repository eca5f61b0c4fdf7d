"""Restores of a backup, until a reconciliation has caught up with what happened after it."""

import datetime as dt

import msgspec
from sqlalchemy import Float, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.record import Deed
from tollway.audit.trail import append, keep
from tollway.storage import Database
from tollway.storage.rows import now
from tollway.storage.tables import restores

_OPEN = restores.c.reconciled_at.is_(None)


class Forgotten(msgspec.Struct, frozen=True):
    """The time of which the records tell nothing, while that may matter."""

    restore_id: str
    """The latest restore's."""
    since: dt.datetime
    """When the backup was made; the earliest one, where one was restored before it was caught up with another."""


class Restores:
    """The restores of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forgotten(self) -> Forgotten | None:
        """What is still to be caught up with; None in a system that knows all it did."""
        query = select(restores.c.id, restores.c.backed_up_at).where(_OPEN).order_by(restores.c.restored_at.desc())
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return Forgotten(rows[0].id, min(row.backed_up_at for row in rows)) if rows else None

    async def caught_up(self, run_id: str) -> None:
        """Note that a run found nothing amiss any more."""
        async with self._database.transaction() as connection:
            done = update(restores).where(_OPEN).values(reconciled_at=dt.datetime.now(dt.UTC))
            for row in await connection.execute(done.returning(restores.c.id)):
                keep(connection, Deed(action="backup.caught_up", about=row.id, by=run_id))


async def seconds_since(connection: AsyncConnection) -> float | None:
    """Seconds since the latest restore that is still to be caught up with; None where there is none."""
    clock = literal_column(now(connection.dialect), Float)
    seconds: float | None = (
        await connection.execute(select(clock - func.max(restores.c.restored_at)).where(_OPEN))
    ).scalar()
    return seconds


async def record(connection: AsyncConnection, restore_id: str, made_at: dt.datetime, audit_head: str) -> None:
    """Note a restore, and have the audit tell of it."""
    clock = literal_column(now(connection.dialect), Float)
    row = {"id": restore_id, "backed_up_at": made_at, "restored_at": clock}
    await connection.execute(insert(restores).values(row))
    details = {"backed_up_at": made_at.isoformat(), "audit_head": audit_head}
    deed = Deed(action="backup.restored", about=restore_id, by="tollway restore", details=details)
    await append(connection, [deed.record()])
