"""What follows from a contract: project, delivery plan, billing plan and revenue schedule."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from process_apis.project_activation import plans
from tollway.canonical.contract import Contract, ContractMilestone
from tollway.canonical.money import Money, exponent, total

GOLDEN = Path(__file__).parent / "golden"
DERIVED = [plans.project_details, plans.delivery_plan, plans.billing_plan, plans.revenue_schedule]
KINDS = ["fixed_fee", "time_and_materials"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("derive", DERIVED, ids=lambda derive: derive.__name__)
def test_a_contract_leads_to_what_its_golden_file_says(kind, derive):
    """What is derived from the contract in a golden file is what the golden file beside it holds."""
    contract = msgspec.json.decode((GOLDEN / f"{kind}.contract.json").read_bytes(), type=Contract)
    golden = (GOLDEN / f"{kind}.{derive.__name__}.json").read_bytes()
    assert msgspec.to_builtins(derive(contract)) == msgspec.json.decode(golden)


days = st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2060, 12, 31))


@st.composite
def terms(draw: st.DrawFn) -> dict:
    """Currency, value and period of a contract, in currencies with two, no and three decimal places."""
    currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
    units = draw(st.integers(min_value=1, max_value=10**12))
    start = draw(days)
    return {
        "currency": currency,
        "value": Money(amount=Decimal(units).scaleb(-exponent(currency)), currency=currency),
        "start": start,
        "end": start + dt.timedelta(days=draw(st.integers(min_value=0, max_value=2000))),
    }


@given(terms=terms())
def test_time_and_materials_is_planned_to_its_exact_value(make_contract, terms):
    """The monthly estimates sum to the contract's value, differ by one smallest unit at most and fall in the period."""
    contract = make_contract("time_and_materials", **terms)
    lines = plans.billing_plan(contract).lines
    amounts = [line.amount.amount for line in lines]
    assert total((line.amount for line in lines), contract.currency) == contract.value
    assert max(amounts) - min(amounts) <= Decimal(1).scaleb(-exponent(contract.currency))
    assert all(contract.start <= line.due <= contract.end for line in lines)
    assert len({line.id for line in lines}) == len(lines)


@given(terms=terms(), shares=st.integers(min_value=1, max_value=10))
def test_a_fixed_fee_is_billed_as_its_milestones_are_sold(make_contract, terms, shares):
    """The billing plan of a fixed fee has a line per milestone and sums to the contract's value."""
    milestones = [
        ContractMilestone(id=f"M{place}", name=f"Result {place}", amount=amount, due=terms["end"])
        for place, amount in enumerate(terms["value"].split(shares))
    ]
    plan = plans.billing_plan(make_contract("fixed_fee", milestones=milestones, **terms))
    assert [line.amount for line in plan.lines] == [milestone.amount for milestone in milestones]
    assert total((line.amount for line in plan.lines), plan.currency) == terms["value"]
    assert len({line.id for line in plan.lines}) == len(milestones)


@given(terms=terms(), kind=st.sampled_from(KINDS))
def test_revenue_is_the_exact_value_over_every_month_of_the_period(make_contract, terms, kind):
    """The revenue schedule has each month that the period touches once, in order, and sums to the value."""
    contract = make_contract(kind, **terms)
    schedule = plans.revenue_schedule(contract)
    start, end = contract.start, contract.end
    months = [(period.month.year, period.month.month) for period in schedule.periods]
    first, last = start.year * 12 + start.month - 1, end.year * 12 + end.month - 1
    assert months == [(month // 12, month % 12 + 1) for month in range(first, last + 1)]
    assert all(period.month.day == 1 for period in schedule.periods)
    assert total((period.amount for period in schedule.periods), contract.currency) == contract.value


@pytest.mark.parametrize(
    ("month", "last"),
    [("2026-02-01", "2026-02-28"), ("2028-02-01", "2028-02-29"), ("2026-12-01", "2026-12-31")],
)
def test_a_month_ends_on_its_last_day(month, last):
    """February in and out of leap years, and December, end when the calendar says."""
    assert plans.last_day(dt.date.fromisoformat(month)) == dt.date.fromisoformat(last)


@pytest.mark.parametrize("kind", KINDS)
def test_plans_are_the_same_in_whichever_order(make_contract, kind):
    """A platform that lists lines in another order has the same plan."""
    plan = plans.billing_plan(make_contract(kind))
    assert plans.same(plan, replace(plan, lines=plan.lines[::-1]))
    schedule = plans.revenue_schedule(make_contract(kind))
    assert plans.same(schedule, replace(schedule, periods=schedule.periods[::-1]))


def test_plans_that_differ_are_not_the_same(make_contract):
    """A missing line, a line twice, another amount or another project is another plan."""
    plan = plans.billing_plan(make_contract())
    first, second = plan.lines
    changed = replace(second, amount=Money(amount=Decimal("39999.99"), currency="USD"))
    for lines in ([first], [first, first], [first, second, second], [first, changed]):
        assert not plans.same(plan, replace(plan, lines=lines))
    assert not plans.same(plan, replace(plan, project_number="PRJ-OTHER"))
