"""Records from before the chain."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from tollway import storage
from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.audit.verification import verify
from tollway.storage import database as storage_database
from tollway.storage import open_database

COLUMNS = (
    "at, product, operation, client, subject, issuer, token_id, address, method, path, status, outcome, "
    "correlation_id, idempotency_key, body_sha256, duration_ms"
)
OLD = f"""
    INSERT INTO audit ({COLUMNS})
    VALUES ('2026-03-29 01:30:00.123456', 'sales', 'op', 'c', 's', 'i', 't', 'a', 'POST', '/x', 200, 'done', 'corr',
            '', '', 12.345)
"""


def migrating_to(revision: str):
    def migrate(connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request) -> str:
    """The setting `storage.url` of a database without any table."""
    return request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""


async def test_older_records_are_chained_in_their_order(tmp_path, empty_url, monkeypatch):
    """An upgrade chains what is there, with the gaps that a sequence left; then the chain goes on, and holds."""
    with monkeypatch.context() as patched:
        patched.setattr(storage_database, "migrate", migrating_to("0008"))
        old = await open_database(tmp_path, empty_url)
    async with old.transaction() as connection:
        for _ in range(4):
            await connection.execute(text(OLD))
        await connection.execute(
            text(f"INSERT INTO audit (id, {COLUMNS}) SELECT id + 5, {COLUMNS} FROM audit WHERE id = 4")
        )
    await old.close()
    new = await open_database(tmp_path, empty_url)
    await AuditTrail(new).record(Deed(action="a.b", about="after"))
    result = await verify(new)
    assert (result.records, result.head.position, result.broken) == (6, 10, None)
    async with new.transaction() as connection:
        with pytest.raises(Exception, match="append-only"):
            await connection.execute(text("UPDATE audit SET subject = 'eve' WHERE id = 2"))
    await new.close()
