"""What only one of several workers may do or hold, for as long as it says that it is there."""

from sqlalchemy import Dialect, TextClause, delete, text

from tollway.storage.database import Database
from tollway.storage.rows import now
from tollway.storage.tables import leases


class Leases:
    """The leases that one worker takes; they end by the database's clock."""

    def __init__(self, database: Database, holder: str) -> None:
        """`holder` names the worker; no two that run at once have the same name."""
        self._database = database
        self.holder = holder

    async def take(self, name: str, seconds: float) -> bool:
        """Take or renew the lease for so long; answers whether it is ours now, another's may still run."""
        given = {"name": name, "holder": self.holder, "seconds": seconds}
        async with self._database.transaction() as connection:
            return (await connection.execute(_taking(connection.dialect), given)).first() is not None

    async def give_back(self, name: str) -> None:
        """Let others have it, if it is ours."""
        mine = (leases.c.name == name) & (leases.c.holder == self.holder)
        async with self._database.transaction() as connection:
            await connection.execute(delete(leases).where(mine))


def _taking(dialect: Dialect) -> TextClause:
    clock = now(dialect)
    return text(f"""
        INSERT INTO leases (name, holder, until) VALUES (:name, :holder, {clock} + :seconds)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE leases.holder = excluded.holder OR leases.until <= {clock}
        RETURNING holder
    """)  # noqa: S608 - made of our own words
