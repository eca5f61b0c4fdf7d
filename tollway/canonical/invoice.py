"""Invoices and what has been paid on them."""

import datetime as dt
import enum

from tollway.canonical.money import CurrencyCode, Money, Quantity, exact
from tollway.canonical.record import Code, Days, FreeText, Identifier, Many, Record, Remark, Text, Timestamp


class InvoiceStatus(enum.StrEnum):
    """Where an invoice is in its life."""

    DRAFT = "draft"
    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


class InvoiceLineDetails(Record):
    """A line that is to be billed; `source_id` is the billing event it comes from."""

    source_id: Identifier
    kind: FreeText
    """`time` or `milestone`, by which the ERP's product is chosen."""
    description: Text
    quantity: Quantity
    unit_price: Money
    amount: Money

    def __post_init__(self) -> None:
        exact(self.quantity)


class InvoiceDetails(Record):
    """What is to be invoiced; `reference` is the invoice's canonical identity. The ERP adds tax and number."""

    reference: Identifier
    legal_entity: Code
    account_id: Identifier
    project_number: Identifier
    currency: CurrencyCode
    date: dt.date
    payment_days: Days
    purchase_order: FreeText = ""
    service_line: FreeText = ""
    cost_centre: FreeText = ""
    lines: Many[InvoiceLineDetails]


class Invoice(Record):
    """An invoice that exists in the ERP."""

    id: Identifier
    reference: FreeText
    """Empty when somebody made the invoice in the ERP by hand."""
    legal_entity: Code
    number: FreeText = ""
    """The number the ERP gave when it was posted; empty while it is a draft."""
    project_number: FreeText = ""
    status: InvoiceStatus
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    paid: Money
    date: dt.date | None = None
    due: dt.date | None = None
    changed_at: Timestamp | None = None


class CreditNote(Record):
    """A posted credit note that takes an invoice back as a whole; amounts are what it takes off, so not negative."""

    id: Identifier
    reference: Identifier
    """That of the invoice."""
    legal_entity: Code
    number: FreeText
    """The number that the ERP gave it."""
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    date: dt.date | None = None


class CreditOrder(Record):
    """Why an invoice is taken back."""

    reason: Remark = ""


class InvoiceCancellation(Record):
    """An invoice that is to be taken back, with what it was made of."""

    invoice: InvoiceDetails
    reason: Remark = ""
