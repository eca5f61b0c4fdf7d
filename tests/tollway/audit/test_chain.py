"""The chain of the audit shows every change, on SQLite and on PostgreSQL."""

import asyncio
import tracemalloc

import pytest
from sqlalchemy import select, text

from tollway.audit import verification
from tollway.audit.chain import START, Head, following, parsed
from tollway.audit.record import Deed
from tollway.audit.trail import AuditTrail
from tollway.audit.verification import read_head, verify
from tollway.problems import StartupError
from tollway.storage import open_database
from tollway.storage.tables import audit

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
COPY = ", ".join(column.name for column in audit.columns if column.name != "id")


@either
async def test_what_was_written_is_verified(filled):
    """An audit that nobody touched is as it was written, to its head."""
    result = await verify(filled)
    assert (result.records, result.head.position, result.broken) == (30, 30, None)
    assert result.head == await read_head(filled)


async def test_an_empty_audit_is_verified(database):
    """An audit without records has the head that every chain begins with."""
    result = await verify(database)
    assert (result.records, result.head, result.broken) == (0, START, None)


@pytest.mark.parametrize(
    ("change", "position", "why"),
    [
        ("UPDATE audit SET subject = 'eve' WHERE id = 7", 7, "not what was written after record 6"),
        ("UPDATE audit SET said = '' WHERE id = 30", 30, "not what was written after record 29"),
        ("UPDATE audit SET status = 1 WHERE id = 1", 1, "not what was written after record 0"),
        ("DELETE FROM audit WHERE id = 7", 8, "or the records from 7 to 7 are gone"),
        ("DELETE FROM audit WHERE id <= 3", 4, "or the records from 1 to 3 are gone"),
        ("DELETE FROM audit WHERE id > 25", 26, "the records from here to 30 are gone"),
        ("DELETE FROM audit", 1, "the records from here to 30 are gone"),
        ("DELETE FROM audit_head", 30, "added beyond the head, which is 0"),
        ("UPDATE audit_head SET hash = 'f'", 30, "the head has another hash"),
        (f"INSERT INTO audit (id, {COPY}) SELECT 31, {COPY} FROM audit WHERE id = 30", 31, "added beyond the head"),
    ],
)
async def test_any_change_is_found(filled, tamper, change, position, why):
    """An edit, a deletion anywhere and an addition are found at the first record that does not fit."""
    await tamper(change)
    broken = (await verify(filled)).broken
    assert broken.position == position
    assert why in broken.why


async def test_every_field_counts(filled, tamper):
    """No field of a record can be changed unseen."""
    await tamper()
    async with filled.transaction() as connection:
        before = (await connection.execute(select(audit).where(audit.c.id == 12))).one()
    for column in [column for column in audit.columns if column.name not in ("id", "at")]:
        for value, position in (("8", 12), (getattr(before, column.name), None)):
            async with filled.transaction() as connection:
                await connection.execute(audit.update().where(audit.c.id == 12).values({column: value}))
            broken = (await verify(filled)).broken
            assert (broken and broken.position) == position, column.name


@either
async def test_another_time_is_found(filled, tamper):
    """The moment of a record cannot be changed unseen."""
    await tamper("UPDATE audit SET at = '2020-01-01 00:00:00.000000+00' WHERE id = 12")
    assert (await verify(filled)).broken.position == 12


@either
async def test_records_that_changed_places_are_found(filled, tamper):
    """Two records in each other's place are found at the first."""
    await tamper(
        "UPDATE audit SET id = 1000 WHERE id = 10",
        "UPDATE audit SET id = 10 WHERE id = 20",
        "UPDATE audit SET id = 20 WHERE id = 1000",
    )
    assert (await verify(filled)).broken.position == 10


async def test_a_record_slipped_in_is_found(filled, tamper):
    """A record that takes a place of its own, with those behind it moved up, is found there."""
    await tamper(
        "UPDATE audit SET id = id + 1000 WHERE id >= 10",
        "UPDATE audit SET id = id - 999 WHERE id >= 1000",
        f"INSERT INTO audit (id, {COPY}) SELECT 10, {COPY} FROM audit WHERE id = 9",
    )
    assert (await verify(filled)).broken.position == 10


