"""Won deals are gone through page by page, each once."""

import datetime as dt

import pytest

from system_apis.crm.salesforce import operations
from system_apis.crm.salesforce.operations import SalesforceCrm
from tollway.canonical.deal import DealProgress
from tollway.canonical.listing import EVER, Span
from tollway.problems import Malformed

NEVER = Span(start=dt.date(2001, 1, 1), end=dt.date(2001, 1, 31))


@pytest.fixture
def crm(salesforce, monkeypatch):
    monkeypatch.setattr(operations, "LISTED", 2)
    return SalesforceCrm(salesforce.org)


async def test_every_deal_is_on_one_page(salesforce, crm, sell):
    """Five deals come on three pages of at most two, with the last saying that it is the last."""
    sold = {await sell(salesforce.org) for _ in range(5)}
    seen, after, pages = [], "", 0
    while pages == 0 or after:
        page = await crm.deal_standings(EVER, after)
        seen += [deal.id for deal in page.items]
        after, pages = page.next, pages + 1
    assert (len(seen), set(seen), pages) == (5, sold, 3)


async def test_a_deal_is_listed_by_its_day_or_for_its_project(salesforce, crm, sell):
    """A deal won outside of the span is listed if it has a project, and one that is not won never is."""
    told, _, open_deal = [await sell(salesforce.org) for _ in range(3)]
    await salesforce.org.update("Opportunity", open_deal, {"StageName": "Prospecting"})
    await crm.report_progress(DealProgress(deal_id=told, project_number="PRJ-1", billing_status="Paid"))
    (listed,) = (await crm.deal_standings(NEVER, "")).items
    assert (listed.id, listed.closed_on) == (told, dt.date(2025, 11, 14))
    assert (listed.progress.project_number, listed.progress.billing_status) == ("PRJ-1", "Paid")
    by_day = await crm.deal_standings(Span(start=dt.date(2025, 11, 14), end=dt.date(2025, 11, 14)), "")
    assert len(by_day.items) == 2


async def test_a_place_of_something_else_is_refused(crm):
    """What is no record id is no place to continue from, and never becomes part of a query."""
    with pytest.raises(Malformed):
        await crm.deal_standings(EVER, "' OR Id != '")
