"""Invoices between our terms and Tryton's; ids that need asking are parameters."""

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from system_apis.erp.tryton import models
from system_apis.erp.tryton.markers import identities, marked
from tollway.canonical.case import Category
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails, InvoiceLineDetails, InvoiceStatus
from tollway.canonical.money import Money, exponent
from tollway.problems import Rejected

SMALLEST_PRICE = Decimal("0.0001")
"""Tryton keeps prices to four decimal places."""
_STATES = {
    "draft": InvoiceStatus.DRAFT,
    "validated": InvoiceStatus.DRAFT,
    "paid": InvoiceStatus.PAID,
    "cancelled": InvoiceStatus.CANCELLED,
}
"""States that decide by themselves; of a posted invoice what is left to pay decides."""


def invoice_body(
    invoice: InvoiceDetails,
    *,
    company: int,
    party: int,
    currency: int,
    payment_term: int,
    chosen: models.PartyDefaults,
    products: Mapping[str, tuple[int, models.ProductDefaults]],
) -> models.InvoiceBody:
    """A new invoice; `chosen` and `products`, by kind of line, are what Tryton fills in for the party."""
    if not (chosen.invoice_address and chosen.account and chosen.journal):
        raise Rejected(
            f"Tryton cannot invoice account {invoice.account_id}: its party needs an address, and the company an "
            "account for receivables and a journal for revenue.",
            category=Category.PLATFORM_REFUSED,
        )
    lines = [body for line in invoice.lines for body in _line_bodies(line, company, currency, *products[line.kind])]
    return models.InvoiceBody(
        type="out",
        company=company,
        party=party,
        invoice_address=chosen.invoice_address,
        currency=currency,
        account=chosen.account,
        journal=chosen.journal,
        payment_term=payment_term,
        payment_term_date=invoice.date,
        invoice_date=invoice.date,
        reference=invoice.reference,
        description=f"Purchase order {invoice.purchase_order}" if invoice.purchase_order else None,
        comment=marked(project=invoice.project_number),
        lines=models.create(*lines),
    )


def invoice(shown: models.ShownInvoice, legal_entity: str) -> Invoice:
    """An invoice as Tryton has it."""
    currency, total = shown.currency.code or "", shown.total_amount
    status = _STATES.get(shown.state)
    if status is None:
        status = InvoiceStatus.PARTLY_PAID if shown.amount_to_pay < total else InvoiceStatus.OPEN
    left = shown.amount_to_pay if shown.state in ("posted", "paid") else total
    due = [line.maturity_date for line in shown.lines_to_pay if line.maturity_date]
    return Invoice(
        id=str(shown.id),
        reference=shown.reference or "",
        legal_entity=legal_entity,
        number=shown.number or "",
        project_number=identities(shown.comment).get("project", ""),
        status=status,
        currency=currency,
        net=_money(shown.untaxed_amount, currency),
        tax=_money(shown.tax_amount, currency),
        total=_money(total, currency),
        paid=_money(total - left, currency),
        date=shown.invoice_date,
        due=max(due, default=None),
        changed_at=utc(shown.last_modified_at),
    )


def credit_note(shown: models.ShownInvoice, reference: str, legal_entity: str) -> CreditNote:
    """A credit note, which Tryton keeps as an invoice over negative amounts."""
    currency = shown.currency.code or ""
    return CreditNote(
        id=str(shown.id),
        reference=reference,
        legal_entity=legal_entity,
        number=shown.number or "",
        currency=currency,
        net=_money(-shown.untaxed_amount, currency),
        tax=_money(-shown.tax_amount, currency),
        total=_money(-shown.total_amount, currency),
        date=shown.invoice_date,
    )


def utc(moment: dt.datetime) -> dt.datetime:
    """A moment of Tryton's, which means UTC and says so nowhere."""
    return moment.replace(tzinfo=dt.UTC)


def priced(line: InvoiceLineDetails) -> list[tuple[Decimal, Decimal]]:
    """Quantities and unit prices at which Tryton, which rounds halves to even, comes to exactly the line's amount.

    Where our half was rounded away from zero, that is the price plus the smallest step of prices. Over many units such
    steps add up to more than was rounded: then the last units alone are billed with the step, on a line of their own.
    """
    smallest = Decimal(1).scaleb(-exponent(line.amount.currency))
    price, amount = line.unit_price.amount, line.amount.amount
    raised = price + SMALLEST_PRICE.copy_sign(price)
    last = line.quantity % (smallest / SMALLEST_PRICE)  # beyond these, a price times its units has no half
    parted = [(line.quantity - last, price), (last, raised)]
    for parts in ([(line.quantity, price)], [(line.quantity, raised)], parted):
        if sum((units * each).quantize(smallest, ROUND_HALF_EVEN) for units, each in parts) == amount:
            return parts
    raise Rejected(
        f"{line.quantity} times {price} is not {amount} for {line.description!r}, and Tryton bills nothing else.",
        category=Category.PLATFORM_REFUSED,
    )


def _line_bodies(
    line: InvoiceLineDetails, company: int, currency: int, product: int, defaults: models.ProductDefaults
) -> list[models.LineBody]:
    if defaults.account is None:
        raise Rejected(
            f"Tryton has no revenue account in this company for the product that {line.kind} is billed as.",
            category=Category.PLATFORM_REFUSED,
        )
    taxes = [record["id"] for _, record in defaults.taxes.get("add", [])]
    return [
        models.LineBody(
            type="line",
            company=company,
            currency=currency,
            product=product,
            unit=defaults.unit,
            account=defaults.account,
            description=line.description,
            quantity=float(quantity),
            unit_price=price,
            taxes=[["add", taxes]] if taxes else [],
            note=marked(source=line.source_id),
        )
        for quantity, price in priced(line)
    ]


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency).rounded()
