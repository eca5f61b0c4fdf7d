"""Putting a system back to what an archive holds: all of it, or nothing is changed."""

import secrets
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.audit.chain import parsed
from tollway.audit.verification import verify
from tollway.backup import archive, postgresql, sqlite
from tollway.backup.aftermath import settle
from tollway.backup.manifest import Form, Manifest
from tollway.engine import schema as engine_schema
from tollway.problems import StartupError
from tollway.storage import Database, open_database
from tollway.storage import database as storage


async def restore(state: Path, url: str, file: Path, *, replace: bool = False) -> Manifest:
    """Put back what `file` holds, into the folder `state` or the database at `url`; raises StartupError."""
    with archive.opened(file) as opened:
        _check(opened.manifest, url)
        opened.verify()
        try:
            if url:
                await _into_postgresql(url, opened, replace=replace)
            else:
                await _into_sqlite(state, opened, replace=replace)
        except (psycopg.Error, sqlite3.Error, SQLAlchemyError) as error:
            raise StartupError(f"Nothing was restored: {error}".splitlines()[0]) from error
    return opened.manifest


def _check(manifest: Manifest, url: str) -> None:
    form = Form.POSTGRESQL if url else Form.SQLITE
    if manifest.form != form:
        raise StartupError(f"The backup is of {manifest.form}, and storage.url says {form}: restore it where it is of.")
    scripts = ScriptDirectory(str(Path(storage.__file__).parent / "migrations"))
    known = {script.revision for script in scripts.walk_revisions()}
    if manifest.revision not in known or manifest.engine_version > engine_schema.latest(sqlite=not url):
        raise StartupError(
            f"The backup was made by a newer release ({manifest.release}), whose tables this one does not know "
            f"({manifest.revision}, engine {manifest.engine_version}): restore it by that release."
        )


async def _into_sqlite(state: Path, opened: archive.Archive, *, replace: bool) -> None:
    sqlite.check_target(state, replace=replace)
    with tempfile.TemporaryDirectory(dir=state, prefix=".restore.") as made:
        staged = Path(made)
        sqlite.stage(opened, staged)
        database = await open_database(staged, "")
        try:
            async with database.transaction() as connection:
                await _finish(connection, opened.manifest)
        finally:
            await database.close()
        sqlite.fold(staged)
        sqlite.exchange(state, staged)


async def _into_postgresql(url: str, opened: archive.Archive, *, replace: bool) -> None:
    engine = storage.postgresql_engine(url)
    try:
        async with engine.begin() as connection:
            await postgresql.check_target(connection, replace=replace)
            await postgresql.put_back(connection, opened)
            await _finish(connection, opened.manifest)
    finally:
        await engine.dispose()


async def _finish(connection: AsyncConnection, manifest: Manifest) -> None:
    head = parsed(manifest.audit_head)
    result = await verify(_Within(connection), pins=[head] if head.position else [])
    if result.broken:
        raise StartupError(f"The backup's audit was changed: record {result.broken.position}, {result.broken.why}.")
    await settle(connection, f"restore-{secrets.token_hex(6)}", manifest.made_at, manifest.audit_head)


class _Within(Database):
    """The database as a transaction under way sees it."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection.engine)
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        yield self._connection
