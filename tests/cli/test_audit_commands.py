"""`tollway audit`, as an operator runs it."""

import re

import pytest
from sqlalchemy import text

from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.cli import app as cli
from tollway.storage import open_database

CONFIGURATION = "tollway.toml"


@pytest.fixture
def run(monkeypatch, variables, capsys):
    """Runs a command of `tollway audit` in the test's installation; answers what it printed and its exit status."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def command(*words: str) -> tuple[str, int]:
        try:
            cli.app(["audit", *words], exit_on_error=False)
        except SystemExit as end:
            return capsys.readouterr().out.strip(), int(end.code or 0)
        return capsys.readouterr().out.strip(), 0

    return command


@pytest.fixture
def filled(tmp_path):
    """An installation whose audit has three records, and a way to run a statement behind its back."""
    import asyncio  # noqa: PLC0415 - the commands under test run loops of their own

    async def work(*statements: str) -> None:
        database = await open_database(tmp_path, "")
        if not statements:
            trail = AuditTrail(database)
            for number in range(3):
                await trail.record(Deed(action="a.b", about=str(number)))
        async with database.transaction() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await database.close()

    asyncio.run(work())
    return lambda *statements: asyncio.run(work(*statements))


def test_an_untouched_audit_is_told_with_its_head(run, filled):
    """Verification says how many records are as they were, and names the head that `head` prints."""
    head, _ = run("head")
    assert re.fullmatch(r"3:[0-9a-f]{64}", head)
    said, status = run("verify", "--pin", head)
    assert (said, status) == (f"3 records of the audit are as they were written; its head is {head}", 0)
    assert run("verify", "--from", "2", "--to", "3")[0].startswith("2 records")


def test_a_changed_record_is_named_with_exit_status_1(run, filled):
    """The first record that was changed is named, and the command fails."""
    filled("DROP TRIGGER audit_refuses_update", "UPDATE audit SET about = 'x' WHERE id = 2")
    said, status = run("verify")
    assert (said, status) == ("Record 2 of the audit: it is not what was written after record 1.", 1)
