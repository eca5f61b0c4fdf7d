"""Durable processes: recorded step by step, parked on trouble and retried."""

import pytest
import pytest_asyncio
from sqlalchemy.exc import OperationalError

from tollway import context
from tollway.canonical.case import Category, OwnerRole
from tollway.canonical.process import ProcessStatus
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import steps
from tollway.problems import NotFound, Rejected, Throttled, Unavailable
from tollway.retries import NotSent, Retries, RetryBudget, RetrySettings
from tollway.storage import open_database

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECONDS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(tmp_path_factory):
    """The business tables that all tests of this module share, as they share the engine."""
    database = await open_database(tmp_path_factory.mktemp("business"), "")
    yield database
    await database.close()


@pytest.fixture(scope="module")
def shops() -> dict:
    """The shops of all tests, by the order each is for."""
    return {}


@pytest.fixture(scope="module")
def cases(database) -> Cases:
    return Cases(database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(open_engine, cases, shops, tmp_path_factory):
    """One engine for all tests, since it takes seconds to stop."""
    async with open_engine(cases, tmp_path_factory.mktemp("engine"), "", shops.__getitem__) as engine:
        yield engine


@pytest.fixture
def shop(make_shop, shops, database):
    """A shop with an order of its own."""
    made = make_shop(Effects(database, [0.0]), f"O-{len(shops) + 1}")
    return shops.setdefault(made.order.project_number, made)


@pytest.fixture
def impatient(engine, monkeypatch):
    """Steps are tried twice only, so that giving up takes half a second."""
    monkeypatch.setattr(engine._runs, "retries", Retries(RetrySettings(not_sent=NotSent(attempts=2))))


async def test_a_process_runs_once_step_by_step(engine, shop):
    """A started process finishes with its steps recorded in order, and a second start under its id changes nothing."""
    seen = []
    engine.watchers.append(lambda told: seen.append((told.happened, told.detail)))
    for _ in range(2):
        await engine.start("order", shop.id, shop.order)
        state = await engine.wait(shop.id, SECONDS)
    assert (state.status, state.process) == (ProcessStatus.FINISHED, "order")
    assert [(info.number, info.name, info.error) for info in state.steps] == [
        (1, "read", ""),
        (2, "pay", ""),
        (3, "ship", ""),
    ]
    assert shop.did == ["read", "pay", "ship"]
    assert seen == [("started", ""), ("step", "read"), ("step", "pay"), ("step", "ship"), ("finished", "")]


async def test_a_process_goes_on_under_the_request_it_was_started_by(engine, shop):
    """Every step carries the correlation id of whoever started the process."""
    token = context.enter(context.new_context(correlation_id="C-1"))
    await engine.start("order", shop.id, shop.order)
    context.leave(token)
    await engine.wait(shop.id, SECONDS)
    assert shop.correlation == {"C-1"}


async def test_a_process_that_halts_again_keeps_its_case(engine, shop, cases):
    """A retry that fails like the first try puts the same case back on its desk, with one more occurrence."""
    shop.wrong["read"] = [Rejected("No."), Rejected("Still no.")]
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    first = await cases.open_case(shop.id)
    await engine.start_or_retry("order", shop.id, shop.order, retry=False)
    assert shop.did == ["read"]
    await engine.start_or_retry("order", shop.id, shop.order, retry=True)
    await engine.wait(shop.id, SECONDS)
    again = await cases.open_case(shop.id)
    assert (again.id, again.occurrences, again.summary) == (first.id, 2, "Still no.")


async def test_steps_side_by_side_keep_their_numbers(engine, shop):
    """Steps that run together are numbered by the order they are written in, whichever is done first."""
    await engine.start("parallel", shop.id, shop.order)
    state = await engine.wait(shop.id, SECONDS)
    assert shop.did == ["quick", "slow", "ship"]
    assert [(info.number, info.name) for info in state.steps] == [(1, "slow"), (2, "quick"), (3, "ship")]


async def test_of_steps_side_by_side_the_refusal_is_what_parks(engine, shop, cases, impatient):
    """When one of two steps is refused and the other's platform is away, the case says what somebody must mend."""
    shop.wrong = {"slow": [Unavailable("Away.")] * 2, "quick": [Rejected("The project is closed.")]}
    await engine.start("parallel", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    case = await cases.open_case(shop.id)
    assert (case.category, case.summary) == (Category.PLATFORM_REFUSED, "The project is closed.")


async def test_what_nobody_foresaw_is_a_case_without_a_stack_trace(engine, shop, cases):
    """An exception of no known kind parks the process as unforeseen, names its type and tells no more."""
    shop.wrong["read"] = [KeyError("secret")]
    await engine.start("order", shop.id, shop.order)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.PARKED
    case = await cases.open_case(shop.id)
    assert (case.category, case.owner_role) == (Category.UNFORESEEN, OwnerRole.INTEGRATION)
    assert case.summary == "Something failed that nobody foresaw (KeyError)."
    assert shop.did == ["read"]


async def test_a_moment_away_is_waited_for(engine, shop, cases):
    """A platform that is away or overloaded for a moment is asked again, without anybody noticing."""
    shop.wrong["read"] = [Throttled("Slow down.", retry_after=1)]
    await engine.start("order", shop.id, shop.order)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert shop.did == ["read", "read", "pay", "ship"]
    assert not await cases.was_parked(shop.id)


async def test_our_own_database_may_be_away_meanwhile(engine, shop, cases, monkeypatch):
    """When the database is away as a step that waits asks whether its process was given up, it asks again."""
    asked = []

    async def away_once(process_id: str) -> bool:
        asked.append(process_id)
        if len(asked) == 1:
            raise OperationalError("SELECT", {}, ConnectionError("The server closed the connection."))
        return False

    monkeypatch.setattr(steps, "was_given_up", away_once)
    shop.wrong["read"] = [Unavailable("The CRM is away.")]
    await engine.start("order", shop.id, shop.order)
    assert (await engine.wait(shop.id, SECONDS)).status is ProcessStatus.FINISHED
    assert asked == [shop.id] * 2
    assert shop.did == ["read", "read", "pay", "ship"]
    assert not await cases.was_parked(shop.id)


async def test_a_platform_that_stays_away_parks_the_process(engine, shop, cases, impatient):
    """After the last attempt the process waits on a case for the platform to come back."""
    shop.wrong["read"] = [Unavailable("The CRM is away.")] * 2
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    case = await cases.open_case(shop.id)
    assert (case.category, case.summary) == (Category.PLATFORM_AWAY, "The CRM is away.")
    assert shop.did == ["read", "read"]


async def test_processes_share_a_budget_of_retries(engine, make_shop, shops, database, monkeypatch):
    """However many processes meet a platform that is down, all repeat no more than the budget, and then park."""
    settings = RetrySettings(
        not_sent=NotSent(attempts=5, base=0.01), budget=RetryBudget(burst=3, per_second=0, per_success=0)
    )
    monkeypatch.setattr(engine._runs, "retries", Retries(settings))
    made = [make_shop(Effects(database, [0.0]), f"O-budget-{number}") for number in range(4)]
    for shop in made:
        shops[shop.order.project_number] = shop
        shop.wrong["read"] = [Unavailable("The CRM is away.")] * 10
        await engine.start("order", shop.id, shop.order)
    states = [await engine.wait(shop.id, SECONDS) for shop in made]
    assert [state.status for state in states] == [ProcessStatus.PARKED] * 4
    assert sum(len(shop.did) for shop in made) == 4 + 3


async def test_a_platform_that_asks_for_a_long_pause_parks_at_once(engine, shop, cases):
    """A daily limit that is used up is not waited for inside a step."""
    shop.wrong["read"] = [Throttled("Used up until midnight.", retry_after=3600)]
    await engine.start("order", shop.id, shop.order)
    await engine.wait(shop.id, SECONDS)
    assert (await cases.open_case(shop.id)).category is Category.PLATFORM_AWAY
    assert shop.did == ["read"]


async def test_an_unknown_process_is_not_found(engine, shop):
    """The state of a process that was never started is not there."""
    with pytest.raises(NotFound, match="There is no process nobody"):
        await engine.state("nobody")


async def test_outside_of_a_process_a_step_is_the_plain_method(shop):
    """A step that no process calls just runs, and raises what it raises."""
    assert await shop.read(shop.order) == "terms 1"
    shop.wrong["read"] = [Unavailable("Away.")]
    with pytest.raises(Unavailable):
        await shop.read(shop.order)
