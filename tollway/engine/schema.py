"""The engine's own tables, as a backup needs them: their version, and how they are made."""

from dbos._migration import get_dbos_migrations, sqlite_migrations
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.engine.launching import SCHEMA

VERSIONS = "dbos_migrations"
"""The table that tells the version."""
_PRIMARY_KEY = 10
"""The change that gives a table a primary key, which one that is made today has from the beginning."""


def latest(*, sqlite: bool) -> int:
    """The version of the tables that this release works with."""
    return len(sqlite_migrations) if sqlite else len(get_dbos_migrations(SCHEMA, use_listen_notify=True))


async def create(connection: AsyncConnection, version: int) -> None:
    """Make the tables of a version in PostgreSQL, without any row, as part of a transaction."""
    await connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    await connection.exec_driver_sql(f"CREATE TABLE {SCHEMA}.{VERSIONS} (version BIGINT NOT NULL PRIMARY KEY)")
    changes = get_dbos_migrations(SCHEMA, use_listen_notify=True)[:version]
    for number, statement in enumerate(changes, 1):
        if statement.strip() and number != _PRIMARY_KEY:
            # An index that is made beside running work cannot be part of a transaction, and there is no running work.
            await connection.execute(text(statement.replace("CONCURRENTLY", "")))
