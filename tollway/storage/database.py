"""The connection to the business database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoTurn
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tollway.problems import StartupError

SCHEMA = "tollway"
ALONE = "SELECT pg_advisory_xact_lock(7077)"
"""Lets one transaction at a time change what tables there are."""
UNFINISHED = "restore.unfinished"
"""The file that is in the state folder while its SQLite files are exchanged."""
CONNECT_SECONDS = 10
"""How long a PostgreSQL that cannot be reached is waited for."""
TURN_SECONDS = 30
"""How long a transaction on SQLite waits for those before it, of this process and then of others."""


_last: WeakKeyDictionary[AsyncConnection, list[Callable[[AsyncConnection], Awaitable[object]]]] = WeakKeyDictionary()


def last(connection: AsyncConnection, work: Callable[[AsyncConnection], Awaitable[object]]) -> None:
    """Have something done at the end of a transaction.

    So what all others wait for is held for the shortest time, and by nobody who may still wait for another.
    """
    _last.setdefault(connection, []).append(work)


class Database:
    """Opens transactions; one per process, shared by every service in it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # SQLite lets one at a time write, and has the others ask again and again: whoever is lucky, not who came first.
        self._turns = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Changes that take effect together when the block ends, or not at all."""
        async with self._turn(), self._engine.begin() as connection:
            yield connection
            for work in _last.pop(connection, ()):
                await work(connection)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """For one statement, which takes effect by itself.

        On PostgreSQL it holds no lock beyond its end, also where this process stands still right then.
        """
        if self._turns is not None:
            async with self.transaction() as connection:
                yield connection
            return
        async with self._engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def ready(self) -> str:
        """`ok`, or why the database does not answer."""
        try:
            async with self._turn(), self._engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except (SQLAlchemyError, OSError) as error:
            return f"the database does not answer ({type(error).__name__})"
        return "ok"

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns is None:
            yield
            return
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise NoTurn(f"Others kept the database for {TURN_SECONDS} s.") from None
        try:
            yield
        finally:
            self._turns.release()


def insert(connection: AsyncConnection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, which SQLite and PostgreSQL both speak but SQLAlchemy keeps apart."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


async def insert_new(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken; answers whether it was inserted."""
    statement = insert(connection, table).values(row).on_conflict_do_nothing()
    # Asked for the key, not for a row count, which PostgreSQL's driver does not tell of an insertion.
    return (await connection.execute(statement.returning(*table.primary_key))).first() is not None


async def open_database(folder: Path, url: str) -> Database:
    """Connect and bring the schema up to date; an empty `url` keeps a SQLite file in `folder`. Raises StartupError."""
    try:
        engine = postgresql_engine(url) if url else _sqlite(folder)
        async with engine.begin() as connection:
            if url:
                await connection.exec_driver_sql(ALONE)
                await connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            await connection.run_sync(migrate)
    except (SQLAlchemyError, ArgumentError, OSError) as error:
        raise StartupError(f"The setting storage.url leads to no usable database: {_first_line(error)}") from error
    return Database(engine)


def postgresql_engine(url: str) -> AsyncEngine:
    """Connections to the database of the setting `storage.url`, its tables found by their names alone."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    options = {"options": f"-csearch_path={SCHEMA}", "connect_timeout": CONNECT_SECONDS}
    return create_async_engine(parsed, connect_args=options, pool_size=10, pool_pre_ping=True, hide_parameters=True)


def _sqlite(folder: Path) -> AsyncEngine:
    if (folder / UNFINISHED).exists():
        raise StartupError(f"A restore of {folder} was interrupted: run `tollway restore` again.")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"sqlite+aiosqlite:///{folder / 'tollway.db'}"
    engine = create_async_engine(address, connect_args={"timeout": TURN_SECONDS}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's late one
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could not get the lock any more: take it at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "invalidate")
    def give_up(connection: Any, *_: Any) -> None:
        # What was cancelled with rows still to be read would keep the lock, even once closed, until it is collected.
        connection.run_async(lambda driver: asyncio.shield(driver.rollback()))

    return engine


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, the latest unless said."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
