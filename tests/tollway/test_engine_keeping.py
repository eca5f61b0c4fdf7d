"""What the engine keeps, for how long, and for whom: retention, versions, and processes that nobody was told of."""

import asyncio

import pytest
from sqlalchemy import func, insert, select, update

from tollway.canonical.case import Category
from tollway.canonical.process import ProcessStatus
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import Overlooked, Retention, underneath
from tollway.engine.stranded import Stranded
from tollway.engine.versions import VERSION, versions
from tollway.problems import NotFound, Rejected
from tollway.retention_settings import RetentionSettings

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
SECONDS = 60
DAY_MS = 86_400_000
NUMBERS = ("O-1", "O-2", "O-3", "O-4")


@pytest.fixture
def shops(make_shop, database):
    """Shops by the order each is for."""
    return {number: make_shop(Effects(database, [0.0]), number) for number in NUMBERS}


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
async def engine(open_engine, cases, tmp_path, storage_url, shops):
    async with open_engine(cases, tmp_path, storage_url, shops.__getitem__) as engine:
        yield engine


async def run(engine, shop, name="order"):
    await engine.start(name, shop.id, shop.order)
    return await engine.wait(shop.id, SECONDS)


def change(process_id: str, **values) -> None:
    """What time, another release or a broken disk would do to the record of a process."""
    with underneath.system_engine().begin() as connection:
        mine = underneath.statuses.c.workflow_uuid == process_id
        connection.execute(update(underneath.statuses).where(mine).values(values))


def rows(table) -> int:
    with underneath.system_engine().connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def test_history_is_forgotten_by_policy(engine, shops, cases, database):
    """What ended longer ago than its kind is kept goes without orphans; what is younger, or waits on a case, stays."""
    shops["O-3"].wrong["read"] = [Rejected("No.")]
    for number, name in zip(NUMBERS, ("order", "order", "order", "parallel"), strict=True):
        await run(engine, shops[number], name)
    for number in ("O-2", "O-3", "O-4"):
        row = await engine.inspect(shops[number].id)
        change(shops[number].id, completed_at=int(row.ended_at.timestamp() * 1000) - 31 * DAY_MS)
    retention = Retention(RetentionSettings(days=30, processes={"parallel": 60}), database, engine)
    assert await retention.turn() == 1
    left = {item.process_id for item in (await engine.processes()).items}
    assert left == {shops[number].id for number in ("O-1", "O-3", "O-4")}
    with pytest.raises(NotFound):
        await engine.state(shops["O-2"].id)
    assert rows(underneath.outputs) == 3 + 1 + 3
    await cases.cancel((await cases.open_case(shops["O-3"].id)).id, "somebody")
    assert await retention.turn() == 1
    assert (await run(engine, shops["O-2"])).status is ProcessStatus.FINISHED
    assert shops["O-2"].did == ["read", "pay", "ship", "read", "ship"]  # begun anew by its id, it pays no second time


async def test_what_happens_once_never_begins_anew(engine, shops, database):
    """Of a kind that begins once the steps are forgotten, once; what finished or was given up does not begin again."""
    finished, never = shops["O-1"], shops["O-2"]
    await run(engine, finished, "only once")
    await engine.give_up("only once", never.id)
    for shop in (finished, never):
        change(shop.id, completed_at=1)
    retention = Retention(RetentionSettings(days=30), database, engine)
    assert [await retention.turn(), await retention.turn()] == [1, 0]
    assert rows(underneath.outputs) == 0
    assert (await run(engine, finished, "only once")).status is ProcessStatus.FINISHED
    assert (await run(engine, never, "only once")).status is ProcessStatus.CANCELLED
    assert (finished.did, never.did) == (["read", "pay", "ship"], [])
    await engine.replay(finished.id)
    assert (await engine.wait(finished.id, SECONDS)).status is ProcessStatus.FINISHED
    assert finished.did == ["read", "pay", "ship", "read", "ship"]


