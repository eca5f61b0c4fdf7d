"""What is done inside is in the audit, in the transaction that does it."""

import asyncio
import hashlib

import pytest
from sqlalchemy import select

from gateway.reload import RoutesReload
from tollway import context
from tollway.audit.record import Deed
from tollway.audit.routes import routes_audited
from tollway.audit.trail import keep
from tollway.audit.verification import verify
from tollway.cases import Cases
from tollway.problems import Rejected
from tollway.storage.database import last
from tollway.storage.tables import audit

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


async def records(database) -> list:
    async with database.transaction() as connection:
        return list(await connection.execute(select(audit).order_by(audit.c.id)))


async def test_a_deed_names_who_did_it(database, trail):
    """Unless it says who, a deed is that of the caller whose request it is, and carries its correlation id."""
    token = context.enter(context.new_context("corr-1", subject="ann"))
    await trail.record(Deed(action="case.retried", about="CASE-1", details={"b": "2", "a": "1"}))
    context.leave(token)
    (row,) = await records(database)
    assert (row.kind, row.operation, row.about, row.subject, row.correlation_id, row.said) == (
        "deed", "case.retried", "CASE-1", "ann", "corr-1", '{"a":"1","b":"2"}',
    )  # fmt: skip


@either
async def test_a_deed_stands_or_falls_with_its_transaction(database):
    """What is rolled back leaves no record, and no gap in the chain."""

    async def fail() -> None:
        async with database.transaction() as connection:
            keep(connection, Deed(action="a.b", about="never"))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with database.transaction() as connection:
        keep(connection, Deed(action="a.b", about="first"))
        keep(connection, Deed(action="a.b", about="second"))
    assert [(row.id, row.about) for row in await records(database)] == [(1, "first"), (2, "second")]
    assert (await verify(database)).broken is None


async def test_what_comes_last_comes_after_everything_else(database):
    """Work that is put last in a transaction is done when its block ends, in order, and once."""
    done = []

    async def work(name: str) -> None:
        done.append(name)

    async with database.transaction() as connection:
        last(connection, lambda _: work("one"))
        last(connection, lambda _: work("two"))
        assert done == []
    async with database.transaction():
        pass
    assert done == ["one", "two"]


@pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)
async def test_writers_that_hold_rows_do_not_block_one_another_for_ever(database):
    """Transactions that touch the same rows in either order after a deed all go through."""
    cases = Cases(database)
    for subject in ("DEAL-1", "DEAL-2"):
        await cases.park("p", f"p:{subject}", subject, Rejected("no"))

    async def again(subject: str) -> None:
        for _ in range(10):
            await cases.park("p", f"p:{subject}", subject, Rejected("no"))

    async with asyncio.timeout(20):
        await asyncio.gather(*(again(subject) for subject in ("DEAL-1", "DEAL-2") * 3))
    assert (await verify(database)).broken is None


@either
async def test_what_is_done_about_a_case_is_there(database):
    """Opening, retrying and resolving a case are deeds about it; what people wrote is there as a digest only."""
    cases = Cases(database)
    case = await cases.park("p", "p:1", "DEAL-1", Rejected("The account has no tax id."))
    await cases.retrying(case.id, by="ann")
    await cases.resolve("p:1")
    kept = await records(database)
    assert {row.about for row in kept} == {case.id}
    assert [row.operation.partition(".")[0] for row in kept] == ["case"] * len(kept)
    assert "ann" in {row.subject for row in kept}
    assert "tax id" not in "".join(row.said for row in kept)


class Reloaded:
    """A gateway as far as reloading asks it."""

    def __init__(self, routes_file) -> None:
        self.routes_file = routes_file

    def reload(self) -> None:
        return None


async def test_routes_taken_into_use_are_there(database, tmp_path):
    """A reload of the routes is a deed with the digest of the file."""
    file = tmp_path / "routes.yaml"
    file.write_text("products: []")
    keeping, kept_it = routes_audited(database), asyncio.Event()

    async def taken(path) -> None:
        await keeping(path)
        kept_it.set()

    reload = RoutesReload(Reloaded(file), taken=taken)
    reload.start()
    reload.ask()
    async with asyncio.timeout(10):
        await kept_it.wait()
    await reload.stop()
    kept = await records(database)
    assert (kept[0].operation, kept[0].about) == ("routes.reloaded", "routes.yaml")
    assert hashlib.sha256(b"products: []").hexdigest() in kept[0].said
