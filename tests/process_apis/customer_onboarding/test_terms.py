"""A won deal becomes a contract, or the account team is told all that keeps it from being one."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tollway.canonical.case import Category
from tollway.canonical.contract import ContractType, Dimensions
from tollway.canonical.deal import DealLine, DealMilestone, DealRate
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.problems import Rejected

INCOMPLETE, MISMATCH = Category.INCOMPLETE_DEAL, Category.CONTRACT_MISMATCH
TAX, ENTITY, CURRENCY = (
    Category.MISSING_TAX_REGISTRATION,
    Category.UNMAPPED_LEGAL_ENTITY,
    Category.CURRENCY_MISMATCH,
)
FIXED, TIME = "fixed_fee", "time_and_materials"
NO_PLACE = "The account's billing address has no city or no country, so its tax jurisdiction is not known."
NO_PERIOD = "The deal has no start or no end date."
NO_VALUE = "The deal has no value, or one that is not more than zero."


def money(amount: str, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def line(total: str, currency: str = "USD") -> DealLine:
    price = money(total, currency)
    return DealLine(id="L", name="Work", quantity=Decimal(1), unit_price=price, total=price)


def stone(amount: str | None, name: str = "Result", due: dt.date | None = dt.date(2026, 3, 1)) -> DealMilestone:
    return DealMilestone(id="M", name=name, amount=money(amount) if amount else None, due=due)


def rate(hourly: str | None, role: str = "Consultant") -> DealRate:
    return DealRate(id="R", role=role, hourly=money(hourly) if hourly else None)


ACCOUNT_FINDINGS = [
    ({"name": "  "}, "account.name", INCOMPLETE, "The account has no name."),
    ({"parent_id": "ACC-1"}, "account.parent_id", INCOMPLETE, "The account is its own parent."),
    ({"billing_address": Address(city="Paris")}, "account.billing_address", INCOMPLETE, NO_PLACE),
    ({"billing_address": Address(country="FR")}, "account.billing_address", INCOMPLETE, NO_PLACE),
    (
        {"billing_address": Address(city="New York", country="US")},
        "account.billing_address.region",
        INCOMPLETE,
        "The account's billing address is in the US without a state.",
    ),
    (
        {"tax_registration": ""},
        "account.tax_registration",
        TAX,
        "The account has no tax registration and is not marked tax exempt.",
    ),
    (
        {"legal_entity": "NWC-UK"},
        "legal_entity",
        MISMATCH,
        "The deal names the legal entity NWC-US, its account NWC-UK.",
    ),
]


@pytest.mark.parametrize(("changes", "field", "category", "words"), ACCOUNT_FINDINGS)
def test_what_is_wrong_with_the_account_is_said(terms, make_deal, changes, field, category, words):
    """One thing wrong with the account is one finding, with its field, category and words."""
    deal = make_deal()
    deal = replace(deal, account=replace(deal.account, **changes))
    assert [(found.field, found.category, found.message) for found in terms.findings(deal)] == [
        (field, category, words)
    ]


DEAL_FINDINGS = [
    (FIXED, {"account": None}, "account", INCOMPLETE, "The deal belongs to no account."),
    (
        FIXED,
        {"legal_entity": "NWC-XX"},
        "legal_entity",
        ENTITY,
        "The deal names the legal entity 'NWC-XX'; there are: NWC-US, NWC-UK.",
    ),
    (
        FIXED,
        {"legal_entity": ""},
        "legal_entity",
        ENTITY,
        "The deal names no legal entity; there are: NWC-US, NWC-UK.",
    ),
    (
        FIXED,
        {"legal_entity": "NWC-UK"},
        "currency",
        CURRENCY,
        "Northwind Consulting Ltd does not bill in USD, but in GBP, EUR.",
    ),
    (
        FIXED,
        {"payment_terms": "Net 90"},
        "payment_terms",
        INCOMPLETE,
        "The deal names the payment terms 'Net 90'; there are: Net 30, Net 45.",
    ),
    (FIXED, {"service_line": ""}, "service_line", INCOMPLETE, "The deal names no service line; there are: ADV."),
    (
        FIXED,
        {"contract_type": "Retainer"},
        "contract_type",
        INCOMPLETE,
        "The deal names the contract type 'Retainer'; there are: time_and_materials, fixed_fee.",
    ),
    (FIXED, {"start": None}, "start", INCOMPLETE, NO_PERIOD),
    (FIXED, {"end": None}, "start", INCOMPLETE, NO_PERIOD),
    (
        FIXED,
        {"end": dt.date(2026, 1, 14)},
        "end",
        MISMATCH,
        "The deal ends on 2026-01-14, before it starts on 2026-01-15.",
    ),
    (FIXED, {"value": None}, "value", INCOMPLETE, NO_VALUE),
    (TIME, {"value": money("0.00")}, "value", INCOMPLETE, NO_VALUE),
    (FIXED, {"lines": []}, "lines", INCOMPLETE, "The deal has no line items."),
    (
        FIXED,
        {"lines": [line("60000.00", "GBP"), line("40000.00", "EUR")]},
        "currency",
        MISMATCH,
        "The deal is in USD, some of its amounts in EUR, GBP.",
    ),
    (
        FIXED,
        {"lines": [line("110000.00"), line("-10000.00")]},
        "lines",
        MISMATCH,
        "The deal has a negative amount.",
    ),
    (
        FIXED,
        {"lines": [line("99999.99")]},
        "lines",
        MISMATCH,
        "The line items add up to 99999.99 USD, the deal's value is 100000.00 USD.",
    ),
    (
        FIXED,
        {"milestones": []},
        "milestones",
        INCOMPLETE,
        "The deal is for a fixed fee but has no milestones.",
    ),
    (
        FIXED,
        {"milestones": [stone("100000.00", name="")]},
        "milestones",
        INCOMPLETE,
        "A milestone has no name.",
    ),
    (
        FIXED,
        {"milestones": [stone("100000.00", due=None)]},
        "milestones",
        INCOMPLETE,
        "A milestone has no due date.",
    ),
    (
        FIXED,
        {"milestones": [stone("100000.00"), stone(None)]},
        "milestones",
        INCOMPLETE,
        "A milestone has no amount.",
    ),
    (
        FIXED,
        {"milestones": [stone("100000.00"), stone("0.00")]},
        "milestones",
        MISMATCH,
        "A milestone's amount is not more than zero.",
    ),
    (
        FIXED,
        {"milestones": [stone("90000.00")]},
        "milestones",
        MISMATCH,
        "The milestones add up to 90000.00 USD, the contract value is 100000.00 USD.",
    ),
    (TIME, {"rates": []}, "rates", INCOMPLETE, "The deal is for time and materials but has no rate card."),
    (
        TIME,
        {"rates": [rate("200.00"), rate("250.00")]},
        "rates",
        MISMATCH,
        "The rate card has a role without a name, or the same role twice.",
    ),
    (
        TIME,
        {"rates": [rate("200.00", role="")]},
        "rates",
        MISMATCH,
        "The rate card has a role without a name, or the same role twice.",
    ),
    (
        TIME,
        {"rates": [rate(None)]},
        "rates",
        INCOMPLETE,
        "The rate card has a role without an hourly rate.",
    ),
    (
        TIME,
        {"rates": [rate("0.00")]},
        "rates",
        MISMATCH,
        "The rate card has an hourly rate that is not more than zero.",
    ),
]


@pytest.mark.parametrize(("kind", "changes", "field", "category", "words"), DEAL_FINDINGS)
def test_what_is_wrong_with_the_deal_is_said(terms, make_deal, kind, changes, field, category, words):
    """One thing wrong with the deal is one finding, with its field, category and words."""
    found = terms.findings(make_deal(kind, **changes))
    assert [(finding.field, finding.category, finding.message) for finding in found] == [(field, category, words)]


def test_a_complete_fixed_fee_deal_is_a_contract(terms, make_deal, make_contract):
    """A complete deal for a fixed fee yields its contract: days for terms, cost centre of the service line."""
    assert terms.contract(make_deal(FIXED)) == make_contract(FIXED)


def test_a_complete_time_and_materials_deal_is_a_contract(terms, make_deal, make_contract):
    """A complete deal for time and materials yields its contract, with the rate card as sold."""
    assert terms.contract(make_deal(TIME)) == make_contract(TIME)


def test_milestones_of_time_and_materials_are_no_part_of_the_contract(terms, make_deal):
    """Milestones left on a deal that is charged by the hour are not billed, so the contract has none."""
    contract = terms.contract(make_deal(TIME, milestones=[stone("5.00")]))
    assert (contract.contract_type, contract.milestones) == (ContractType.TIME_AND_MATERIALS, [])


def test_the_deal_speaks_before_its_account(terms, make_deal):
    """Entity and payment terms are the account's only where the deal names none; its cost centre goes first too."""
    deal = make_deal(legal_entity="", payment_terms="", cost_centre="CC-9")
    contract = terms.contract(replace(deal, account=replace(deal.account, legal_entity="NWC-US")))
    assert (contract.legal_entity, contract.payment_days) == ("NWC-US", 30)
    assert contract.dimensions == Dimensions(service_line="ADV", cost_centre="CC-9")


