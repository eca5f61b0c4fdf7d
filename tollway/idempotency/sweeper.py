"""Forgets the keys whose time is over."""

from sqlalchemy import text

from tollway.background import Repeated
from tollway.storage.database import Database
from tollway.storage.rows import now

MOST = 1000
"""Keys that one transaction deletes: requests never wait for long."""
PAUSE = 60.0
"""Seconds between two looks."""


async def sweep(database: Database, most: int = MOST) -> int:
    """Delete at most so many expired keys, oldest first; answers how many there were."""
    async with database.transaction() as connection:
        clock = now(connection.dialect)
        # A row that another sweeper deletes, or that a request claims anew, is left to it.
        others = "" if connection.dialect.name == "sqlite" else "FOR UPDATE SKIP LOCKED"
        statement = f"""
            DELETE FROM idempotency_keys WHERE id IN (
                SELECT id FROM idempotency_keys WHERE expires_at <= {clock} AND held_until <= {clock}
                ORDER BY expires_at LIMIT :most {others}
            ) RETURNING id
        """  # noqa: S608 - made of our own words
        return len((await connection.execute(text(statement), {"most": most})).all())


def sweeping(database: Database, pause: float = PAUSE) -> Repeated:
    """Sweeps now and then, each time until nothing is left."""

    async def turn() -> None:
        while await sweep(database) == MOST:
            pass

    return Repeated("idempotency sweeper", turn, pause)
