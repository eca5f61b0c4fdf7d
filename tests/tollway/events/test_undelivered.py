"""Whoever is responsible for integration hears of receivers that do not take what is sent."""

import pytest

from tollway.canonical.case import CaseStatus, Category, OwnerRole
from tollway.canonical.subscription import SubscriptionStatus
from tollway.cases import Cases
from tollway.events.undelivered import Undelivered

OWNER = "partner-app"
either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
def look(database, cases):
    """Looks, and answers the cases that are open."""

    async def look():
        await Undelivered(database, cases).look()
        return await cases.list(CaseStatus.OPEN)

    return look


@either
async def test_a_dead_letter_is_a_case_until_it_is_taken(
    tell, subscribe, worker, receiver, failures, log, until, look, cases
):
    """The case says whose subscription it is and what came back; it is one case, and closes by itself."""
    made = await subscribe(receiver.url)
    assert await look() == []
    receiver.answers = lambda _: 500
    await tell(1, 2)
    work = worker(0.001)
    await until(lambda: len(receiver.received) == 4, work.turn)
    (case,) = await look()
    assert (case.category, case.owner_role) == (Category.DELIVERY_FAILED, OwnerRole.INTEGRATION)
    assert case.subject == made.id
    assert case.summary == (
        "The subscription “all of it” of partner-app did not take 2 events, however often tried. "
        "It answered 500: so it is"
    )
    assert [one.occurrences for one in await look()] == [1]
    receiver.answers = lambda _: 204
    for letter in await failures.dead(made.id, 0, 10):
        assert len(await look()) == 1
        await failures.redeliver(made.id, await log.event(letter.event_id))
    await until(lambda: len(receiver.taken) == 2, work.turn)
    assert await look() == []
    assert (await cases.get(case.id)).status is CaseStatus.RESOLVED


async def test_a_receiver_that_is_gone_is_a_case_until_its_subscription_goes_on(
    tell, subscribe, worker, receiver, subscriptions, look
):
    """After 410 the case says so; when somebody resumes, it is closed."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda _: 410
    await tell(1)
    await worker().turn()
    (case,) = await look()
    assert case.summary == "The subscription “all of it” of partner-app is disabled. It answered 410: so it is"
    await subscriptions.set_status(OWNER, made.id, SubscriptionStatus.ACTIVE)
    assert await look() == []


async def test_what_a_person_let_be_is_a_case_again_only_when_more_fails(
    tell, subscribe, worker, receiver, until, look, cases
):
    """A case that was cancelled stays so while nothing new was given up, and a removed subscription has none."""
    await subscribe(receiver.url)
    receiver.answers = lambda _: 500
    await tell(1)
    work = worker(0.001)
    await until(lambda: len(receiver.received) == 2, work.turn)
    (case,) = await look()
    await cases.cancel(case.id, "anna")
    assert await look() == []
    await tell(2)
    await until(lambda: len(receiver.received) == 4, work.turn)
    (again,) = await look()
    assert again.id != case.id


async def test_the_case_of_a_subscription_ends_with_it(
    tell, subscribe, worker, receiver, subscriptions, until, look, cases
):
    """Nobody has to mend a receiver that nobody wants any more."""
    made = await subscribe(receiver.url)
    receiver.answers = lambda _: 500
    await tell(1)
    await until(lambda: len(receiver.received) == 2, worker(0.001).turn)
    (case,) = await look()
    await subscriptions.remove(OWNER, made.id)
    assert await look() == []
    assert (await cases.get(case.id)).status is CaseStatus.RESOLVED
