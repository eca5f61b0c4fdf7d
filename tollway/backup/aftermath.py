"""What a restore changes in the records, since time went on outside of them."""

import datetime as dt

from sqlalchemy import Float, Integer, String, cast, delete, func, literal, literal_column, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.backup import restores
from tollway.effects.record import DONE, Outcome
from tollway.storage.rows import now
from tollway.storage.tables import effects, event_head, leases, workers

FASTEST = 10_000
"""Events in a second that no system tells; measured are some hundred."""
LEAST = 1_000_000
"""Places in the order of events that are left free at least, whatever a clock says."""
_DOUBT = "A backup was restored: what became of it afterwards is not known."


async def settle(connection: AsyncConnection, restore_id: str, made_at: dt.datetime, audit_head: str) -> None:
    """Bring restored records to where work can go on with them, and record the restore."""
    for table in (leases, workers):
        await connection.execute(delete(table))
    await _doubt(connection)
    await _skip_places(connection, made_at)
    await restores.record(connection, restore_id, made_at, audit_head)


async def _doubt(connection: AsyncConnection) -> None:
    """What was not done by then may have been done since."""
    before = func.coalesce(cast(effects.c.reason, String) + literal(" "), "")
    doubt = {"outcome": Outcome.UNKNOWN, "reason": before + literal(_DOUBT), "holder": None, "held_until": None}
    await connection.execute(update(effects).where(effects.c.outcome.not_in(DONE)).values(doubt))


async def _skip_places(connection: AsyncConnection, made_at: dt.datetime) -> None:
    """Places that subscribers may have been told since, with other events, are never given again."""
    clock = literal_column(now(connection.dialect), Float)
    seconds = cast(clock - literal(made_at.timestamp(), Float), Integer)
    skipped = LEAST + FASTEST * func.abs(seconds)
    await connection.execute(update(event_head).values(position=event_head.c.position + skipped))
