"""What the CRM knows of a sale: possibly incomplete, possibly wrong, as it was typed."""

import datetime as dt

from tollway.canonical.money import Money, Quantity, exact
from tollway.canonical.party import Address
from tollway.canonical.record import FreeText, Identifier, Many, Record, Text, Timestamp


class Account(Record):
    """The firm a deal is with."""

    id: Identifier
    name: FreeText
    parent_id: FreeText = ""
    """The account that this one belongs to; empty for the head of a group."""
    parent_name: FreeText = ""
    billing_address: Address = Address()
    tax_registration: FreeText = ""
    """VAT number, EIN or the like."""
    tax_exempt: bool = False
    legal_entity: FreeText = ""
    """Code of our own firm that sells to this account, when the account says so."""
    payment_terms: FreeText = ""
    currency: FreeText = ""
    billing_email: FreeText = ""


class DealLine(Record):
    """A product or service that was sold."""

    id: Identifier
    name: FreeText
    product_code: FreeText = ""
    quantity: Quantity
    unit_price: Money
    total: Money

    def __post_init__(self) -> None:
        exact(self.quantity)


class DealMilestone(Record):
    """A result that was sold for an amount, billed when it is reached."""

    id: Identifier
    name: FreeText
    amount: Money | None = None
    due: dt.date | None = None


class DealRate(Record):
    """The price of an hour of a role, and how many were planned."""

    id: Identifier
    role: FreeText
    hourly: Money | None = None
    planned_hours: Quantity | None = None

    def __post_init__(self) -> None:
        if self.planned_hours is not None:
            exact(self.planned_hours)


class Deal(Record):
    """An opportunity with all that matters for delivering and billing it."""

    id: Identifier
    name: FreeText
    account: Account | None = None
    stage: FreeText = ""
    is_won: bool = False
    value: Money | None = None
    currency: FreeText = ""
    legal_entity: FreeText = ""
    payment_terms: FreeText = ""
    contract_type: FreeText = ""
    service_line: FreeText = ""
    cost_centre: FreeText = ""
    purchase_order: FreeText = ""
    start: dt.date | None = None
    end: dt.date | None = None
    owner_email: FreeText = ""
    project_number: FreeText = ""
    project_status: FreeText = ""
    changed_at: Timestamp | None = None
    lines: Many[DealLine] = []
    milestones: Many[DealMilestone] = []
    rates: Many[DealRate] = []

    @property
    def seller(self) -> str:
        """Code of the legal entity that sells, as the deal or else its account says; empty when neither does."""
        return self.legal_entity or (self.account.legal_entity if self.account else "")


class DealProgress(Record):
    """What Tollway tells the CRM of a deal; None leaves a field as it is."""

    deal_id: Identifier
    project_number: Text | None = None
    project_status: Text | None = None
    billing_status: Text | None = None
    invoiced: Money | None = None
    paid: Money | None = None
    unbilled: Money | None = None
    last_invoice: Text | None = None