async def test_a_chain_made_anew_does_not_fit_a_head_kept_elsewhere(filled, tamper):
    """Whoever rewrites the chain and its head is found by the head that was kept where it cannot be reached."""
    kept = await read_head(filled)
    await tamper("DELETE FROM audit WHERE id > 20")
    async with filled.transaction() as connection:
        row = (await connection.execute(select(audit).where(audit.c.id == 20))).one()
    await tamper_head(filled, Head(20, row.hash))
    assert (await verify(filled)).broken is None
    broken = (await verify(filled, pins=[kept])).broken
    assert (broken.position, broken.why) == (30, "it was kept elsewhere as a head and is gone")
    other = Head(15, "0" * 64)
    assert (await verify(filled, pins=[other])).broken.position == 15
    assert (await verify(filled, pins=[Head(20, row.hash)])).broken is None


async def tamper_head(database, head: Head) -> None:
    async with database.transaction() as connection:
        moved = text("UPDATE audit_head SET position = :position, hash = :hash")
        await connection.execute(moved, {"position": head.position, "hash": head.hash})


async def test_a_part_is_verified_by_itself(filled, tamper):
    """A range is compared from the record before it, and what is wrong outside of it does not count."""
    await tamper("UPDATE audit SET subject = 'eve' WHERE id = 7")
    assert (await verify(filled, 9, 12)).records == 4
    assert (await verify(filled, 9)).broken is None
    assert (await verify(filled, 3, 6)).broken is None
    assert (await verify(filled, 3, 9)).broken.position == 7


@pytest.mark.parametrize("page", [1, 7, 30, 31])
async def test_it_is_read_in_pages(filled, tamper, monkeypatch, page):
    """However the pages fall, every record is compared."""
    monkeypatch.setattr(verification, "PAGE", page)
    assert (await verify(filled)).records == 30
    await tamper("UPDATE audit SET subject = 'eve' WHERE id = 30")
    assert (await verify(filled)).broken.position == 30


async def test_memory_does_not_grow_with_the_audit(database, trail, monkeypatch):
    """Ten times as many records take no more memory to verify."""
    monkeypatch.setattr(verification, "PAGE", 100)

    async def peak() -> int:
        tracemalloc.start()
        assert (await verify(database)).broken is None
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    async def add(count: int) -> None:
        await asyncio.gather(*(trail.record(Deed(action="a.b", about=str(number))) for number in range(count)))

    await add(300)
    await peak()
    small = await peak()
    await add(2700)
    assert await peak() < 1.5 * small


@either
async def test_several_writers_make_one_chain(database, tmp_path, storage_url):
    """However many processes write at once, the chain has every record once and does not fork."""
    others = [await open_database(tmp_path, storage_url) for _ in range(3)]
    trails = [AuditTrail(one) for one in (database, *others)]
    deeds = [Deed(action="a.b", about=f"{number}") for number in range(100)]
    await asyncio.gather(*(trail.record(deed) for trail in trails for deed in deeds))
    for one in others:
        await one.close()
    result = await verify(database)
    assert (result.records, result.head.position, result.broken) == (400, 400, None)


@either
async def test_a_text_that_no_database_holds_is_replaced(database, trail):
    """A NUL is kept as the character that stands for what cannot be shown, and the chain holds."""
    await trail.record(Deed(action="a.b", about="x\0y", by="Zoë \u2028 \U0001f600"))
    async with database.transaction() as connection:
        row = (await connection.execute(select(audit))).one()
    assert (row.about, row.subject) == ("x\ufffdy", "Zoë \u2028 \U0001f600")
    assert (await verify(database)).broken is None


@either
async def test_what_is_written_meanwhile_is_left_for_the_next_time(filled, trail, monkeypatch):
    """Records that come while the chain is gone along are no fault of it."""
    monkeypatch.setattr(verification, "PAGE", 3)
    looking = asyncio.create_task(verify(filled))
    await asyncio.sleep(0)
    await asyncio.gather(*(trail.record(Deed(action="a.b", about="new")) for _ in range(20)))
    assert (await looking).broken is None
    assert (await verify(filled)).records == 50


def test_fields_that_are_empty_do_not_count():
    """A field added later, empty for older records, leaves their hashes as they are."""
    said = {"operation": "a.b", "status": 0}
    assert following(START, 1, said) == following(START, 1, said | {"new": ""})
    assert following(START, 1, said) != following(START, 1, said | {"status": 1})


@pytest.mark.parametrize("text", ["", "5", "x:" + "0" * 64, "5:abc", "²:" + "0" * 64])
def test_a_head_that_is_none_is_said(text):
    """What was not printed as a head is one sentence that says so."""
    with pytest.raises(StartupError, match="is no head of the audit"):
        parsed(text)
