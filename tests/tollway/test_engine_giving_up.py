"""Processes that somebody gives up: nothing more begins, nothing lands on a desk, and nothing begins later either."""

import asyncio

import pytest

from tollway.canonical.case import CaseStatus
from tollway.canonical.process import ProcessFilter, ProcessStatus
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import history
from tollway.problems import Conflict, Rejected, Throttled

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
SECONDS = 60


@pytest.fixture
def shop(make_shop, database):
    return make_shop(Effects(database, [0.0]))


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
async def engine(open_engine, cases, tmp_path, storage_url, shop):
    async with open_engine(cases, tmp_path, storage_url, lambda _: shop) as engine:
        yield engine


async def test_what_nobody_has_started_never_begins(engine, shop):
    """A process that is given up before anybody starts it does nothing when it is started, and counts as cancelled."""
    assert await engine.give_up("order", shop.id) is None
    await engine.start("order", shop.id, shop.order)
    await asyncio.sleep(0.5)
    assert shop.did == []
    assert (await engine.state(shop.id)).status is ProcessStatus.CANCELLED


async def test_a_running_process_is_given_up_wherever_it_is(engine, shop, cases):
    """The step under way ends, whatever it ends in; no other begins and no case is opened; the argument is answered."""
    shop.gate = asyncio.Event()
    shop.wrong["ship"] = [Rejected("The dock is closed.")]
    await engine.start("order", shop.id, shop.order)
    await shop.waiting.wait()
    assert await engine.give_up("order", shop.id) == shop.order
    shop.gate.set()
    await asyncio.sleep(0.5)
    assert shop.did == ["read", "pay", "ship"]
    assert (await engine.state(shop.id)).status is ProcessStatus.CANCELLED
    assert await cases.list() == []


async def test_a_step_that_waits_to_be_tried_again_is_not(engine, shop):
    """A step between two tries is not tried again once its process is given up."""
    shop.wrong["ship"] = [Throttled("Too much.", retry_after=0.5) for _ in range(3)]
    await engine.start("order", shop.id, shop.order)
    while "ship" not in shop.did:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await engine.give_up("order", shop.id)
    await asyncio.sleep(2)
    assert shop.did.count("ship") == 1


async def test_a_parked_process_counts_as_cancelled(engine, shop, cases):
    """Given up, a parked process is no longer listed among those that wait, and its case is closed."""
    shop.wrong["ship"] = [Rejected("The dock is closed.")]
    await engine.start("order", shop.id, shop.order)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.PARKED
    await engine.give_up("order", shop.id)
    assert (await engine.processes(ProcessFilter(status=ProcessStatus.PARKED))).items == []
    assert (await engine.inspect(shop.id)).status is ProcessStatus.CANCELLED
    (case,) = await cases.list()
    assert (case.status, case.closed_by) == (CaseStatus.CANCELLED, "tollway")


async def test_what_was_given_up_is_not_retried(engine, shop, cases):
    """Neither a retry nor another start takes a process up again that was given up while its case was in a hand."""
    shop.wrong["ship"] = [Rejected("The dock is closed.")]
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    case = await cases.retrying((await cases.open_case(shop.id)).id, hand="somebody's")
    await engine.give_up("order", shop.id)
    assert (await cases.get(case.id)).status is CaseStatus.RETRYING
    await cases.reopen(case.id)
    with pytest.raises(Conflict, match="was given up and does not run again"):
        await engine.retry(shop.id)
    await engine.start_or_retry("order", shop.id, shop.order, retry=True)
    assert (await cases.get(case.id)).status is CaseStatus.OPEN
    await asyncio.sleep(0.5)
    assert shop.did == ["read", "pay", "ship"]
    assert (await engine.state(shop.id)).status is ProcessStatus.CANCELLED


async def test_a_case_that_is_being_retried_is_closed_with_its_process(engine, shop, cases):
    """A process that is given up while it runs again leaves no case behind that counts as being retried."""
    shop.wrong["pay"] = [Rejected("The card is declined.")]
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    shop.gate = asyncio.Event()
    await engine.start_or_retry("order", shop.id, shop.order, retry=True)
    await shop.waiting.wait()
    await engine.give_up("order", shop.id)
    shop.gate.set()
    assert [case.status for case in await cases.list()] == [CaseStatus.CANCELLED]


async def test_what_has_finished_stays_finished(engine, shop):
    """A finished process is not changed by being given up."""
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    assert await engine.give_up("order", shop.id) == shop.order
    assert (await engine.state(shop.id)).status is ProcessStatus.FINISHED


async def test_processes_are_found_by_what_they_are_about(engine, shop):
    """The subject is a part of the id, not how it begins; the moment leaves out what began before."""
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    (item,) = (await engine.processes(ProcessFilter(subject="O-1"))).items
    assert item.process_id == shop.id
    assert (await engine.processes(ProcessFilter(subject="O"))).items == []
    since = ProcessFilter(since=item.created_at)
    assert len((await engine.processes(since)).items) == 1
    assert (await engine.processes(ProcessFilter(since=item.created_at.replace(year=2999)))).items == []


async def test_a_retry_and_a_give_up_take_turns(engine, shop, cases, monkeypatch):
    """Given up between a retry's look at it and its running again, a process ends all the same, and stays ended."""
    shop.wrong["ship"] = [Rejected("The dock is closed.")]
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    shop.gate, given_up, status = asyncio.Event(), [], history.status

    async def slowly(process_id: str) -> ProcessStatus:
        seen = await status(process_id)
        if not given_up:
            given_up.append(asyncio.create_task(engine.give_up("order", shop.id)))
            await asyncio.sleep(0.5)  # time enough, if it would not wait
        return seen

    monkeypatch.setattr(history, "status", slowly)
    await engine.start_or_retry("order", shop.id, shop.order, retry=True)
    await given_up[0]
    shop.gate.set()
    await asyncio.sleep(0.5)
    assert (await engine.state(shop.id)).status is ProcessStatus.CANCELLED
    assert shop.did.count("ship") == 1
    assert [case.status for case in await cases.list()] == [CaseStatus.CANCELLED]