def test_a_tax_exempt_account_needs_no_registration(terms, make_deal):
    """An account that is marked tax exempt may have no tax registration."""
    deal = make_deal()
    account = replace(deal.account, tax_registration="", tax_exempt=True)
    assert terms.findings(replace(deal, account=account)) == []


def test_all_that_is_wrong_is_listed_together(terms, make_deal):
    """A deal with several faults is refused once, with every fault in words and as a violation with its pointer."""
    deal = make_deal(payment_terms="Net 90", service_line="XYZ", start=None, milestones=[stone("90000.00")])
    deal = replace(deal, account=replace(deal.account, tax_registration=""))
    with pytest.raises(Rejected) as refusal:
        terms.contract(deal)
    findings = terms.findings(deal)
    assert [violation.pointer for violation in refusal.value.violations] == [
        "/account/tax_registration",
        "/payment_terms",
        "/service_line",
        "/start",
        "/milestones",
    ]
    assert [violation.message for violation in refusal.value.violations] == [found.message for found in findings]
    assert all(found.message in refusal.value.detail for found in findings)
    assert refusal.value.category == Category.MISSING_TAX_REGISTRATION


@pytest.mark.parametrize("said", ["Fixed Fee", "fixed fee", " FIXED FEE ", "fixed_fee"])
def test_contract_types_are_known_however_they_are_written(terms, make_deal, said):
    """Case, blanks and underscores make no difference to a contract type."""
    assert terms.contract(make_deal(contract_type=said)).contract_type is ContractType.FIXED_FEE


cents = st.integers(min_value=1, max_value=10**9)


def split_deal(make_deal, parts: list[int], value: int):
    worth = str(Decimal(value).scaleb(-2))
    milestones = [stone(str(Decimal(part).scaleb(-2))) for part in parts]
    return make_deal(value=money(worth), lines=[line(worth)], milestones=milestones)


@given(parts=st.lists(cents, min_size=1, max_size=12))
def test_any_split_that_sums_to_the_value_is_accepted(terms, make_deal, parts):
    """Milestones that add up to the contract's value are a contract, however it is split."""
    contract = terms.contract(split_deal(make_deal, parts, sum(parts)))
    assert sum(milestone.amount.amount for milestone in contract.milestones) == contract.value.amount


@given(parts=st.lists(cents, min_size=1, max_size=12), value=cents)
def test_any_split_that_does_not_sum_to_the_value_is_refused(terms, make_deal, parts, value):
    """Milestones that miss the contract's value, by one cent or by millions, are refused as a mismatch."""
    value += sum(parts) == value
    with pytest.raises(Rejected) as refusal:
        terms.contract(split_deal(make_deal, parts, value))
    assert [violation.pointer for violation in refusal.value.violations] == ["/milestones"]
    assert refusal.value.category == MISMATCH
