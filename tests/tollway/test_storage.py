"""The business database is what its tables say, on either database."""

import asyncio
import contextlib
import datetime as dt
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import TimeoutError as NoTurn

from tollway.problems import StartupError
from tollway.storage import database as storage
from tollway.storage import open_database
from tollway.storage.database import insert, insert_new
from tollway.storage.tables import cursors, metadata

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


@either
async def test_migrations_lead_to_the_tables(database):
    """An empty database that ran all migrations differs in nothing from the tables the code uses."""

    def differences(connection) -> list:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []


@either
async def test_a_moment_comes_back_as_it_was(database):
    """A moment is read back equal and in UTC, whatever zone it was written in."""
    moment = dt.datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    async with database.transaction() as connection:
        await connection.execute(insert(connection, cursors).values(name="n", moment=moment, after=""))
        read = (await connection.execute(select(cursors.c.moment))).scalar_one()
    assert (read, read.utcoffset()) == (moment, dt.timedelta(0))


@either
async def test_a_key_is_taken_once(database):
    """A row whose key is taken is not inserted, and the answer says so."""
    row = {"name": "n", "moment": dt.datetime.now(dt.UTC), "after": "first"}
    async with database.transaction() as connection:
        assert await insert_new(connection, cursors, row)
        assert not await insert_new(connection, cursors, row | {"after": "second"})
        assert (await connection.execute(select(cursors.c.after))).scalar_one() == "first"


@either
async def test_changes_take_effect_together_or_not_at_all(database):
    """A transaction that fails half way leaves nothing behind."""
    row = {"name": "n", "moment": dt.datetime.now(dt.UTC), "after": ""}

    async def fail_half_way() -> None:
        async with database.transaction() as connection:
            await insert_new(connection, cursors, row)
            raise KeyError

    with pytest.raises(KeyError):
        await fail_half_way()
    async with database.transaction() as connection:
        assert (await connection.execute(select(cursors))).all() == []


@either
async def test_opening_again_keeps_what_is_there(database, tmp_path, storage_url):
    """A second start finds the schema up to date and the data in place."""
    row = {"name": "n", "moment": dt.datetime.now(dt.UTC), "after": "x"}
    async with database.transaction() as connection:
        await insert_new(connection, cursors, row)
    again = await open_database(tmp_path, storage_url)
    async with again.transaction() as connection:
        assert (await connection.execute(select(cursors.c.after))).scalar_one() == "x"
    assert await again.ready() == "ok"
    await again.close()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/x", "no url"])
async def test_a_database_that_cannot_be_used_is_said(tmp_path, url):
    """A wrong address is one sentence that names the setting."""
    with pytest.raises(StartupError, match=r"^The setting storage\.url leads to no usable database: .+$"):
        await open_database(tmp_path, url)


async def test_who_is_cancelled_at_any_moment_leaves_nothing_locked(database, tmp_path):
    """Transactions cancelled while they connect, wait or write leave the lock to others."""

    async def write(key: str) -> None:
        async with database.transaction() as connection:
            await insert_new(connection, cursors, {"name": key, "moment": dt.datetime.now(dt.UTC), "after": ""})

    for number in range(40):
        tasks = [asyncio.create_task(write(f"{number}-{one}")) for one in range(12)]
        await asyncio.sleep(number / 4000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(write(f"{number}"), 20)
    await database.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "tollway.db", timeout=10)) as another:
        another.execute("BEGIN IMMEDIATE")


async def test_who_comes_first_is_served_first(database):
    """Transactions on SQLite take turns: left to itself it serves whoever is lucky, and some wait for seconds."""
    served: list[int] = []

    async def write(number: int) -> None:
        async with database.transaction() as connection:
            await insert_new(connection, cursors, {"name": f"{number}", "moment": dt.datetime.now(dt.UTC), "after": ""})
            served.append(number)

    await asyncio.gather(*(write(number) for number in range(60)))
    assert served == list(range(60))


async def test_who_waits_too_long_is_told(database, monkeypatch):
    """A transaction that another one keeps from beginning fails as one that no connection is left for."""
    monkeypatch.setattr(storage, "TURN_SECONDS", 0.05)
    async with database.transaction():
        with pytest.raises(NoTurn):
            async with database.transaction():
                pass
    assert await database.ready() == "ok"
