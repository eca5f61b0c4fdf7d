"""Taking and putting back the two SQLite files of the embedded form."""

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tollway.backup import archive
from tollway.backup.manifest import Form, Manifest, release
from tollway.engine.schema import VERSIONS
from tollway.problems import StartupError
from tollway.storage.database import UNFINISHED

BUSINESS, ENGINE = "tollway.db", "engine.db"
PATIENCE = 30.0
"""Seconds to wait for whoever writes just then."""
_NOW = "SELECT (julianday('now') - 2440587.5) * 86400.0"


def take(state: Path, folder: Path) -> Manifest:
    """Copy both files, as they were at one moment, into `folder`; whoever works with them goes on."""
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(_connected(_existing(state / name))) for name in (BUSINESS, ENGINE)]
        made_at = _same_moment(state, sources)
        for source, name in zip(sources, (BUSINESS, ENGINE), strict=True):
            with _connected(folder / name) as copy:
                source.backup(copy)  # in the transaction that reads already, so of its moment
                copy.execute("PRAGMA journal_mode=DELETE")
    with _connected(folder / BUSINESS) as business, _connected(folder / ENGINE) as engine:
        (head,) = business.execute("SELECT position || ':' || hash FROM audit_head").fetchone()
        return Manifest(
            form=Form.SQLITE,
            release=release(),
            made_at=dt.datetime.fromtimestamp(made_at, dt.UTC),
            revision=business.execute("SELECT version_num FROM alembic_version").fetchone()[0],
            engine_version=engine.execute(f"SELECT version FROM {VERSIONS}").fetchone()[0],  # noqa: S608 - its name
            audit_head=head,
            rows={**_counted("tollway", business), **_counted("tollway_engine", engine)},
            parts=[archive.described(folder / name) for name in (BUSINESS, ENGINE)],
        )


def check_target(state: Path, *, replace: bool) -> None:
    """Raise StartupError where a system runs, or keeps something that is not to be replaced."""
    for name in (BUSINESS, ENGINE):
        if (state / name).exists():
            _check_unused(state / name)
    interrupted = (state / UNFINISHED).exists()
    if not replace and not interrupted and any((state / name).exists() for name in (BUSINESS, ENGINE)):
        raise StartupError(
            f"{state} holds the state of a system already; with --replace it is given up for the backup's."
        )
    state.mkdir(parents=True, exist_ok=True)


def exchange(state: Path, staged: Path) -> None:
    """Put the staged files in the place of those there are.

    While that is interrupted between them nothing starts, until it is repeated.
    """
    unfinished = state / UNFINISHED
    unfinished.touch()
    _synced(state)
    there = [state / name for name in (BUSINESS, ENGINE) if (state / name).exists()]
    try:
        for file in there:
            _check_unused(file)  # nobody came in between, and from now on nobody can
    except StartupError:
        unfinished.unlink()
        raise
    for name in (BUSINESS, ENGINE):
        for leftover in (f"{name}-wal", f"{name}-shm"):
            (state / leftover).unlink(missing_ok=True)
    for name in (BUSINESS, ENGINE):
        (staged / name).replace(state / name)
    _synced(state)
    unfinished.unlink()
    _synced(state)


def stage(opened: archive.Archive, staged: Path) -> None:
    """Take the files out of the archive, durably."""
    for part in opened.manifest.parts:
        with opened.part(part) as content, (staged / part.name).open("wb") as file:
            shutil.copyfileobj(content, file, archive.BLOCK)
            file.flush()
            os.fsync(file.fileno())
    for name in (BUSINESS, ENGINE):
        with _connected(staged / name) as connection:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise StartupError(f"The backup's {name} is damaged: {said}.")


def fold(staged: Path) -> None:
    """Have the staged files complete in themselves, and durable."""
    for name in (BUSINESS, ENGINE):
        with _connected(staged / name) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        with (staged / name).open("rb") as file:
            os.fsync(file.fileno())


def _same_moment(state: Path, sources: list[sqlite3.Connection]) -> float:
    """Let both read as of one moment, at which nobody may write; answers it."""
    with contextlib.ExitStack() as stack:
        for name in (ENGINE, BUSINESS):
            writer = stack.enter_context(_connected(state / name))
            writer.execute("BEGIN IMMEDIATE")
            stack.callback(writer.execute, "ROLLBACK")
        for source in sources:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return float(sources[0].execute(_NOW).fetchone()[0])


def _counted(schema: str, connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = [name for (name,) in tables.fetchall()]
    counting = ((name, connection.execute(f'SELECT count(*) FROM "{name}"')) for name in names)  # noqa: S608 - its own
    return {f"{schema}.{name}": counted.fetchone()[0] for name, counted in counting}


def _check_unused(file: Path) -> None:
    """Whoever has a file open in WAL mode, even idle, keeps it from being taken out of that mode."""
    with _connected(file, patience=0) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError:
            raise StartupError(f"A system works with {file}: stop it before its state is replaced.") from None
        except sqlite3.DatabaseError:
            return  # damaged, which may be why it is replaced


@contextlib.contextmanager
def _connected(file: Path, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, timeout=patience, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _existing(file: Path) -> Path:
    if not file.exists():
        raise StartupError(f"There is nothing to back up: {file} does not exist.")
    return file


def _synced(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
