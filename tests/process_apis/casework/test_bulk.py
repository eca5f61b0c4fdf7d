"""The same done about many cases: first told, then done, each for itself."""

import pytest

from process_apis.casework import bulk
from tollway.canonical.case import CaseStatus, Category
from tollway.canonical.casework import BulkAction, BulkOrder, CaseFilter
from tollway.problems import Invalid


async def parked(desk, count: int):
    return [await desk.parked("customer-onboarding", f"DEAL-{number}") for number in range(count)]


def order(action: BulkAction, **changes) -> BulkOrder:
    return BulkOrder(**{"filter": CaseFilter(), "action": action, "dry_run": False} | changes)


@pytest.mark.usefixtures("as_lead")
async def test_a_dry_run_tells_what_would_be_touched_and_touches_nothing(desk):
    """Unless the caller says otherwise an order only lists the cases it means."""
    cases = await parked(desk, 2)
    answer = await desk.casework.bulk(BulkOrder(filter=CaseFilter(subject="DEAL-1"), action=BulkAction.CANCEL))
    assert answer.dry_run
    assert [(item.case_id, item.done, item.summary) for item in answer.items] == [
        (cases[1].id, False, "The platform says no.")
    ]
    assert [await desk.status(case) for case in cases] == [CaseStatus.OPEN, CaseStatus.OPEN]
    assert desk.activation.cancelled == []


@pytest.mark.usefixtures("as_lead")
async def test_a_dry_run_tells_what_would_be_refused(desk):
    """The words are those of the refusal itself, case by case, for a retry as for a cancellation."""
    await parked(desk, 1)
    await desk.parked("reconciliation", "INV-1", Category.RECONCILIATION_DRIFT)
    undoing = await desk.parked("activation-cancellation", "DEAL-7")
    desk.engine.known = {undoing.process_id}
    for action, refused in ((BulkAction.RETRY, 1), (BulkAction.CANCEL, 2)):
        dry = await desk.casework.bulk(order(action, dry_run=True))
        assert [bool(item.refusal) for item in dry.items] == [number == refused for number in range(3)]
        assert not any(item.done for item in dry.items)
        narrow = CaseFilter(subject=dry.items[refused].subject)
        (real,) = (await desk.casework.bulk(order(action, filter=narrow))).items
        assert real.refusal == dry.items[refused].refusal
    assert (desk.engine.retried, desk.engine.given_up) == ([], [])


@pytest.mark.usefixtures("as_lead")
async def test_each_case_is_done_for_itself(desk):
    """What is refused for one case is told with it, and the others are done all the same."""
    first, second = await parked(desk, 2)
    drift = await desk.parked("reconciliation", "INV-1", Category.RECONCILIATION_DRIFT)
    answer = await desk.casework.bulk(order(BulkAction.RETRY))
    assert [(item.case_id, item.done) for item in answer.items] == [
        (first.id, True),
        (second.id, True),
        (drift.id, False),
    ]
    assert "nothing can run again" in answer.items[2].refusal
    assert desk.engine.retried == [first.process_id, second.process_id]
    assert (await desk.casework.bulk(order(BulkAction.RETRY))).items == answer.items[2:]


@pytest.mark.usefixtures("as_lead")
async def test_many_are_assigned_and_commented(desk):
    """Assignments and comments work on all cases of a filter, and are in each history."""
    cases = await parked(desk, 2)
    await desk.casework.bulk(order(BulkAction.ASSIGN, assignee="fred"))
    await desk.casework.bulk(order(BulkAction.COMMENT, comment="Released on Monday."))
    for case in cases:
        assert (await desk.casework.case(case.id)).assignee == "fred"
        assert await desk.did(case) == ["opened", "assigned", "commented"]


async def test_only_own_desks_are_touched(desk, acting):
    """A filter never reaches beyond what the caller may act on."""
    own = await desk.parked("customer-onboarding", "DEAL-1")
    other = await desk.parked("customer-onboarding", "DEAL-2", Category.MISSING_TAX_REGISTRATION)
    with acting("finance_operations"):
        answer = await desk.casework.bulk(order(BulkAction.CANCEL))
    assert [item.case_id for item in answer.items] == [own.id]
    assert await desk.status(other) is CaseStatus.OPEN


@pytest.mark.usefixtures("as_lead")
async def test_an_order_is_bounded_and_goes_on_behind_its_last_case(desk, monkeypatch):
    """No more than the most cases are taken at once, and the next order goes on behind the last."""
    monkeypatch.setattr(bulk, "MOST", 2)
    cases = await parked(desk, 3)
    first = await desk.casework.bulk(order(BulkAction.COMMENT, comment="x"))
    assert ([item.case_id for item in first.items], first.more) == ([case.id for case in cases[:2]], True)
    behind = CaseFilter(after=first.items[-1].case_id)
    rest = await desk.casework.bulk(order(BulkAction.COMMENT, comment="x", filter=behind))
    assert ([item.case_id for item in rest.items], rest.more) == ([cases[2].id], False)


@pytest.mark.usefixtures("as_lead")
@pytest.mark.parametrize(
    "changes",
    [{"action": BulkAction.COMMENT}, {"action": BulkAction.RETRY, "filter": CaseFilter(status=CaseStatus.RESOLVED)}],
)
async def test_an_order_that_makes_no_sense_is_refused(desk, changes):
    """A comment without words, or an action on closed cases, is refused before anything is done."""
    with pytest.raises(Invalid):
        await desk.casework.bulk(order(**changes))
