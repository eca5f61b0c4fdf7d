"""An audit with records in it, and somebody who gets at its tables behind its back."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.storage import Database

RECORDS = 30


@pytest.fixture
def trail(database: Database) -> AuditTrail:
    return AuditTrail(database)


@pytest.fixture
async def filled(database: Database, trail: AuditTrail) -> Database:
    """A database whose audit has thirty records, written one after the other."""
    for number in range(1, RECORDS + 1):
        await trail.record(Deed(action="a.b", about=f"CASE-{number}", by="ann", details={"why": "mended"}))
    return database


@pytest.fixture
def tamper(filled: Database) -> Callable[..., Awaitable[None]]:
    """Runs statements as somebody who owns the database and takes its protection off first."""

    async def run(*statements: str) -> None:
        async with filled.transaction() as connection:
            if connection.dialect.name == "sqlite":
                for change in ("update", "delete"):
                    await connection.execute(text(f"DROP TRIGGER audit_refuses_{change}"))
            else:
                await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            for statement in statements:
                await connection.execute(text(statement))

    return run
