"""Notices from outside, stored before they are acknowledged and each taken once."""

import datetime as dt

import msgspec
from sqlalchemy import select

from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.tables import inbox


class Inbox:
    """Remembers every notice by its source's own id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, source: str, event_id: str, subject: str, body: msgspec.Struct) -> bool:
        """Keep a notice; answers whether it is new."""
        row = {
            "source": source,
            "event_id": event_id,
            "subject": subject,
            "body": msgspec.json.encode(body).decode(),
            "received_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.transaction() as connection:
            return await insert_new(connection, inbox, row)

    async def seen(self, source: str, event_id: str) -> bool:
        """Whether a notice was stored before."""
        where = (inbox.c.source == source) & (inbox.c.event_id == event_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(select(inbox.c.subject).where(where))).first() is not None
