"""What all systems say of one project, or of one customer, side by side."""

import datetime as dt

import msgspec

from tollway.canonical.contract import ContractType
from tollway.canonical.customer import Customer
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.listing import DealStanding, ProjectStanding, Span, WorkEntry
from tollway.canonical.money import Money, total
from tollway.canonical.project import Project
from tollway.canonical.record import Record
from tollway.canonical.statement import Engagement

POSTED = (InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID, InvoiceStatus.PAID)


class Engaged(Record):
    """Of a contract that was onboarded, what is compared."""

    number: str
    deal_id: str
    account_id: str
    legal_entity: str
    currency: str
    contract_type: ContractType
    status: str
    since: dt.date


class Claimed(Record):
    """Of an invoice for which work was claimed, what is compared."""

    reference: str
    number: str
    legal_entity: str
    net: Money
    items: dict[str, Money]
    """What each billing event was claimed at."""


class Rules(msgspec.Struct, frozen=True):
    """By what systems are judged."""

    today: dt.date
    span: Span
    """The days of which work and invoices were read."""
    since: dt.date
    """The first day whose won deals are ours to onboard."""
    unbilled_days: int
    """Days that approved work may wait for its invoice."""


class ProjectView(msgspec.Struct):
    """A project in every system."""

    number: str
    engagement: Engaged | None = None
    deal: DealStanding | None = None
    psa: ProjectStanding | None = None
    erp: Project | None = None
    work: list[WorkEntry] = []
    claimed: list[Claimed] = []
    invoices: list[Invoice] = []
    whole: bool = False
    """Whether work and invoices of all days are here, not only those of the span."""

    @property
    def posted(self) -> list[Invoice]:
        """The invoices that count."""
        return [invoice for invoice in self.invoices if invoice.status in POSTED]


class CustomerView(msgspec.Struct):
    """The customers of an account in a legal entity's ERP, and the engagements that need one."""

    legal_entity: str
    account_id: str
    engagements: list[Engaged] = []
    deals: list[DealStanding] = []
    """The account's won deals, as far as they were read."""
    linked: list[Customer] = []
    same_registration: list[Customer] = []
    """Others with the tax registration of one that is linked."""


def engaged(engagement: Engagement) -> Engaged:
    """What is compared of an engagement."""
    contract = engagement.contract
    return Engaged(
        number=engagement.project_number,
        deal_id=contract.deal_id,
        account_id=contract.account.id,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        contract_type=contract.contract_type,
        status=engagement.status,
        since=engagement.started_at.date(),
    )


def claimed(details: InvoiceDetails) -> Claimed:
    """What is compared of an invoice for which work was claimed."""
    return Claimed(
        reference=details.reference,
        number=details.project_number,
        legal_entity=details.legal_entity,
        net=total((line.amount for line in details.lines), details.currency),
        items={line.source_id: line.amount for line in details.lines},
    )
