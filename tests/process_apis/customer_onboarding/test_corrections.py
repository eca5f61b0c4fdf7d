"""Deals are read with the edits that people laid over them, as long as they are what was edited."""

import datetime as dt
from decimal import Decimal

import pytest
from msgspec.structs import replace

from process_apis.customer_onboarding.corrections import CorrectedDeals
from process_apis.customer_onboarding.service import CustomerOnboarding
from tollway.canonical.casework import Correction, CustomerChoice, Edit
from tollway.canonical.customer import Customer, CustomerMatches
from tollway.canonical.money import Money
from tollway.cases.choices import CustomerChoices
from tollway.cases.overlays import Overlays
from tollway.problems import Conflict, Invalid

MEND = Correction(deal_id="DEAL-1", case_id="CASE-1", edits=[Edit(field="account.tax_registration", value="DE1")])
ONE = Customer(id="1", number="CUST-1", name="Acme", legal_entity="NWC-US")
TWO = replace(ONE, id="2", number="CUST-2")
LINKED = replace(ONE, id="3", number="CUST-3", account_id="ACC-9")


class Platforms:
    """A CRM with one deal and an ERP with the customers that a test puts in."""

    def __init__(self, deal) -> None:
        self.said = deal
        self.matches = CustomerMatches()

    async def deal(self, deal_id):
        return self.said

    async def match_customers(self, query):
        return self.matches


@pytest.fixture
def platforms(make_deal) -> Platforms:
    deal = make_deal()
    return Platforms(replace(deal, account=replace(deal.account, tax_registration="")))


@pytest.fixture
def deals(database, platforms) -> CorrectedDeals:
    return CorrectedDeals(platforms, Overlays(database))


@pytest.fixture
def onboarding(database, platforms, deals, terms) -> CustomerOnboarding:
    return CustomerOnboarding(
        deals=deals,
        erp=platforms,
        engine=None,
        inbox=None,
        terms=terms,
        choices=CustomerChoices(database),
        events=None,
    )


async def test_a_correction_makes_the_deal_complete(onboarding, platforms):
    """What is missing in the CRM can be said on the desk: readiness and contract are as if the CRM said it."""
    assert not (await onboarding.readiness("DEAL-1")).ready
    assert (await onboarding.correct(MEND)).ready
    assert (await onboarding.contract("DEAL-1")).account.tax_registration == "DE1"
    assert platforms.said.account.tax_registration == ""


@pytest.mark.parametrize(
    "written",
    [
        {"project_number": "PRJ-DEAL-1"},
        {"project_status": "Active"},
        {"changed_at": dt.datetime(2026, 11, 21, tzinfo=dt.UTC)},
    ],
)
async def test_what_tollway_writes_itself_ends_no_edit(deals, platforms, written):
    """Our own status on the deal, and the time of change that it moves, is no change by anybody."""
    await deals.correct(MEND)
    platforms.said = replace(platforms.said, **written)
    assert (await deals.deal("DEAL-1")).account.tax_registration == "DE1"


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_terms": "Net 30"},
        {"value": Money(amount=Decimal(1), currency="USD")},
        {"stage": "Closed Lost"},
    ],
)
async def test_a_change_by_people_ends_every_edit(deals, platforms, changed):
    """Once anything that people say of the deal is another, it counts as the CRM has it; going back changes nothing."""
    await deals.correct(MEND)
    before = platforms.said
    platforms.said = replace(platforms.said, **changed)
    assert await deals.deal("DEAL-1") == platforms.said
    platforms.said = before
    assert await deals.deal("DEAL-1") == before


async def test_a_correction_that_does_not_fit_is_not_kept(deals, platforms):
    """A value that the deal cannot hold is refused, and the deal is read as before."""
    wrong = replace(MEND, edits=[*MEND.edits, Edit(field="start", value="soon")])
    with pytest.raises(Invalid):
        await deals.correct(wrong)
    assert await deals.deal("DEAL-1") == platforms.said


@pytest.mark.parametrize("named", ["CUST-2", "2"])
async def test_a_customer_is_chosen_by_number_or_id(onboarding, database, platforms, named):
    """The customer that a person names is remembered for the account by the ERP's own id."""
    await onboarding.correct(MEND)
    platforms.matches = CustomerMatches(by_tax_registration=[ONE, TWO], by_name=[TWO])
    chosen = await onboarding.choose_customer(CustomerChoice(deal_id="DEAL-1", case_id="CASE-1", customer=named))
    assert chosen == TWO
    assert await CustomerChoices(database).chosen("NWC-US", "ACC-1") == "2"


@pytest.mark.parametrize(
    ("matches", "named", "refusal"),
    [
        (CustomerMatches(by_name=[ONE]), "CUST-7", Invalid),
        (CustomerMatches(), "CUST-1", Invalid),
        (CustomerMatches(by_name=[ONE, LINKED]), "CUST-3", Conflict),
        (CustomerMatches(linked=replace(ONE, account_id="ACC-1"), by_name=[TWO]), "CUST-2", Conflict),
    ],
)
async def test_what_the_account_cannot_be_is_not_chosen(onboarding, database, platforms, matches, named, refusal):
    """A customer that does not match, is another account's, or where the account is linked already, is refused."""
    await onboarding.correct(MEND)
    platforms.matches = matches
    with pytest.raises(refusal):
        await onboarding.choose_customer(CustomerChoice(deal_id="DEAL-1", case_id="CASE-1", customer=named))
    assert await CustomerChoices(database).chosen("NWC-US", "ACC-1") == ""