async def test_only_one_worker_forgets(engine, shops, database):
    """While one worker deletes, another leaves it alone."""
    await run(engine, shops["O-1"])
    change(shops["O-1"].id, completed_at=1)
    settings = RetentionSettings(days=30)
    engine.executor = "another"
    assert await Retention(RetentionSettings(days=10**6), database, engine).turn() == 0
    engine.executor = "tests"
    assert await Retention(settings, database, engine).turn() == 0
    assert (await engine.state(shops["O-1"].id)).status is ProcessStatus.FINISHED


async def test_what_halted_untold_lands_on_a_desk(engine, shops, cases, database):
    """A process that halted without a case, however that came, gets one, once, and a retry brings it through."""
    await run(engine, shops["O-1"])
    change(shops["O-1"].id, status="MAX_RECOVERY_ATTEMPTS_EXCEEDED")
    shops["O-2"].wrong["read"] = [Rejected("No.", category=Category.CREDIT_HOLD)]
    await run(engine, shops["O-2"])
    overlooked = Overlooked(database, cases, engine)
    await overlooked.look()
    await overlooked.look()
    case = await cases.open_case(shops["O-1"].id)
    assert (case.subject, case.category, case.occurrences) == ("O-1", Category.UNFORESEEN, 1)
    assert (await cases.open_case(shops["O-2"].id)).occurrences == 1
    await engine.start_or_retry("order", shops["O-1"].id, shops["O-1"].order, retry=True)
    assert (await engine.wait(shops["O-1"].id, SECONDS)).status is ProcessStatus.FINISHED


async def test_what_halts_untold_once_more_lands_on_a_desk(engine, shops, cases, database):
    """A closed case says nothing of a later halt: a process that went through and halts anew gets another case."""
    shop, overlooked = shops["O-1"], Overlooked(database, cases, engine)
    shop.wrong["read"] = [Rejected("No.")]
    await run(engine, shop)
    first = await cases.open_case(shop.id)
    await engine.start_or_retry("order", shop.id, shop.order, retry=True)
    await engine.wait(shop.id, SECONDS)
    change(shop.id, status="ERROR")  # it halted before its case was closed, as far as is recorded
    row = await engine.inspect(shop.id)
    change(shop.id, completed_at=int(row.ended_at.timestamp() * 1000) - DAY_MS)
    await overlooked.look()
    assert await cases.open_case(shop.id) is None
    change(shop.id, completed_at=int(row.ended_at.timestamp() * 1000) + DAY_MS)
    await overlooked.look()
    await overlooked.look()
    again = await cases.open_case(shop.id)
    assert (again.id != first.id, again.occurrences) == (True, 1)


async def test_a_retry_that_never_began_is_offered_again(engine, shops, cases, database):
    """A case marked as being retried by a worker that died then is back on its desk after two looks, not after one."""
    shops["O-1"].wrong["read"] = [Rejected("No.")]
    await run(engine, shops["O-1"])
    case = await cases.open_case(shops["O-1"].id)
    await cases.retrying(case.id)
    overlooked = Overlooked(database, cases, engine)
    await overlooked.look()
    assert await cases.open_case(shops["O-1"].id) is None
    await overlooked.look()
    assert (await cases.open_case(shops["O-1"].id)).id == case.id


async def test_a_cancellation_that_was_left_half_done_is_offered_again(engine, shops, cases, database):
    """Whoever had a case in hand to cancel it may stop once the process is given up: somebody else finishes that."""
    shops["O-1"].wrong["read"] = [Rejected("No.")]
    await run(engine, shops["O-1"])
    case = await cases.retrying((await cases.open_case(shops["O-1"].id)).id, hand="somebody's")
    await engine.give_up("order", shops["O-1"].id)
    overlooked = Overlooked(database, cases, engine)
    for _ in range(2):
        await overlooked.look()
    assert (await cases.open_case(shops["O-1"].id)).id == case.id


