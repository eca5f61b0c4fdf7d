"""Taking the two PostgreSQL schemas of the distributed form, and putting them back."""

import datetime as dt
import graphlib
import gzip
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.backup import archive
from tollway.backup.manifest import Form, Manifest, Part, release
from tollway.engine import schema as engine_schema
from tollway.engine.launching import SCHEMA as ENGINE_SCHEMA
from tollway.problems import StartupError
from tollway.storage.database import ALONE, CONNECT_SECONDS, SCHEMA, migrate
from tollway.storage.rows import now

REVISIONS = "alembic_version"
_PATIENCE = "lock_timeout = '20s'"
"""For whoever changes tables, or works with them, just then."""
_SCHEMAS = [SCHEMA, ENGINE_SCHEMA]
_COLUMNS = """
    SELECT c.table_schema, c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = ANY(%s) AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_REFERENCES = """
    SELECT n.nspname || '.' || r.relname, m.nspname || '.' || f.relname FROM pg_constraint k
    JOIN pg_class r ON r.oid = k.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace m ON m.oid = f.relnamespace
    WHERE k.contype = 'f' AND n.nspname = ANY(%s) AND k.conrelid <> k.confrelid
"""
_SEQUENCES = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE schemaname = ANY(%s)"


def take(url: str, folder: Path) -> Manifest:
    """Copy every table, as it was at one moment, into `folder`; whoever works with them goes on."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, connect_timeout=CONNECT_SECONDS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(f"SET {_PATIENCE}".encode())
        columns = {f"{schema}.{name}": found for schema, name, found in _read(connection, _COLUMNS)}
        missing = [schema for schema in _SCHEMAS if not any(name.startswith(f"{schema}.") for name in columns)]
        if missing:
            raise StartupError(f"There is nothing to back up: the database has no schema {missing[0]}.")
        (made_at,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
        rows: dict[str, int] = {}
        parts = []
        for table in _in_order(list(columns), _read(connection, _REFERENCES)):
            file = folder / f"{table}.copy.gz"
            rows[table] = _copy_out(connection, table, columns[table], file)
            parts.append(archive.described(file, table, columns[table]))
        return Manifest(
            form=Form.POSTGRESQL,
            release=release(),
            made_at=made_at.astimezone(dt.UTC),
            revision=_value(connection, f"SELECT version_num FROM {SCHEMA}.{REVISIONS}"),  # noqa: S608 - our words
            engine_version=_value(connection, f"SELECT version FROM {ENGINE_SCHEMA}.{engine_schema.VERSIONS}"),  # noqa: S608
            audit_head=_value(connection, f"SELECT position || ':' || hash FROM {SCHEMA}.audit_head"),  # noqa: S608
            rows=rows,
            sequences={name: last for name, last in _read(connection, _SEQUENCES) if last is not None},
            parts=parts,
        )


async def check_target(connection: AsyncConnection, *, replace: bool) -> None:
    """Raise StartupError where workers live, or something is kept that is not to be replaced.

    Whoever starts meanwhile waits until the transaction ends.
    """
    await connection.exec_driver_sql(f"SET LOCAL {_PATIENCE}")
    await connection.exec_driver_sql(ALONE)
    there = text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas)")
    schemas = {row.nspname for row in await connection.execute(there, {"schemas": _SCHEMAS})}
    if (await connection.execute(text(f"SELECT to_regclass('{SCHEMA}.workers')"))).scalar():
        living = text(f"SELECT id FROM {SCHEMA}.workers WHERE until > {now(connection.dialect)} ORDER BY id")  # noqa: S608
        if workers := [row.id for row in await connection.execute(living)]:
            names = ", ".join(workers[:5])
            raise StartupError(f"A system works with the database: stop its workers first ({names}).")
    if schemas and not replace:
        named = " and ".join(sorted(schemas))
        raise StartupError(
            f"The database has the schema {named} already; with --replace what is in it is given up for the backup's."
        )


async def put_back(connection: AsyncConnection, opened: archive.Archive) -> None:
    """Make both schemas as they were, as part of a transaction, and bring the business tables up to date."""
    manifest = opened.manifest
    for schema in _SCHEMAS:
        await connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    await connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    await connection.run_sync(migrate, manifest.revision)
    await engine_schema.create(connection, manifest.engine_version)
    parts = [part for part in manifest.parts if part.table != f"{SCHEMA}.{REVISIONS}"]
    for part in reversed(parts):
        if (await connection.exec_driver_sql(f"SELECT 1 FROM {part.table} LIMIT 1")).first():  # noqa: S608 - checked names
            await connection.exec_driver_sql(f"DELETE FROM {part.table}")  # noqa: S608 - what a migration put there
    for part in parts:
        await _copy_in(connection, part, opened)
    for name, last in manifest.sequences.items():
        await connection.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})
    await connection.run_sync(migrate)


def _copy_out(connection: psycopg.Connection[Any], table: str, columns: list[str], file: Path) -> int:
    with gzip.open(file, "wb", compresslevel=6) as packed, connection.cursor() as cursor:
        with cursor.copy(_copying(table, columns, "TO STDOUT")) as copy:
            for block in copy:
                packed.write(block)
        return cursor.rowcount


async def _copy_in(connection: AsyncConnection, part: Part, opened: archive.Archive) -> None:
    raw: psycopg.AsyncConnection[Any] = (await connection.get_raw_connection()).driver_connection  # type: ignore[assignment]
    with opened.part(part) as packed, gzip.open(packed) as file:
        copying = _copying(part.table, part.columns, "FROM STDIN")
        async with raw.cursor() as cursor, cursor.copy(copying) as copy:
            while block := file.read(archive.BLOCK):
                await copy.write(block)


def _copying(table: str, columns: list[str], way: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(*table.split(".")), names, sql.SQL(way))


def _in_order(tables: list[str], references: list[tuple[Any, ...]]) -> list[str]:
    """What others refer to comes before them."""
    needs: dict[str, set[str]] = {table: set() for table in tables}
    for table, other in references:
        needs[table].add(other)
    return list(graphlib.TopologicalSorter(needs).static_order())


def _read(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), [_SCHEMAS]).fetchall()


def _value(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else 0
