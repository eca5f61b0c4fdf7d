"""What waits for a platform only is retried by itself; what waits for a person is not."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import update

from tollway.canonical.case import CaseStatus, Category
from tollway.cases import Cases
from tollway.cases.due import FIRST, LONGEST, wakes_at
from tollway.cases.waking import Waking
from tollway.problems import Conflict, NotFound, Rejected, Throttled, Unavailable
from tollway.storage.leases import Leases
from tollway.storage.tables import cases as table

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
AWAY = Unavailable("NetSuite cannot be reached.")
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def woken():
    """The processes that were run again."""
    return []


@pytest.fixture
def waking(database, woken):
    """Wakes the cases of this database."""

    async def retry(process_id: str) -> None:
        woken.append(process_id)

    return Waking(database, Leases(database, "worker"), Cases(database), retry)


async def _time_passes(database) -> None:
    async with database.transaction() as connection:
        past = table.c.wakes_at.is_not(None)
        await connection.execute(update(table).where(past).values(wakes_at=NOW))


@either
async def test_a_platform_that_was_away_is_asked_again(database, waking, woken):
    """A process that waits for a platform is run again when its time has come, and not before."""
    case = await Cases(database).park("collections", "c:1", "PRJ-1", AWAY)
    assert case.wakes_at > case.opened_at
    assert await waking.look() == 0
    await _time_passes(database)
    assert await waking.look() == 1
    assert await waking.look() == 0
    assert woken == ["c:1"]
    assert (await Cases(database).get(case.id)).status is CaseStatus.RETRYING


@either
async def test_what_a_person_must_mend_waits(database, waking, woken):
    """A refusal is never retried by itself."""
    case = await Cases(database).park("collections", "c:1", "PRJ-1", Rejected("No.", category=Category.CREDIT_HOLD))
    assert case.wakes_at is None
    await _time_passes(database)
    assert (await waking.look(), woken) == (0, [])


async def test_a_finding_that_is_no_process_is_left_alone(database):
    """A case of something that is no process goes back on its desk and is not looked at again."""

    async def retry(process_id: str) -> None:
        raise NotFound(process_id)

    waking = Waking(database, Leases(database, "worker"), Cases(database), retry)
    case = await Cases(database).park("reconciliation", "drift:1", "PRJ-1", AWAY)
    await _time_passes(database)
    assert [await waking.look(), await waking.look()] == [1, 0]
    left = await Cases(database).get(case.id)
    assert (left.status, left.wakes_at) == (CaseStatus.OPEN, None)


@either
async def test_a_retry_that_does_not_begin_is_tried_again(database, woken):
    """What cannot be run again at this moment holds nobody up: its case is on its desk, to be woken a little later."""

    async def retry(process_id: str) -> None:
        if process_id == "c:1":
            raise OSError(process_id)
        woken.append(process_id)

    waking = Waking(database, Leases(database, "worker"), Cases(database), retry)
    case, _ = [await Cases(database).park("collections", f"c:{number}", "PRJ-1", AWAY) for number in (1, 2)]
    await _time_passes(database)
    assert await waking.look() == 2
    assert woken == ["c:2"]
    left = await Cases(database).get(case.id)
    assert (left.status, left.wakes_at > case.opened_at) == (CaseStatus.OPEN, True)
    assert await waking.look() == 0


async def test_what_must_not_run_again_is_left_to_others(database):
    """A process that runs already, or was given up, is not woken again and again; its case stays on its desk."""

    async def retry(process_id: str) -> None:
        raise Conflict(f"Process {process_id} was given up.")

    waking = Waking(database, Leases(database, "worker"), Cases(database), retry)
    case = await Cases(database).park("collections", "c:1", "PRJ-1", AWAY)
    await _time_passes(database)
    assert [await waking.look(), await waking.look()] == [1, 0]
    left = await Cases(database).get(case.id)
    assert (left.status, left.wakes_at) == (CaseStatus.OPEN, None)


@either
async def test_of_several_workers_one_wakes(database, woken):
    """However many workers look at once, a process is run again once."""

    async def retry(process_id: str) -> None:
        woken.append(process_id)

    await Cases(database).park("collections", "c:1", "PRJ-1", AWAY)
    await _time_passes(database)
    workers = [Waking(database, Leases(database, f"w{number}"), Cases(database), retry) for number in range(4)]
    await asyncio.gather(*(worker.look() for worker in workers))
    assert woken == ["c:1"]


def test_the_pauses_grow_and_heed_the_platform():
    """Each halt doubles the pause up to an hour, and a platform that asks for more gets it."""
    pauses = [(wakes_at(NOW, Category.PLATFORM_AWAY, AWAY, halts) - NOW).total_seconds() for halts in (1, 2, 3, 50)]
    assert pauses == [FIRST, 2 * FIRST, 4 * FIRST, LONGEST]
    daily = Throttled("The day's calls are used up.", retry_after=7200)
    assert (wakes_at(NOW, Category.QUOTA_EXHAUSTED, daily, 1) - NOW).total_seconds() == 7200
