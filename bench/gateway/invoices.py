"""The measured service: it answers an invoice's status, and takes an invoice, of about a kilobyte each."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import get, post

from tollway.canonical.money import Money
from tollway.canonical.record import Identifier, Record

SERVICE = "finance"
PREFIX = "/finance/v1"
INVOICES = f"{PREFIX}/invoices"


class InvoiceLine(Record):
    """What was delivered, and its price."""

    product: Identifier
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    amount: Money
    text: str


class InvoiceStatus(Record):
    """An invoice and where it stands."""

    id: Identifier
    customer: Identifier
    state: str
    issued: dt.date
    changed_at: dt.datetime
    total: Money
    lines: list[InvoiceLine]


INVOICE = InvoiceStatus(
    id="INV-1",
    customer="C-1",
    state="open",
    issued=dt.date(2026, 1, 1),
    changed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    total=Money(amount=Decimal("700.00"), currency="EUR"),
    lines=[
        InvoiceLine(
            product=f"P-{place}",
            quantity=place + 1,
            amount=Money(amount=Decimal("100.00"), currency="EUR"),
            text="Consulting services in the month",
        )
        for place in range(7)
    ],
)
BODY = msgspec.json.encode(INVOICE)
"""What both operations answer, and what the POST sends."""


@get(INVOICES + "/{invoice_id:str}", operation_id="getInvoice", opt={"scope": "finance:read"})
async def get_invoice(invoice_id: Identifier) -> InvoiceStatus:  # noqa: ARG001 - every id is of the same invoice
    """An invoice and where it stands."""
    return INVOICE


@post(INVOICES, operation_id="createInvoice", opt={"scope": "finance:write"})
async def create_invoice(data: InvoiceStatus) -> InvoiceStatus:
    """Take an invoice."""
    return data


HANDLERS = (get_invoice, create_invoice)
