"""Notices that are stuck, as people see them and act on them."""

import pytest

from process_apis.ingress.service import NoticeIngress
from tollway.canonical.case import Category
from tollway.canonical.notice import Notice, NoticeStatus
from tollway.cases import Cases
from tollway.ingress.inbox import Inbox
from tollway.problems import Forbidden, NotFound, Rejected

NOTICE = Notice(source="webhook:billing", event_id="evt_1", kind="stripe", type="paid", subject="in_1", body="{}")


@pytest.fixture
def cases(database) -> Cases:
    return Cases(database)


@pytest.fixture
def ingress(database, cases) -> NoticeIngress:
    return NoticeIngress(Inbox(database), cases)


@pytest.fixture
async def stuck(database, ingress):
    """A notice that is stored."""
    await Inbox(database).store(NOTICE)
    (kept,) = await ingress.notices(None, "stripe", "in_1")
    return kept


async def test_what_is_given_up_is_given_up_with_its_case(ingress, stuck, cases, acting):
    """A skipped notice waits no more, and nobody has it on a desk any more; one that is unknown is none."""
    await cases.park("ingress", f"notice:{stuck.id}", "in_1", Rejected("No."))
    with acting("integration"):
        assert (await ingress.skip(stuck.id)).status is NoticeStatus.SKIPPED
        with pytest.raises(NotFound):
            await ingress.skip("999")
    (case,) = await cases.list()
    assert (case.status, case.closed_by) == ("cancelled", "ann@northwind")
    assert await ingress.notice("999") is None


@pytest.mark.parametrize("roles", [(), ("finance_operations",), ("sales_operations", "delivery")])
async def test_a_notice_without_a_case_is_a_matter_of_integration(ingress, stuck, acting, roles):
    """Who has another desk neither retries it nor gives it up; integration and the lead do."""
    with acting(*roles):
        for act in (ingress.retry, ingress.skip):
            with pytest.raises(Forbidden, match="integration"):
                await act(stuck.id)
    assert (await ingress.notice(stuck.id)).status is NoticeStatus.WAITING
    for role in ("integration", "operations_lead"):
        with acting(role):
            await ingress.retry(stuck.id)


async def test_a_notice_with_a_case_is_a_matter_of_whose_case_it_is(ingress, stuck, cases, acting):
    """The desk that its case is on takes it again, also while that case is being retried, and no other desk does."""
    problem = Rejected("No terms.", category=Category.INCOMPLETE_DEAL)
    case = await cases.park("ingress", f"notice:{stuck.id}", "in_1", problem)
    for retrying in (False, True):
        if retrying:
            await cases.retrying(case.id, "ann@northwind")
        with acting("integration"), pytest.raises(Forbidden, match="sales operations"):
            await ingress.retry(stuck.id)
        with acting("sales_operations"):
            await ingress.retry(stuck.id)
