"""What an operator does with processes: look at them, replay them from a step, cancel them."""

import asyncio

import pytest

from tollway.canonical.case import CaseStatus
from tollway.canonical.process import ProcessFilter, ProcessStatus
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.problems import Conflict, Invalid, NotFound, Rejected

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
SECONDS = 60


@pytest.fixture
def shops(make_shop, database):
    """Shops by the order each is for."""
    return {number: make_shop(Effects(database, [0.0]), number) for number in ("O-1", "O-2", "O-3")}


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
async def engine(open_engine, cases, tmp_path, storage_url, shops):
    async with open_engine(cases, tmp_path, storage_url, shops.__getitem__) as engine:
        yield engine


async def run(engine, shop):
    await engine.start("order", shop.id, shop.order)
    return await engine.wait(shop.id, SECONDS)


async def test_a_finished_process_is_replayed_from_a_step(engine, shops):
    """Earlier steps keep what they answered, later ones run again, and an effect takes place once all the same."""
    shop = shops["O-1"]
    await run(engine, shop)
    await engine.replay(shop.id, from_step=2)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert shop.did == ["read", "pay", "ship", "ship"]
    detail = await engine.inspect(shop.id)
    assert detail.result == '"terms 1, paid 1, shipped"'
    for step in (0, 5):
        with pytest.raises(Conflict, match=f"took steps 1 to 3; it has no step {step}"):
            await engine.replay(shop.id, from_step=step)
    for again in (engine.replay, engine.retry):
        with pytest.raises(NotFound):
            await again("order:none")


async def test_a_parked_process_is_replayed_from_where_it_failed(engine, shops, cases):
    """Replayed from the step that failed, a parked process reads nothing anew, and its case is closed at the end."""
    shop = shops["O-1"]
    shop.wrong["ship"] = [Rejected("The dock is closed.")]
    assert (await run(engine, shop)).status is ProcessStatus.PARKED
    case = await cases.open_case(shop.id)
    detail = await engine.inspect(shop.id)
    assert (detail.error, detail.attempts, detail.worker) == ("The dock is closed.", 1, "")
    assert [(step.number, step.name, step.output, step.error) for step in detail.steps] == [
        (1, "read", '"terms 1"', ""),
        (2, "pay", '"paid 1"', ""),
        (3, "ship", "", "The dock is closed."),
    ]
    assert all(detail.created_at <= step.ended_at for step in detail.steps)
    await engine.replay(shop.id, from_step=3)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert shop.did == ["read", "pay", "ship", "ship"]
    assert (await cases.get(case.id)).status is CaseStatus.RESOLVED


async def test_a_running_process_is_cancelled_at_its_next_step(engine, shops, cases):
    """A cancelled process ends the step it is at and begins no other, and lands on no desk; it can be replayed."""
    shop = shops["O-1"]
    shop.gate = asyncio.Event()
    await engine.start("parallel", shop.id, shop.order)
    await shop.waiting.wait()
    while "quick" not in shop.did:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    with pytest.raises(Conflict, match="is running; cancel it"):
        await engine.replay(shop.id)
    with pytest.raises(Conflict, match="is running; cancel it"):
        await engine.retry(shop.id)
    assert await engine.give_up("parallel", shop.id) == shop.order
    assert (await engine.state(shop.id)).status is ProcessStatus.CANCELLED
    shop.gate.set()
    await asyncio.sleep(0.5)
    assert shop.did == ["quick", "slow"]
    assert await cases.open_case(shop.id) is None
    await engine.replay(shop.id)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert shop.did[-1] == "ship"


async def test_processes_are_listed_in_pages(engine, shops):
    """Every process is on one page, the latest first, and a filter leaves the others out."""
    shops["O-2"].wrong["read"] = [Rejected("No.")]
    for shop in shops.values():
        await run(engine, shop)
    first = await engine.processes(ProcessFilter(limit=2))
    second = await engine.processes(ProcessFilter(limit=2, cursor=first.cursor))
    assert [item.process_id for item in (*first.items, *second.items)] == ["order:O-3", "order:O-2", "order:O-1"]
    assert second.cursor == ""
    parked = await engine.processes(ProcessFilter(status=ProcessStatus.PARKED))
    assert [(item.process_id, item.process) for item in parked.items] == [("order:O-2", "order")]
    assert (await engine.processes(ProcessFilter(process="parallel"))).items == []
    with pytest.raises(Invalid, match="cursor"):
        await engine.processes(ProcessFilter(cursor="nonsense"))
