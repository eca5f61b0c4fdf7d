"""The commercial contract: a deal whose terms have been checked, complete and consistent."""

import datetime as dt
import enum

from tollway.canonical.deal import Account
from tollway.canonical.money import CurrencyCode, Money, Quantity, exact
from tollway.canonical.record import Code, Days, FreeText, Identifier, Many, Record, Text

_PROJECT = "PRJ-"


class ContractType(enum.StrEnum):
    """How the work is charged."""

    TIME_AND_MATERIALS = "time_and_materials"
    FIXED_FEE = "fixed_fee"


class ContractMilestone(Record):
    """A result and its price; `id` is the milestone's id in the CRM."""

    id: Identifier
    name: Text
    amount: Money
    due: dt.date


class ContractRate(Record):
    """The price of an hour of a role."""

    role: Text
    hourly: Money
    planned_hours: Quantity | None = None

    def __post_init__(self) -> None:
        if self.planned_hours is not None:
            exact(self.planned_hours)


class Dimensions(Record):
    """Where the ledger books what is earned."""

    service_line: Code
    cost_centre: Code


class Contract(Record):
    """What was sold, to whom, by which legal entity, at which price and on which terms."""

    deal_id: Identifier
    name: Text
    account: Account
    legal_entity: Code
    currency: CurrencyCode
    payment_days: Days
    """Days after the invoice date by which it is to be paid."""
    contract_type: ContractType
    value: Money
    start: dt.date
    end: dt.date
    dimensions: Dimensions
    purchase_order: FreeText = ""
    milestones: Many[ContractMilestone] = []
    rates: Many[ContractRate] = []

    @property
    def project_number(self) -> str:
        """The number the project has everywhere, derived from the deal so that it can only ever be one."""
        return number_of(self.deal_id)


def deal_of(project_number: str) -> str:
    """The deal that a project delivers, by its number; empty when no deal's project is numbered so."""
    return project_number.removeprefix(_PROJECT) if project_number.startswith(_PROJECT) else ""


def number_of(deal_id: str) -> str:
    """The number of the project that a deal leads to."""
    return f"{_PROJECT}{deal_id}"
