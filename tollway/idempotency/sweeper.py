"""Forgets the keys whose time is over."""

import asyncio
import contextlib

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tollway.storage.database import Database
from tollway.storage.rows import now

MOST = 1000
"""Keys that one transaction deletes: requests never wait for long."""
PAUSE = 60.0
"""Seconds between two looks."""
log = structlog.get_logger()


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


class Sweeper:
    """Sweeps now and then, each time until nothing is left."""

    def __init__(self, database: Database, pause: float = PAUSE) -> None:
        self._database = database
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Sweep until `stop`."""
        self._task = asyncio.create_task(self._run(), name="idempotency sweeper")

    async def stop(self) -> None:
        """End, between two transactions or in one."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                swept = MOST
                while swept == MOST:
                    swept = await sweep(self._database)
            except (SQLAlchemyError, OSError) as error:
                log.warning("expired keys stay for now", reason=type(error).__name__)
            await asyncio.sleep(self._pause)