async def test_what_a_living_worker_lost_is_taken_up_again(engine, shops):
    """A process that is recorded as running where nothing of it runs goes on, once that has been so for a while."""
    shop = shops["O-1"]
    shop.gate = asyncio.Event()
    await engine.start("order", shop.id, shop.order)
    await shop.waiting.wait()
    stranded = Stranded(engine.executor, lambda: engine._runs.here, patience=0)
    await stranded.look()
    assert shop.did == ["read", "pay"]  # it runs, if slowly
    for task in underneath.running():
        task.cancel()
    shop.gate.set()
    await asyncio.sleep(0.5)
    assert (await engine.state(shop.id)).status is ProcessStatus.RUNNING
    await Stranded(engine.executor, lambda: engine._runs.here, patience=60).look()
    assert (await engine.state(shop.id)).status is ProcessStatus.RUNNING
    await stranded.look()
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert shop.did == ["read", "pay", "ship"]  # what was recorded is not done again


async def test_what_a_version_without_workers_left_begins_anew(engine, shops, database, tmp_path, storage_url):
    """Processes of a version that nobody works run as ours from the first step; a living one's stay."""
    await run(engine, shops["O-1"])
    await run(engine, shops["O-2"])
    for number, version in (("O-1", "0"), ("O-2", "2")):
        change(shops[number].id, status="PENDING", executor_id="gone", application_version=version, completed_at=None)
    counted = {
        one.version: (one.running, one.queued, one.parked) for one in await versions(database, tmp_path, storage_url)
    }
    assert counted == {"0": (1, 0, 0), VERSION: (0, 0, 0), "2": (1, 0, 0)}
    assert underneath.adopt(VERSION, living=["2"]) == [shops["O-1"].id]
    assert (await engine.wait(shops["O-1"].id, SECONDS)).status is ProcessStatus.FINISHED
    assert shops["O-1"].did == ["read", "pay", "ship", "read", "ship"]
    assert (await engine.state(shops["O-2"].id)).status is ProcessStatus.RUNNING


async def test_what_was_parked_by_another_version_is_retried_as_ours(engine, shops):
    """A retry of what an earlier version parked runs as the version of whoever retries it."""
    shops["O-1"].wrong["read"] = [Rejected("No.")]
    await run(engine, shops["O-1"])
    change(shops["O-1"].id, application_version="0")
    await engine.retry(shops["O-1"].id)
    assert (await engine.wait(shops["O-1"].id, SECONDS)).status is ProcessStatus.FINISHED
    assert (await engine.inspect(shops["O-1"].id)).version == VERSION


async def test_dbos_is_as_we_use_it(engine, shops):
    """What we use of DBOS beyond what it publishes does what we use it for."""
    await run(engine, shops["O-1"])
    change(shops["O-1"].id, status="PENDING", executor_id="dead", completed_at=None)
    with underneath.system_engine().begin() as connection:
        values = {"workflow_uuid": "order:other", "status": "PENDING", "name": "order", "executor_id": "dead"}
        more = {
            "created_at": 1,
            "updated_at": 1,
            "priority": 0,
            "application_version": "0",
            "application_name": "tollway",
        }
        connection.execute(insert(underneath.statuses).values(values | more))
    assert underneath.executors_at_work(VERSION) == {"dead"}
    underneath.give_back(["nobody"])
    assert underneath.executors_at_work(VERSION) == {"dead"}
    underneath.give_back(["dead"])
    assert (await engine.wait(shops["O-1"].id, SECONDS)).status is ProcessStatus.FINISHED
    assert shops["O-1"].did == ["read", "pay", "ship"]  # what was recorded is not done again
    assert (await engine.state("order:other")).status is ProcessStatus.RUNNING
    assert underneath.running() == set()
    underneath.take_no_more()
    await engine.start("order", shops["O-3"].id, shops["O-3"].order)
    assert (await engine.wait(shops["O-3"].id, SECONDS)).status is ProcessStatus.FINISHED  # what is started here runs
    engine._most = 0
    await engine.start("order", shops["O-4"].id, shops["O-4"].order)
    assert (await engine.wait(shops["O-4"].id, 1.5)).status is ProcessStatus.QUEUED
