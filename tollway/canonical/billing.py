"""When a contract is to be billed and earned."""

import datetime as dt

from tollway.canonical.contract import ContractType
from tollway.canonical.money import CurrencyCode, Money
from tollway.canonical.record import Code, Identifier, Many, Record, Text


class BillingPlanLine(Record):
    """An amount that is to be billed on an occasion."""

    id: Identifier
    description: Text
    amount: Money
    due: dt.date


class BillingPlan(Record):
    """How a project is to be billed; fixed fee has a line per milestone, time and materials one estimate per month."""

    project_number: Identifier
    legal_entity: Code
    currency: CurrencyCode
    contract_type: ContractType
    lines: Many[BillingPlanLine]


class RevenuePeriod(Record):
    """The revenue of one calendar month."""

    month: dt.date
    """Its first day."""
    amount: Money


class RevenueSchedule(Record):
    """Over which months the contract's value is earned."""

    project_number: Identifier
    legal_entity: Code
    currency: CurrencyCode
    periods: Many[RevenuePeriod]


class ErpCapabilities(Record):
    """What an ERP can hold; what it cannot is kept by Tollway."""

    projects: bool
    billing_plan: bool
    revenue_schedule: bool
    credit_limit: bool
