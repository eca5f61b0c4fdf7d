"""What a request with an idempotency key did is done once, where no business identity sees to that.

The gateway carries a request out again when nobody knows what became of it. An invoice is found by its reference then;
a comment, say, is found by nothing but the key of the request that made it.
"""

import hashlib

from sqlalchemy import ColumnElement, delete, literal_column
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway import context
from tollway.storage.database import insert
from tollway.storage.rows import now
from tollway.storage.tables import requests_carried_out

KEPT_SECONDS = 8 * 86_400.0
"""Longer than the gateway keeps any key."""


async def first_time(connection: AsyncConnection, what: str) -> bool:
    """Whether the current request does this now for the first time, in the transaction that does it.

    `what` tells apart what one request does to several objects. Without a key every time is the first.
    """
    key = context.current().request_key
    if not key:
        return True
    clock: ColumnElement[float] = literal_column(now(connection.dialect))
    old = requests_carried_out.c.at < clock - KEPT_SECONDS
    await connection.execute(delete(requests_carried_out).where(old))
    row = {"id": hashlib.sha256(f"{key} {what}".encode()).hexdigest(), "at": clock}
    statement = insert(connection, requests_carried_out).values(row).on_conflict_do_nothing()
    return (await connection.execute(statement.returning(requests_carried_out.c.id))).first() is not None
