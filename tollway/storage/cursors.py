"""How far something has been read, kept by name."""

import datetime as dt

from sqlalchemy import select

from tollway.canonical.record import Cursor
from tollway.storage.database import Database, insert
from tollway.storage.tables import cursors


async def kept_cursor(database: Database, name: str, begins: dt.datetime) -> Cursor:
    """Where reading ended; `begins` the first time, since what lies before is a migration's to load."""
    first = {"name": name, "moment": begins, "after": ""}
    async with database.transaction() as connection:
        await connection.execute(insert(connection, cursors).values(first).on_conflict_do_nothing())
        row = (await connection.execute(select(cursors).where(cursors.c.name == name))).one()
    return Cursor(moment=row.moment, id=row.after)


async def move_cursor(database: Database, name: str, to: Cursor) -> None:
    """Go on from there the next time."""
    async with database.transaction() as connection:
        await connection.execute(cursors.update().where(cursors.c.name == name).values(moment=to.moment, after=to.id))
