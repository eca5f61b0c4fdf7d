"""The CRM port against a served org."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from system_apis.crm.registry import PLATFORMS
from system_apis.crm.salesforce import operations
from system_apis.crm.salesforce.operations import SalesforceCrm
from tollway.canonical.deal import DealProgress
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.record import Cursor
from tollway.ports.connection import Shared
from tollway.problems import NotFound, StartupError, Throttled, Unavailable, UnknownOutcome
from tollway.sandboxes import Fault

LONG_AGO = Cursor(moment=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
NO_SUCH = "006ak0000000999AAA"


class _Id(msgspec.Struct):
    Id: str


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@pytest.fixture
def crm(salesforce):
    return SalesforceCrm(salesforce.org)


async def test_a_deal_with_everything_takes_one_call(salesforce, crm, sell):
    """The deal, its account with parent, milestones and rates come in one call of the platform."""
    deal_id = await sell(salesforce.org)
    salesforce.calls()
    deal = await crm.deal(deal_id)
    assert salesforce.calls() == ["GET query"]
    assert (deal.name, deal.is_won, deal.value, deal.contract_type) == (
        "Data platform", True, eur("48000"), "fixed_fee",
    )  # fmt: skip
    assert deal.account is not None
    assert (deal.account.parent_name, deal.account.legal_entity) == ("Northwind Group", "DE01")
    assert deal.account.billing_address == Address(
        street="Hafenstr. 1", city="Hamburg", postal_code="20457", country="DE"
    )
    assert [(one.name, one.amount) for one in deal.milestones] == [("Design", eur("18000")), ("Go-live", eur("30000"))]
    assert [(one.role, one.hourly, one.planned_hours) for one in deal.rates] == [("Consultant", eur("150"), 320)]


async def test_products_of_a_deal_are_its_lines(salesforce, crm, sell):
    """An opportunity product becomes a line with its product's name."""
    org = salesforce.org
    deal_id = await sell(org)
    product = await org.create("Product2", {"Name": "Workshop", "ProductCode": "WS", "IsActive": True})
    book = await org.first("SELECT Id FROM Pricebook2 WHERE IsStandard = true", _Id, "Pricebook2")
    entry = {"Pricebook2Id": book.Id, "Product2Id": product, "UnitPrice": 900, "CurrencyIsoCode": "EUR"}
    entry_id = await org.create("PricebookEntry", entry | {"IsActive": True})
    line = {"OpportunityId": deal_id, "PricebookEntryId": entry_id, "Quantity": 2, "UnitPrice": 900}
    await org.create("OpportunityLineItem", line)
    [line] = (await crm.deal(deal_id)).lines
    assert (line.name, line.product_code, line.quantity, line.total) == ("Workshop", "WS", 2, eur("1800"))


async def test_what_is_missing_stays_missing(salesforce, crm):
    """A deal without account, amount and terms is read as it is, without invented defaults."""
    bare = {"Name": "Bare", "StageName": "Prospecting", "CloseDate": "2025-11-14"}
    deal = await crm.deal(await salesforce.org.create("Opportunity", bare))
    assert (deal.account, deal.value, deal.start, deal.payment_terms, deal.contract_type) == (None, None, None, "", "")
    assert not deal.is_won


@pytest.mark.parametrize("deal_id", [NO_SUCH, "D-1", "' OR Name != '"])
async def test_no_such_deal(crm, deal_id):
    """A deal that does not exist is not found, whatever its id looks like."""
    with pytest.raises(NotFound):
        await crm.deal(deal_id)
    assert await crm.find_progress(deal_id) is None


async def test_won_deals_of_the_same_moment_are_told_once_across_pages(salesforce, crm, sell, monkeypatch):
    """Deals that changed in the same second are paged by id: none is skipped, none told twice, open ones never."""
    monkeypatch.setattr(operations, "PAGE", 2)
    won = {await sell(salesforce.org) for _ in range(5)}
    await sell(salesforce.org, StageName="Prospecting")
    cursor, told, pages, more = LONG_AGO, [], 0, True
    while more:
        page = await crm.won_deals(cursor)
        told += [change.id for change in page.items]
        cursor, more, pages = page.cursor, page.more, pages + 1
    assert sorted(told) == sorted(won)
    assert pages == 3
    assert (await crm.won_deals(cursor)).items == []


async def test_a_cursor_without_id_has_seen_nothing_of_its_moment(salesforce, crm, sell):
    """A deal that changed at the very moment of a fresh cursor is told."""
    await sell(salesforce.org)
    [change] = (await crm.won_deals(LONG_AGO)).items
    assert [one.id for one in (await crm.won_deals(Cursor(moment=change.at))).items] == [change.id]
    assert (await crm.won_deals(Cursor(moment=change.at, id=change.id))).items == []


