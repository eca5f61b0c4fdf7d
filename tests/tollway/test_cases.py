"""Parked work is a case with an owner, words and a due time, one per process."""

import asyncio
import datetime as dt

import pytest
from msgspec.structs import replace

from tollway import context
from tollway.canonical.case import CaseStatus, Category, OwnerRole
from tollway.cases import Cases
from tollway.cases.rules import RULES
from tollway.problem_document import Violation
from tollway.problems import (
    Conflict,
    ContractDrift,
    Invalid,
    NotFound,
    ProblemError,
    Rejected,
    Throttled,
    Unavailable,
    UnknownOutcome,
)

PROCESS = ("customer-onboarding", "customer-onboarding:DEAL-1", "DEAL-1")
NO = Rejected("The customer is on hold.", category=Category.CREDIT_HOLD)


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
async def test_parked_work_says_who_is_to_do_what(cases):
    """A case has the category's owner, remedy and due time, the problem's words and findings, and the request's id."""
    violation = Violation(pointer="/account/tax_registration", message="There is none.")
    error = Rejected("No tax registration.", category="missing_tax_registration", violations=[violation])
    token = context.enter(context.new_context(correlation_id="C-1"))
    case = await cases.park(*PROCESS, error)
    context.leave(token)
    assert (case.category, case.owner_role) == (Category.MISSING_TAX_REGISTRATION, OwnerRole.SALES_OPERATIONS)
    assert (case.status, case.summary, case.occurrences) == (CaseStatus.OPEN, "No tax registration.", 1)
    assert case.remedy == RULES[Category.MISSING_TAX_REGISTRATION].remedy
    assert case.due_at - case.opened_at == dt.timedelta(hours=8)
    assert case.opened_at.tzinfo is not None
    assert case.correlation_id == "C-1"
    assert [(found.field, found.message) for found in case.findings] == [("account.tax_registration", "There is none.")]
    assert await cases.get(case.id) == case


async def test_what_a_platform_quotes_is_masked(cases):
    """Credentials that a platform repeats in its words are neither in the summary nor in the evidence."""
    case = await cases.park(*PROCESS, Rejected("It refuses `Authorization: Bearer abcdefgh12345678`."))
    assert case.summary == case.evidence["said"] == "It refuses `Authorization: Bearer ***`."


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (NO, Category.CREDIT_HOLD),
        (Rejected("It refuses."), Category.PLATFORM_REFUSED),
        (Rejected("It refuses.", category="nobody's"), Category.PLATFORM_REFUSED),
        (Invalid("Not so."), Category.PLATFORM_REFUSED),
        (NotFound("Gone."), Category.PLATFORM_REFUSED),
        (Conflict("Contradiction."), Category.PLATFORM_REFUSED),
        (Throttled("Slow down."), Category.PLATFORM_AWAY),
        (Unavailable("Away."), Category.PLATFORM_AWAY),
        (UnknownOutcome("No answer."), Category.UNKNOWN_OUTCOME),
        (ContractDrift("Strange answer."), Category.CONTRACT_DRIFT),
        (ProblemError("What now?"), Category.UNFORESEEN),
    ],
)
async def test_each_problem_has_its_category(cases, error, category):
    """The kind of problem decides the category, unless a rule has named one itself."""
    assert (await cases.park(*PROCESS, error)).category is category


def test_every_category_has_a_rule():
    """No case lands on nobody's desk."""
    assert set(RULES) == set(Category)


async def test_parking_again_updates_the_open_case(cases):
    """A process that halts again has the same case, with the new reason, one more occurrence and open again."""
    first = await cases.park(*PROCESS, NO)
    await cases.retrying(first.id)
    again = await cases.park(*PROCESS, Unavailable("The ERP is away."))
    assert again.id == first.id
    assert (again.occurrences, again.status, again.category) == (2, CaseStatus.OPEN, Category.PLATFORM_AWAY)
    assert (again.summary, again.opened_at) == ("The ERP is away.", first.opened_at)
    assert len(await cases.list()) == 1


async def test_a_process_that_went_through_closes_its_case(cases):
    """A resolved case is closed, and a later halt of the same process opens a new one."""
    first = await cases.park(*PROCESS, NO)
    assert await cases.open_case(PROCESS[1]) == first
    await cases.resolve(PROCESS[1])
    closed = await cases.get(first.id)
    assert (closed.status, closed.closed_by) == (CaseStatus.RESOLVED, "retry")
    assert await cases.open_case(PROCESS[1]) is None
    assert (await cases.park(*PROCESS, NO)).id != first.id


async def test_of_racing_retries_one_wins(cases):
    """Of several people who retry the same case at once, one does and the others are told of a conflict."""
    case = await cases.park(*PROCESS, NO)
    tries = await asyncio.gather(*(cases.retrying(case.id) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in tries].count(Conflict) == 4


async def test_a_retry_that_never_began_is_reopened(cases):
    """Only a case that is being retried goes back to its desk; a cancelled one stays closed."""
    case = await cases.park(*PROCESS, NO)
    await cases.retrying(case.id)
    assert await cases.open_case(PROCESS[1]) is None
    await cases.reopen(case.id)
    assert await cases.open_case(PROCESS[1]) == case
    cancelled = await cases.cancel(case.id, "finance")
    await cases.reopen(case.id)
    assert await cases.get(case.id) == cancelled


async def test_whether_a_process_ever_halted_is_remembered(cases):
    """A process was parked from its first case on, even after that is closed."""
    assert not await cases.was_parked(PROCESS[1])
    await cases.park(*PROCESS, NO)
    await cases.resolve(PROCESS[1])
    assert await cases.was_parked(PROCESS[1])
    assert not await cases.was_parked("customer-onboarding:DEAL-2")


async def test_a_case_that_is_not_there_is_not_found(cases):
    """Reading, retrying or cancelling an unknown case says that there is none."""
    for answer in (cases.get("CASE-0"), cases.retrying("CASE-0"), cases.cancel("CASE-0", "me")):
        with pytest.raises(NotFound, match="There is no case CASE-0"):
            await answer


async def test_a_list_is_as_long_as_asked(cases):
    """The oldest cases come first, as many as are asked for."""
    made = [await cases.park("p", f"p:{number}", f"D-{number}", NO) for number in range(3)]
    assert await cases.list(limit=2) == made[:2]
    assert await cases.list(subject="D-2") == [replace(made[2])]
