"""The load shedding policy."""

import asyncio
import time

import pytest

from policies.load_shedding import LoadShedding
from tollway.problems import Overloaded
from tollway.resilience.load import Load


@pytest.fixture
def gate():
    """A next handler whose requests stay in flight until it is opened."""

    class Gate:
        def __init__(self) -> None:
            self.opened = asyncio.Event()
            self.inside = 0

        async def __call__(self, _):
            self.inside += 1
            await self.opened.wait()
            self.inside -= 1
            return "answered"

    return Gate()


def load_of(resources) -> Load:
    """The load that the policy counts in."""
    return resources.gateway.kept["", "load"]


async def entered(handler, requests) -> list[asyncio.Task]:
    """Tasks that have got as far as they can."""
    tasks = [asyncio.create_task(handler(request)) for request in requests]
    await asyncio.sleep(0)
    return tasks


async def test_bulk_gives_way_before_interactive(make_request, gate, resources) -> None:
    """Bulk fills its share and no more; interactive requests go on until all is full."""
    people = LoadShedding(in_flight=4, bulk_share=0.5).wrap(gate, resources)
    bulk = LoadShedding(in_flight=4, bulk_share=0.5, kind="bulk").wrap(gate, resources)
    tasks = await entered(bulk, [make_request(), make_request()])
    assert gate.inside == 2
    with pytest.raises(Overloaded) as refused:
        await at_once(bulk, make_request())
    assert refused.value.problem().type == "urn:tollway:problem:temporary-reduced-capacity"
    tasks += await entered(people, [make_request(), make_request()])
    assert gate.inside == 4
    with pytest.raises(Overloaded):
        await at_once(people, make_request())
    gate.opened.set()
    assert await asyncio.gather(*tasks) == ["answered"] * 4
    assert await bulk(make_request()) == "answered"


@pytest.mark.parametrize(
    ("priority", "admitted"),
    [("u=5", False), ("u=7, i", False), ("i, u=6", False), ("u=4", True), ("u=0", True), ("", True), ("menu=7", True)],
)
async def test_a_caller_may_give_way(make_request, gate, resources, priority, admitted) -> None:
    """`Priority: u=5` and beyond make a request bulk; no priority makes it more than it is."""
    handler = LoadShedding(in_flight=2, bulk_share=0.5).wrap(gate, resources)
    tasks = await entered(handler, [make_request(), make_request(headers={"priority": priority})])
    assert gate.inside == 1 + admitted
    gate.opened.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], Overloaded) is not admitted


async def test_operations_may_be_bulk(make_request, gate, resources) -> None:
    """An operation that the routes call bulk gives way although its product is interactive."""
    handler = LoadShedding(in_flight=2, bulk_share=0.5, bulk_operations=("listOrders",)).wrap(gate, resources)
    (task,) = await entered(handler, [make_request()])
    with pytest.raises(Overloaded):
        await at_once(handler, make_request(target="/orders/v1/orders"))
    gate.opened.set()
    await task


def test_an_operation_that_is_not_there_cannot_be_bulk(following, resources) -> None:
    """A misspelt operation is told when the routes are built."""
    with pytest.raises(ValueError, match="no operation nothing"):
        LoadShedding(bulk_operations=("nothing",)).wrap(following, resources)


async def test_requests_that_fail_or_are_given_up_are_not_in_flight(make_request, gate, resources) -> None:
    """Whatever becomes of a request, it is counted out again."""

    async def failing(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await LoadShedding().wrap(failing, resources)(make_request())
    (task,) = await entered(LoadShedding().wrap(gate, resources), [make_request()])
    assert load_of(resources).in_flight == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert load_of(resources).in_flight == 0


async def test_those_refused_together_come_again_apart(make_request, gate, resources) -> None:
    """Retry-After spreads those who are refused over several seconds, and each refusal is counted."""
    handler = LoadShedding(in_flight=1).wrap(gate, resources)
    (task,) = await entered(handler, [make_request()])
    waits = set()
    for _ in range(8):
        with pytest.raises(Overloaded) as refused:
            await at_once(handler, make_request())
        waits.add(refused.value.retry_after)
    assert waits == {1, 2, 3, 4}
    assert load_of(resources).shed.series(("orders", "interactive")) == [8]
    gate.opened.set()
    await task


async def test_a_process_that_is_late_sheds_bulk_then_all(make_request, gate, resources) -> None:
    """When ready work keeps waiting for the event loop bulk is refused, later all, and none once it is idle again."""
    people = LoadShedding(delay=0.2, bulk_delay=0.05).wrap(gate, resources)
    bulk = LoadShedding(delay=0.2, bulk_delay=0.05, kind="bulk").wrap(gate, resources)
    (task,) = await entered(people, [make_request()])
    await busy(0.1, turns=12)
    with pytest.raises(Overloaded):
        await at_once(bulk, make_request())
    tasks = [task, *await entered(people, [make_request()])]
    assert gate.inside == 2
    await busy(0.25, turns=12)
    with pytest.raises(Overloaded):
        await at_once(people, make_request())
    gate.opened.set()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0.1)
    assert load_of(resources).delay == 0
    assert await bulk(make_request()) == "answered"


async def test_a_burst_is_no_standing_queue(make_request, gate, resources) -> None:
    """One long turn of the event loop, between short ones, refuses nobody."""
    handler = LoadShedding(delay=0.05, bulk_delay=0.05).wrap(gate, resources)
    (task,) = await entered(handler, [make_request()])
    await busy(0.3, turns=1)
    await asyncio.sleep(0.2)
    tasks = [task, *await entered(handler, [make_request()])]
    assert gate.inside == 2
    gate.opened.set()
    await asyncio.gather(*tasks)


async def at_once(handler, request):
    """What the handler answers without waiting for the gate."""
    async with asyncio.timeout(20):
        return await handler(request)


async def busy(seconds: float, turns: int) -> None:
    """Keep the event loop from everything else for so long, so many times."""
    for _ in range(turns):
        time.sleep(seconds)  # noqa: ASYNC251 - that is what is to be noticed
        await asyncio.sleep(0)
