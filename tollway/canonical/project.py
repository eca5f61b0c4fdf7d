"""The project: where delivery plans and reports the work of a contract."""

import datetime as dt

from tollway.canonical.contract import ContractMilestone, ContractRate, ContractType, Dimensions
from tollway.canonical.money import CurrencyCode, Money
from tollway.canonical.record import Code, FreeText, Identifier, Many, Record, Text


class ProjectDetails(Record):
    """What a project is to be, in the PSA and in the ERP; `number` is its canonical identity."""

    number: Identifier
    deal_id: Identifier
    account_id: Identifier
    name: Text
    legal_entity: Code
    currency: CurrencyCode
    contract_type: ContractType
    value: Money
    start: dt.date
    end: dt.date
    dimensions: Dimensions


class Project(Record):
    """A project that exists at a platform."""

    id: Identifier
    """The platform's own id."""
    number: Identifier
    name: FreeText
    deal_id: FreeText = ""
    account_id: FreeText = ""
    legal_entity: FreeText = ""
    status: FreeText = ""
    closed: bool = False
    """Whether the platform takes no more work on it."""
    currency: FreeText = ""


class ProjectPlan(Record):
    """How a project is to be delivered: its tasks, milestones and rate card."""

    project_number: Identifier
    tasks: Many[Text] = []
    milestones: Many[ContractMilestone] = []
    rates: Many[ContractRate] = []


class ProjectBilling(Record):
    """What Tollway tells the PSA of a project's billing."""

    project_number: Identifier
    invoice_status: Text
    invoiced: Money
    paid: Money
