"""What follows from a contract: the project, its delivery plan, its billing plan and its revenue schedule."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec

from tollway.canonical.billing import BillingPlan, BillingPlanLine, RevenuePeriod, RevenueSchedule
from tollway.canonical.contract import Contract, ContractType
from tollway.canonical.project import ProjectDetails, ProjectPlan
from tollway.canonical.record import Record


def project_details(contract: Contract) -> ProjectDetails:
    """The project that delivers the contract."""
    return ProjectDetails(
        number=contract.project_number,
        deal_id=contract.deal_id,
        account_id=contract.account.id,
        name=contract.name,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        contract_type=contract.contract_type,
        value=contract.value,
        start=contract.start,
        end=contract.end,
        dimensions=contract.dimensions,
    )


def delivery_plan(contract: Contract) -> ProjectPlan:
    """A task per milestone of a fixed fee, or per role of time and materials; milestones and rate card as sold."""
    if contract.contract_type is ContractType.FIXED_FEE:
        tasks = [milestone.name for milestone in contract.milestones]
    else:
        tasks = [rate.role for rate in contract.rates]
    return ProjectPlan(
        project_number=contract.project_number, tasks=tasks, milestones=contract.milestones, rates=contract.rates
    )


def billing_plan(contract: Contract) -> BillingPlan:
    """A fixed fee is billed milestone by milestone; time and materials is estimated evenly over its months."""
    number = contract.project_number
    if contract.contract_type is ContractType.FIXED_FEE:
        lines = [
            BillingPlanLine(id=f"{number}-BP-{place}", description=stone.name, amount=stone.amount, due=stone.due)
            for place, stone in enumerate(contract.milestones, 1)
        ]
    else:
        months = list(months_of(contract.start, contract.end))
        lines = [
            BillingPlanLine(
                id=f"{number}-BP-{month:%Y-%m}",
                description=f"Estimated work of {month:%B %Y}",
                amount=amount,
                due=min(last_day(month), contract.end),
            )
            for month, amount in zip(months, contract.value.split(len(months)), strict=True)
        ]
    return BillingPlan(
        project_number=number,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        contract_type=contract.contract_type,
        lines=lines,
    )


def revenue_schedule(contract: Contract) -> RevenueSchedule:
    """The contract's value, earned in equal shares over the months it touches."""
    months = list(months_of(contract.start, contract.end))
    return RevenueSchedule(
        project_number=contract.project_number,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        periods=[
            RevenuePeriod(month=month, amount=amount)
            for month, amount in zip(months, contract.value.split(len(months)), strict=True)
        ],
    )


def same(one: Record, other: Record) -> bool:
    """Whether two plans say the same, in whichever order a platform lists their lines."""
    return _in_order(one) == _in_order(other)


def _in_order(plan: Record) -> dict[str, Any]:
    fields = msgspec.structs.asdict(plan)
    return {name: sorted(map(repr, value)) if isinstance(value, list) else value for name, value in fields.items()}


def months_of(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """The first days of all calendar months from `start` to `end`."""
    month = start.replace(day=1)
    while month <= end:
        yield month
        month = (month + dt.timedelta(days=32)).replace(day=1)


def last_day(month: dt.date) -> dt.date:
    """The last day of a month that is given by its first."""
    return (month + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
