"""What business events tell of deals, customers, projects, invoices, cases and processes."""

import datetime as dt

from tollway.canonical.case import CaseStatus, Category, OwnerRole
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.money import CurrencyCode, Money
from tollway.canonical.record import FreeText, LongText, Record, Timestamp


class DealFacts(Record):
    """A deal that was won and is being set up."""

    deal_id: FreeText
    source: FreeText
    """Who said so."""


class CustomerFacts(Record):
    """A customer as it stands in the ERP of a legal entity."""

    account_id: FreeText
    """Its id in the CRM."""
    legal_entity: FreeText
    number: FreeText
    """Its number in the ERP."""
    name: FreeText


class ProjectFacts(Record):
    """A project and the contract that it delivers."""

    project_number: FreeText
    deal_id: FreeText
    account_id: FreeText
    legal_entity: FreeText
    name: FreeText
    value: Money
    start: dt.date
    end: dt.date


class InvoiceFacts(Record):
    """An invoice as the ERP has it."""

    reference: FreeText
    """Its canonical identity, the same before and after it was posted."""
    number: FreeText
    """Its number in the ERP."""
    project_number: FreeText
    legal_entity: FreeText
    status: InvoiceStatus
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    paid: Money
    date: dt.date | None = None
    due: dt.date | None = None


class CreditNoteFacts(Record):
    """A credit note that takes a posted invoice back; amounts are what it takes off, so not negative."""

    reference: FreeText
    """That of the invoice."""
    number: FreeText
    """The credit note's own number in the ERP."""
    legal_entity: FreeText
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    date: dt.date | None = None


class CaseFacts(Record):
    """A case, without its evidence: that is for those who may work on it."""

    case_id: FreeText
    process: FreeText
    process_id: FreeText
    subject: FreeText
    """The deal or project that is stuck."""
    category: Category
    owner_role: OwnerRole
    status: CaseStatus
    summary: LongText
    assignee: FreeText = ""
    """Who has taken it on."""
    due_at: Timestamp | None = None


class ProcessFacts(Record):
    """A durable process and what it is about."""

    process: FreeText
    process_id: FreeText
    subject: FreeText
    """The deal or project; empty where the process alone says it."""
