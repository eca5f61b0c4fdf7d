"""Whose desk a case lands on, and by when it is due."""

import datetime as dt
from decimal import Decimal

import pytest

from tollway.canonical.case import Category, OwnerRole, Severity
from tollway.canonical.money import Money
from tollway.case_settings import CaseSettings, RoutingRule, WorkingHours, check
from tollway.cases import Cases
from tollway.cases.due import due
from tollway.cases.matters import Matter, Matters
from tollway.cases.routing import route
from tollway.cases.rules import RULES, editable
from tollway.problems import Rejected, StartupError

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
RULES_OF_FIRM = [
    RoutingRule(category=Category.CREDIT_HOLD, legal_entity="NWC-UK", assignee="fred", hours=2),
    RoutingRule(amount_from=Decimal(50000), currency="USD", severity=Severity.CRITICAL),
    RoutingRule(category=Category.CREDIT_HOLD, role=OwnerRole.SALES_OPERATIONS),
]
NEW_YORK = WorkingHours(zone="America/New_York", holidays=[dt.date(2026, 11, 26)])


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


@pytest.mark.parametrize(
    ("category", "matter", "expected"),
    [
        (Category.CREDIT_HOLD, Matter("NWC-UK", usd("99999")), ("finance_operations", "normal", 2, "fred")),
        (Category.CREDIT_HOLD, Matter("NWC-US", usd("50000")), ("finance_operations", "critical", 4, "")),
        (Category.CREDIT_HOLD, Matter("NWC-US", usd("49999.99")), ("sales_operations", "normal", 4, "")),
        (
            Category.CREDIT_HOLD,
            Matter("NWC-US", Money(amount=Decimal(99999), currency="EUR")),
            ("sales_operations", "normal", 4, ""),
        ),
        (Category.UNKNOWN_OUTCOME, Matter(), ("integration", "high", 2, "")),
    ],
)
def test_the_first_rule_that_matches_decides(category, matter, expected):
    """Category, legal entity and amount in its currency choose one rule; what that leaves out is the category's own."""
    goes = route(category, matter, RULES_OF_FIRM)
    assert (goes.role, goes.severity, goes.hours, goes.assignee) == expected


@either
async def test_a_case_knows_whose_deal_it_is_and_what_it_is_worth(database):
    """What onboarding noted of a deal is on its cases and routes them, unless whoever parks knows better."""
    cases, error = Cases(database, CaseSettings(routing=RULES_OF_FIRM)), Rejected("No.", category="credit_hold")
    matters = Matters(database)
    await matters.note("DEAL-1", "NWC-US", usd("1"))
    await matters.note("DEAL-1", "NWC-UK", usd("70000.50"))
    case = await cases.park("customer-onboarding", "p:1", "DEAL-1", error)
    assert (case.legal_entity, case.amount, case.assignee) == ("NWC-UK", usd("70000.50"), "fred")
    assert case.due_at - case.opened_at == dt.timedelta(hours=2)
    other = await cases.park("reconciliation", "p:2", "DEAL-1", error, legal_entity="NWC-US", amount=usd("60000"))
    assert (other.legal_entity, other.severity, other.assignee) == ("NWC-US", Severity.CRITICAL, "")
    unknown = await cases.park("customer-onboarding", "p:3", "DEAL-2", error)
    assert (unknown.legal_entity, unknown.amount, unknown.owner_role) == ("", None, OwnerRole.SALES_OPERATIONS)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23T10:00-05:00", 4, "2026-11-23T14:00-05:00"),
        ("2026-11-23T15:00-05:00", 4, "2026-11-24T11:00-05:00"),
        ("2026-11-25T16:00-05:00", 2, "2026-11-27T10:00-05:00"),  # Thanksgiving between
        ("2026-11-27T17:00-05:00", 8, "2026-11-30T17:00-05:00"),  # a weekend between
        ("2026-11-28T12:00-05:00", 1, "2026-11-30T10:00-05:00"),
        ("2026-10-30T16:00-04:00", 2, "2026-11-02T10:00-05:00"),  # clocks are put back between
        ("2026-11-23T03:00-05:00", 8, "2026-11-23T17:00-05:00"),
    ],
)
def test_only_working_hours_count(start, hours, end):
    """Nights, weekends, holidays and the changes of clocks do not count towards the hours in which a case is due."""
    moment = dt.datetime.fromisoformat(start).astimezone(dt.UTC)
    assert due(moment, hours, NEW_YORK) == dt.datetime.fromisoformat(end)


def test_without_working_hours_the_clock_runs_day_and_night():
    """A firm that says no working hours has its cases due after so many hours of the clock."""
    start = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
    assert due(start, 30, None) == dt.datetime(2026, 11, 29, 18, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (CaseSettings(routing=[RoutingRule(legal_entity="XX", hours=1)]), r"cases.routing\[0\] names a legal entity"),
        (CaseSettings(routing=[RoutingRule(amount_from=Decimal(1), hours=1)]), "an amount without its currency"),
        (CaseSettings(routing=[RoutingRule(currency="USD", hours=1)]), "a currency without an amount"),
        (
            CaseSettings(routing=[RoutingRule(amount_from=Decimal("NaN"), currency="USD", hours=1)]),
            "an amount that is no number",
        ),
        (CaseSettings(routing=[RoutingRule(category=Category.CREDIT_HOLD)]), "says nothing about them"),
        (CaseSettings(routing=[RoutingRule(hours=1), RoutingRule(hours=2)]), "matches every case"),
        (CaseSettings(working_hours=WorkingHours(zone="Mars/Phobos")), "no time zone"),
        (CaseSettings(working_hours=WorkingHours(zone="UTC", end=dt.time(8))), "leaves no time to work in"),
        (CaseSettings(working_hours=WorkingHours(zone="UTC", weekdays=[])), "leaves no time to work in"),
    ],
)
def test_what_makes_no_sense_stops_the_start(settings, said):
    """A rule that cannot do what was meant is one sentence that names it, before anything starts."""
    with pytest.raises(StartupError, match=said):
        check(settings, ["NWC-US"])


def test_rules_that_make_sense_are_taken():
    """A list that ends with a rule for all other cases passes, as does the table of the documentation."""
    check(CaseSettings(routing=[*RULES_OF_FIRM[1:], RoutingRule(hours=1)], working_hours=NEW_YORK), ["NWC-US"])


@pytest.mark.parametrize("category", list(Category))
def test_what_was_agreed_with_the_customer_is_never_editable(category):
    """No category lets anybody edit what the deal is worth, in what currency, or whose it is."""
    allowed = editable(category, [])
    assert not {"value", "currency", "id", "account", "account.id"} & set(allowed)
    assert all(field.split(".")[0] not in ("value", "currency") for field in allowed)
    assert RULES[category].remedy
