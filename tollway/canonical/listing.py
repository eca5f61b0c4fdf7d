"""Pages of what a system holds, as it is gone through from end to end."""

import datetime as dt

from tollway.canonical.customer import Customer
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import Invoice, InvoiceDetails
from tollway.canonical.money import Money
from tollway.canonical.project import Project, ProjectBilling
from tollway.canonical.record import FreeText, Identifier, Many, Record
from tollway.canonical.statement import Engagement
from tollway.canonical.work import WorkKind


class Span(Record):
    """Days from the first to the last, both included."""

    start: dt.date
    end: dt.date


EVER = Span(start=dt.date(1970, 1, 1), end=dt.date(3999, 12, 31))
"""All days that business happens on."""


class Page(Record):
    """What every page has: `next` is where the following one begins, empty when this was the last."""

    next: FreeText = ""


class DealStanding(Record):
    """A won deal, and what the CRM was told of it."""

    id: Identifier
    account_id: FreeText = ""
    legal_entity: FreeText = ""
    closed_on: dt.date | None = None
    """The day it was won on."""
    tax_registration: FreeText = ""
    """Of its account."""
    progress: DealProgress


class DealPage(Page):
    """Won deals."""

    items: Many[DealStanding]


class ProjectStanding(Record):
    """A project, and what the PSA was told of its billing."""

    project: Project
    billing: ProjectBilling | None = None


class ProjectStandingPage(Page):
    """Projects of the PSA."""

    items: Many[ProjectStanding]


class WorkEntry(Record):
    """Approved billable work, whether billed or not."""

    id: Identifier
    """The billing event's id."""
    kind: WorkKind
    project_number: Identifier
    amount: Money | None = None
    """None while it has no price."""
    on: dt.date
    invoice_number: FreeText = ""


class WorkPage(Page):
    """Approved billable work of any project."""

    items: Many[WorkEntry]


class CustomerPage(Page):
    """Customers of a legal entity."""

    items: Many[Customer]


class ProjectPage(Page):
    """Projects of a legal entity."""

    items: Many[Project]


class InvoicePage(Page):
    """Invoices of a legal entity, as the ERP has them."""

    items: Many[Invoice]


class InvoiceDetailsPage(Page):
    """Invoices as they were to be made."""

    items: Many[InvoiceDetails]


class EngagementPage(Page):
    """Contracts behind projects."""

    items: Many[Engagement]
