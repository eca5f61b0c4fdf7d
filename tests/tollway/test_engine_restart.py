"""What a process is worth after a stop: it goes on where it was, on either database."""

import asyncio

import pytest

from tollway.canonical.case import CaseStatus, Category, OwnerRole
from tollway.canonical.process import ProcessStatus
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.problems import Rejected

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
SECONDS = 60


@pytest.fixture
def shop(make_shop, database):
    return make_shop(Effects(database, [0.0]))


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
def start(open_engine, cases, tmp_path, storage_url):
    """Runs an engine over the same state each time it is opened."""
    return lambda shop: open_engine(cases, tmp_path, storage_url, lambda _: shop)


async def test_a_refusal_parks_the_process_and_a_retry_reads_anew(start, shop, cases):
    """A refused process is parked with a case; retried, it runs from its first step, but what took effect stays."""
    shop.wrong["ship"] = [Rejected("The customer is on hold.", category=Category.CREDIT_HOLD)]
    async with start(shop) as engine:
        await engine.start("order", shop.id, shop.order)
        assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.PARKED
        case = await cases.open_case(shop.id)
        assert (case.process, case.subject, case.category) == ("order", "O-1", Category.CREDIT_HOLD)
        assert (case.owner_role, case.summary) == (OwnerRole.FINANCE_OPERATIONS, "The customer is on hold.")
        assert case.remedy.startswith("Release the customer's credit hold")
        await cases.retrying(case.id)
        await engine.retry(shop.id)
        assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
        assert shop.did == ["read", "pay", "ship", "read", "ship"]
        assert (await cases.get(case.id)).status is CaseStatus.RESOLVED


async def test_a_restart_goes_on_where_it_stopped(start, shop, make_shop, database):
    """A process that was in the middle of a step when the engine stopped takes that step again, and no earlier one."""
    shop.gate = asyncio.Event()
    async with start(shop) as engine:
        await engine.start("order", shop.id, shop.order)
        await shop.waiting.wait()
        assert (await engine.state(shop.id)).status is ProcessStatus.RUNNING
    later = make_shop(Effects(database, [0.0]))
    async with start(later) as engine:
        assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
        assert later.did == ["ship"]


async def test_a_retry_that_never_began_is_offered_again_after_a_restart(start, shop, cases):
    """A case that was marked as being retried before the engine stopped is back on its desk at the next start."""
    shop.wrong["read"] = [Rejected("No.")]
    async with start(shop) as engine:
        await engine.start("order", shop.id, shop.order)
        await engine.wait(shop.id, SECONDS)
        case = await cases.retrying((await cases.open_case(shop.id)).id)
    async with start(shop):
        assert (await cases.get(case.id)).status is CaseStatus.OPEN
