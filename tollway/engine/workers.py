"""Workers: any number of operating-system processes that work the same processes, each for as long as it says so."""

import time

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.storage import Database
from tollway.storage.rows import now
from tollway.storage.tables import workers

LEASE = 5.0
"""Seconds after its last word at which a worker is given up for dead."""
BEAT = 1.0
"""Seconds between two words."""


class LivingWorker(msgspec.Struct, frozen=True):
    """A worker that others hear of."""

    id: str
    version: str
    since: float
    """Seconds since 1970 by the database's clock."""


class Worker:
    """The lease of this worker among all of them; it ends by the database's clock."""

    def __init__(self, database: Database, worker_id: str, version: str) -> None:
        """`worker_id`: no other start of any worker has it."""
        self._database = database
        self.id = worker_id
        self._version = version
        self._held_until = 0.0  # by our own clock, which a stopped process finds far ahead when it goes on

    async def begin(self) -> None:
        """Be one of the workers from now on."""
        began = time.monotonic()
        async with self._database.transaction() as connection:
            clock = text(now(connection.dialect))
            until = text(f"{now(connection.dialect)} + {LEASE}")
            row = {"id": self.id, "version": self._version, "since": clock, "until": until}
            await connection.execute(insert(workers).values(row))
        self._held_until = began + LEASE

    async def stay(self) -> bool:
        """Go on for another lease; False when others gave us up for dead and took what we were at."""
        began = time.monotonic()
        # Not a transaction: stopped before its end, this process would keep its row from those who are to bury it.
        async with self._database.statement() as connection:
            clock = now(connection.dialect)
            staying = text(f"UPDATE workers SET until = {clock} + :lease WHERE id = :id RETURNING id")  # noqa: S608 - ours
            there = (await connection.execute(staying, {"lease": LEASE, "id": self.id})).first() is not None
        self._held_until = began + LEASE if there else 0.0
        return there

    async def end(self) -> None:
        """Be none of them any more."""
        self._held_until = 0.0
        async with self._database.transaction() as connection:
            await connection.execute(delete(workers).where(workers.c.id == self.id))

    async def alive(self) -> bool:
        """Whether nobody can have given us up; asks the database only after a silence that was too long."""
        return time.monotonic() < self._held_until or await self.stay()


async def bury_the_dead(database: Database) -> list[str]:
    """Forget the workers whose lease is over; answers their ids, each to one caller only."""
    async with database.transaction() as connection:
        dying = text(f"DELETE FROM workers WHERE until <= {now(connection.dialect)} RETURNING id")  # noqa: S608 - ours
        return [row.id for row in await connection.execute(dying)]


async def living(database: Database) -> list[LivingWorker]:
    """Every worker whose lease is not over, the longest there first."""
    async with database.transaction() as connection:
        there = text(now(connection.dialect))
        return await _workers(connection, workers.c.until > there)


async def unburied(database: Database) -> list[LivingWorker]:
    """Every worker that nobody has buried, the longest there first: until then one that is late may still stay."""
    async with database.transaction() as connection:
        return await _workers(connection, true())


async def _workers(connection: AsyncConnection, where: ColumnElement[bool]) -> list[LivingWorker]:
    query = select(workers.c.id, workers.c.version, workers.c.since).where(where)
    rows = await connection.execute(query.order_by(workers.c.since, workers.c.id))
    return [LivingWorker(row.id, row.version, row.since) for row in rows]