async def test_progress_is_written_in_one_call_and_leaves_the_rest_as_it_is(salesforce, crm, sell):
    """Only the fields that the progress names change, and writing them again changes nothing."""
    deal_id = await sell(salesforce.org)
    await crm.report_progress(DealProgress(deal_id=deal_id, project_number="PRJ-1", invoiced=eur("100.10")))
    salesforce.calls()
    for _ in range(2):
        await crm.report_progress(DealProgress(deal_id=deal_id, billing_status="Invoiced"))
    assert salesforce.calls() == [f"PATCH sobjects/Opportunity/{deal_id}"] * 2
    assert await crm.find_progress(deal_id) == DealProgress(
        deal_id=deal_id, project_number="PRJ-1", invoiced=eur("100.10"), billing_status="Invoiced"
    )


async def test_progress_that_says_nothing_is_not_sent(salesforce, crm):
    """A progress without any field makes no call."""
    await crm.report_progress(DealProgress(deal_id=NO_SUCH))
    assert salesforce.calls() == []


async def test_progress_on_a_deal_that_is_gone(crm):
    """Reporting on a deal that does not exist is not found."""
    with pytest.raises(NotFound):
        await crm.report_progress(DealProgress(deal_id=NO_SUCH, project_status="planned"))


async def test_a_lost_answer_is_unknown_and_the_deal_tells_that_it_happened(salesforce, crm, sell):
    """When the answer to a write is lost, its outcome is unknown, and reading back finds what was written."""
    deal_id = await sell(salesforce.org)
    salesforce.sandbox.set(Fault(kind="lost_after", method="PATCH", times=1))
    with pytest.raises(UnknownOutcome):
        await crm.report_progress(DealProgress(deal_id=deal_id, project_number="PRJ-9"))
    progress = await crm.find_progress(deal_id)
    assert progress is not None
    assert progress.project_number == "PRJ-9"


@pytest.mark.parametrize(
    ("fault", "of_a_read", "of_a_write"),
    [
        (Fault(kind="throttle", path="/services/data"), Throttled, Throttled),
        (Fault(kind="error", path="/services/data", status=503), Unavailable, UnknownOutcome),
        (Fault(kind="lost_before", path="/services/data"), Unavailable, UnknownOutcome),
        (Fault(kind="error", path="/oauth2/", status=503), Unavailable, Unavailable),
    ],
)
async def test_bad_days(salesforce, fault, of_a_read, of_a_write):
    """What a failed call means depends on whether it may have happened: a read never has, an unsent write neither."""
    salesforce.sandbox.set(fault)
    crm = SalesforceCrm(salesforce.org)
    with pytest.raises(of_a_read):
        await crm.deal(NO_SUCH)
    with pytest.raises(of_a_write):
        await crm.report_progress(DealProgress(deal_id=NO_SUCH, project_status="planned"))


async def test_the_daily_limit_asks_for_a_long_pause(salesforce, crm):
    """A used-up daily limit is throttling with a pause of an hour, since it does not pass in seconds."""
    salesforce.sandbox.set(Fault(kind="throttle", path="/services/data"))
    with pytest.raises(Throttled) as caught:
        await crm.deal(NO_SUCH)
    assert caught.value.retry_after == 3600


async def test_the_registry_builds_an_adapter_that_logs_in(salesforce):
    """The registered builder makes an adapter from a table of the configuration, and its check tells of the org."""
    shared = Shared()
    table = {"platform": "salesforce", "url": salesforce.url, "client_id": "sandbox", "client_secret": "sandbox"}
    crm = PLATFORMS["salesforce"]("sales", table, shared)
    assert await crm.check() == f"logged in to {salesforce.url}, 1 of 1000000 API calls used"
    await shared.close()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({}, "The setting connections.sales.client_id is missing."),
        ({"client_id": "a"}, "The settings connections.sales need either client_secret or private_key, and not both."),
        (
            {"client_id": "a", "private_key": "k.pem"},
            "The settings connections.sales.private_key and connections.sales.username belong together.",
        ),
        ({"client_id": "a", "client_secret": "b", "api_version": "20.0"}, "connections.sales.api_version is wrong"),
    ],
)
def test_wrong_settings_are_named(table, sentence):
    """Credentials that are missing or ambiguous keep the adapter from being built, in one sentence."""
    with pytest.raises(StartupError) as caught:
        PLATFORMS["salesforce"]("sales", table, Shared())
    assert sentence in str(caught.value)
