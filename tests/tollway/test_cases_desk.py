"""What people see of the cases: pages, filters and counts; and what is escalated."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import update

from tollway.canonical.case import Category, OwnerRole, Severity
from tollway.canonical.casework import CaseFilter, DeskCount
from tollway.case_settings import CaseSettings
from tollway.cases import Cases
from tollway.cases.actors import Actor
from tollway.cases.desk import Desk
from tollway.cases.escalation import Escalation, raised
from tollway.problems import Rejected
from tollway.storage.leases import Leases
from tollway.storage.tables import cases as table

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
LEAD = Actor("lead", frozenset({OwnerRole.OPERATIONS_LEAD}))
FINANCE = Actor("fred", frozenset({OwnerRole.FINANCE_OPERATIONS}))


async def park(database, number: int, category: Category = Category.CREDIT_HOLD):
    error = Rejected(f"No {number}.", category=category)
    return await Cases(database).park("customer-onboarding", f"p:{number}", f"D-{number}", error, legal_entity="NWC-US")


async def make_late(database, case, by: dt.timedelta = dt.timedelta(minutes=1)) -> None:
    """Have a case be due in the past, by the database's clock as well as by ours."""
    late = {"due_at": case.opened_at - by, "escalates_at": case.opened_at - by}
    async with database.transaction() as connection:
        await connection.execute(update(table).where(table.c.id == case.id).values(late))


@either
async def test_pages_follow_one_another_without_gap_or_repetition(database):
    """Page after page, behind the last case of the one before, every case is seen once and the oldest first."""
    made = [(await park(database, number)).id for number in range(7)]
    desk, seen, after = Desk(database), [], ""
    while page := await desk.cases(CaseFilter(limit=3, after=after), LEAD):
        assert len(page) <= 3
        seen += [case.id for case in page]
        after = seen[-1]
    assert seen == made


@either
async def test_filters_hold_together(database):
    """A case is listed when it fits all that is asked: category, role, entity, assignee, age, lateness, whose it is."""
    held = await park(database, 1)
    missing = await park(database, 2, Category.MISSING_TAX_REGISTRATION)
    desk = Desk(database)
    await desk.assign(held.id, "fred", LEAD)
    await make_late(database, missing)

    async def ids(actor: Actor = LEAD, **wanted) -> list[str]:
        return [case.id for case in await desk.cases(CaseFilter(**wanted), actor)]

    assert await ids(category=Category.CREDIT_HOLD) == [held.id]
    assert await ids(role=OwnerRole.SALES_OPERATIONS) == [missing.id]
    assert await ids(legal_entity="NWC-US", subject="D-2") == [missing.id]
    assert await ids(legal_entity="NWC-UK") == []
    assert await ids(assignee="fred") == [held.id]
    assert await ids(severity=Severity.NORMAL) == [held.id, missing.id]
    assert await ids(overdue=True) == [missing.id]
    assert await ids(opened_before=missing.opened_at) == [held.id]
    assert await ids(FINANCE, mine=True) == [held.id]
    assert await ids(LEAD, mine=True) == [held.id, missing.id]
    await Cases(database).cancel(missing.id, "sue")
    assert await ids(overdue=True) == []


@either
async def test_desks_are_counted(database):
    """Each desk tells by category how much waits, how much of it is late, and how much nobody has taken."""
    first, second = await park(database, 1), await park(database, 2)
    await park(database, 3, Category.PLATFORM_AWAY)
    closed = await park(database, 4, Category.UNFORESEEN)
    desk = Desk(database)
    await desk.assign(first.id, "fred", LEAD)
    await make_late(database, second)
    await Cases(database).cancel(closed.id, "sue")
    held = DeskCount(
        role=OwnerRole.FINANCE_OPERATIONS, category=Category.CREDIT_HOLD, waiting=2, overdue=1, unassigned=1
    )
    away = DeskCount(role=OwnerRole.INTEGRATION, category=Category.PLATFORM_AWAY, waiting=1, overdue=0, unassigned=1)
    assert await desk.counts() == [held, away]
    assert await desk.counts(FINANCE) == [held]


@either
async def test_what_is_late_is_escalated_once_by_one_worker(database):
    """However many workers look, an overdue case weighs more once and the lead is called in; what is in time stays."""
    late, in_time = await park(database, 1), await park(database, 2)
    await make_late(database, late)
    told: list[tuple[str, str]] = []

    async def observer(_connection, case, did) -> None:
        told.append((case.id, did))

    workers = [Escalation(database, Leases(database, name), CaseSettings(), [observer]) for name in ("a", "b", "c")]
    await asyncio.gather(*(worker.look() for worker in workers))
    for worker in workers:
        await worker.look()
    assert told == [(late.id, "escalated")]
    cases = Cases(database)
    now = await cases.get(late.id)
    assert (now.severity, now.escalated_to) == (Severity.HIGH, OwnerRole.OPERATIONS_LEAD)
    assert await cases.get(in_time.id) == in_time
    assert [event.did for event in await Desk(database).history(late.id)] == ["opened", "escalated"]


async def test_what_stays_late_is_escalated_until_it_is_critical(database):
    """Each time the given hours pass again a case weighs more; a critical one in the lead's hands is left there."""
    case = await park(database, 1)
    worker = Escalation(database, Leases(database, "a"), CaseSettings())
    severities = []
    for _ in range(4):
        async with database.transaction() as connection:
            due_again = table.c.escalates_at.is_not(None) & (table.c.id == case.id)
            await connection.execute(update(table).where(due_again).values(escalates_at=case.opened_at))
        severities += [one.severity for one in await worker.look()]
    assert severities == [Severity.HIGH, Severity.CRITICAL]
    assert raised(Severity.CRITICAL) is Severity.CRITICAL


async def test_an_escalated_case_stays_on_its_desk_while_it_halts_alike(database):
    """The same trouble again leaves owner, assignee and the clock as they are; another trouble starts anew."""
    case = await park(database, 1)
    await Desk(database).assign(case.id, "fred", LEAD)
    await make_late(database, case)
    await Escalation(database, Leases(database, "a"), CaseSettings()).look()
    alike = await park(database, 1)
    assert (alike.assignee, alike.severity, alike.escalated_to) == ("fred", Severity.HIGH, OwnerRole.OPERATIONS_LEAD)
    assert alike.due_at < case.due_at
    other = await park(database, 1, Category.UNFORESEEN)
    assert (other.assignee, other.severity, other.escalated_to) == ("", Severity.NORMAL, None)
    assert other.due_at > alike.due_at


@either
async def test_of_two_first_halts_at_once_one_case_comes(database):
    """Two workers that park the same process at the same moment open one case between them."""
    parked = await asyncio.gather(*(park(database, 1) for _ in range(4)))
    assert len({case.id for case in parked}) == 1
    assert max(case.occurrences for case in parked) == 4


async def test_a_case_in_hand_is_closed_by_that_hand_only(database):
    """An action whose case was put back on the desk meanwhile cannot close it behind whoever has it now."""
    case, cases = await park(database, 1), Cases(database)
    await cases.retrying(case.id, "ann", "first")
    await cases.reopen(case.id)
    await cases.retrying(case.id, "bob", "second")
    with pytest.raises(Exception, match="retrying, not open"):
        await cases.cancel(case.id, "ann", "first")
    assert (await cases.cancel(case.id, "bob", "second")).closed_by == "bob"
