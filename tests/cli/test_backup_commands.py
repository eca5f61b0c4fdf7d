"""`tollway backup` and `tollway restore`, as an operator runs them."""

import asyncio

import pytest
from sqlalchemy import func, select

from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.cli import app as cli
from tollway.engine.launching import sqlite
from tollway.problems import StartupError
from tollway.storage import open_database
from tollway.storage.tables import audit


@pytest.fixture
def state(tmp_path):
    """The state of an embedded installation with one record in its audit."""

    async def keep() -> None:
        database = await open_database(tmp_path, "")
        await AuditTrail(database).record(Deed(action="a.b", about="c"))
        await database.close()

    asyncio.run(keep())
    engine = sqlite(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE dbos_migrations (version BIGINT)")
        connection.exec_driver_sql("INSERT INTO dbos_migrations VALUES (1)")
    engine.dispose()
    return tmp_path


@pytest.fixture
def run(monkeypatch, variables, capsys):
    """Runs a command in the test's installation; answers what it printed."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def command(*words: str) -> str:
        cli.app(list(words), exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    return command


def records(state) -> int:
    """How many records the audit has."""

    async def count() -> int:
        database = await open_database(state, "")
        async with database.transaction() as connection:
            counted = (await connection.execute(select(func.count()).select_from(audit))).scalar_one()
        await database.close()
        return counted

    return asyncio.run(count())


def test_a_backup_is_made_and_restored(run, state):
    """Each says what it did; a restore asks to be told that what is there is to go."""
    archive = str(state / "b.tar")
    said = run("backup", archive)
    assert archive in said
    assert "audit's head is 1:" in said
    with pytest.raises(StartupError, match="--replace"):
        run("restore", archive)
    assert "is reconciled once it runs" in run("restore", archive, "--replace")
    assert records(state) == 2


def test_a_file_that_is_not_there_is_said(run, state):
    """One sentence, not a stack trace."""
    with pytest.raises(StartupError, match="cannot be read"):
        run("restore", str(state / "none.tar"))
