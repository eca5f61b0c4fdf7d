"""What a deal stands at: delivered, billed, unbilled, paid."""

import datetime as dt

from tollway.canonical.case import Case, Finding
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.invoice import Invoice
from tollway.canonical.money import Money
from tollway.canonical.record import FreeText, Identifier, Many, Record, Text, Timestamp


class Readiness(Record):
    """Whether a deal could be onboarded as it is now, and what is missing when it could not."""

    deal_id: Identifier
    ready: bool
    findings: Many[Finding] = []


class DealWon(Record):
    """A deal that is said to have been won."""

    deal_id: Identifier
    event_id: Text
    """The id the source gives to this notice; the same notice again has the same id."""
    source: Text
    """Where the notice came from."""
    occurred_at: Timestamp | None = None
    """When it was won, if the source says."""


class ActivationOrder(Record):
    """A checked contract and its customer, handed over for the project to be set up."""

    contract: Contract
    customer: Customer


class Engagement(Record):
    """A contract that is being, or has been, activated."""

    contract: Contract
    customer: Customer
    project_number: Identifier
    status: Text
    """`activating`, `active` or `cancelled`."""
    started_at: Timestamp
    activated_at: Timestamp | None = None


class BillingRun(Record):
    """An order to bill what is billable of a project."""

    project_number: Identifier
    through: dt.date
    """Work up to and including this day is billed."""
    trigger: Identifier
    """The id of what asked for it; the same trigger runs once."""


class BillingChange(Record):
    """Something about a project's billing changed, so that CRM and PSA are to be told."""

    project_number: Identifier
    trigger: Identifier


class Accepted(Record):
    """Work was taken on; `process_id` tells where to look how it goes."""

    process_id: Identifier


class Statement(Record):
    """What of a deal is delivered, billed, unbilled and paid, straight from the systems of record."""

    deal_id: Identifier
    project_number: Identifier
    account_id: FreeText = ""
    """The customer whose project it is, by its id in the CRM."""
    value: Money
    """The contract's value, net."""
    delivered: Money
    """Approved work at contract prices, net."""
    billed: Money
    """Posted invoices, net."""
    unbilled: Money
    """Delivered less billed, net."""
    invoiced: Money
    """Posted invoices with tax."""
    paid: Money
    """Payments on posted invoices, with tax."""
    status: Text
    """`not_billed`, `partly_billed`, `billed`, `partly_paid` or `paid`."""
    invoices: Many[Invoice] = []


class DealOverview(Record):
    """All that the account team asks about a deal, in one answer."""

    deal_id: Identifier
    stage: Text
    """`not_started`, `onboarding`, `activating`, `active` or `cancelled`."""
    project_number: FreeText = ""
    customer_number: FreeText = ""
    statement: Statement | None = None
    open_cases: Many[Case] = []
