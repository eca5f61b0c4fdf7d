"""Invoices between our terms and NetSuite's; ids that need asking are parameters."""

from collections.abc import Mapping
from decimal import Decimal

from system_apis.erp.netsuite import models, rows
from system_apis.erp.netsuite.external_ids import customer_key, external_id
from system_apis.erp.netsuite.models import Ref
from system_apis.erp.netsuite.suiteql import moment
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.money import Money

_LONGEST_MEMO = 999
"""Source: SOAP Schema Browser, "Credit Memo": a memo has 999 characters at most."""
PENDING, APPROVED, REFUSED = "1", "2", "3"
"""NetSuite's approval statuses."""
_LIVES = {
    "d": InvoiceStatus.DRAFT,
    "pending approval": InvoiceStatus.DRAFT,
    "e": InvoiceStatus.CANCELLED,
    "rejected": InvoiceStatus.CANCELLED,
    "v": InvoiceStatus.CANCELLED,
    "voided": InvoiceStatus.CANCELLED,
}
"""Statuses that decide by themselves, as SuiteQL's letters and as the record's words; what is paid decides the rest."""


def invoice_body(
    invoice: InvoiceDetails,
    *,
    subsidiary: str,
    currency: str,
    terms: str,
    items: Mapping[str, str],
    department: str,
    class_: str,
    pending: bool,
) -> models.InvoiceBody:
    """A new invoice; `items` are the service items of the lines' kinds, and empty ids are left out."""
    booked = {"department": Ref(id=department) if department else None, "class_": Ref(id=class_) if class_ else None}
    lines = [
        models.ItemLine(
            item=Ref(id=items[line.kind]),
            description=line.description,
            quantity=line.quantity,
            rate=line.unit_price.amount,
            amount=line.amount.amount,
            custcol_tollway_source_id=line.source_id,
            **booked,
        )
        for line in invoice.lines
    ]
    return models.InvoiceBody(
        entity=Ref(external_id=customer_key(invoice.account_id, invoice.legal_entity)),
        job=Ref(external_id=external_id(invoice.project_number)),
        subsidiary=Ref(id=subsidiary),
        currency=Ref(id=currency),
        tran_date=invoice.date,
        terms=Ref(id=terms),
        other_ref_num=invoice.purchase_order or None,
        approval_status=Ref(id=PENDING) if pending else None,
        item=models.ItemLines(items=lines),
        custbody_tollway_reference=invoice.reference,
        custbody_tollway_project=invoice.project_number,
        **booked,
    )


def invoice(shown: models.ShownInvoice, legal_entity: str, currency: str, credited: Decimal) -> Invoice:
    """An invoice as its record shows it; `currency` is the code of its currency, `credited` what is paid by credit."""
    marker = {PENDING: "pending approval", REFUSED: "rejected"}.get(shown.approval_status.id, shown.status.id)
    paid = shown.amount_paid - credited
    status = _status(marker, shown.total, paid, credited)
    return Invoice(
        id=shown.id,
        reference=shown.custbody_tollway_reference,
        legal_entity=legal_entity,
        number="" if status == InvoiceStatus.DRAFT else shown.tran_id,
        project_number=shown.custbody_tollway_project,
        status=status,
        currency=currency,
        net=_money(shown.subtotal, currency),
        tax=_money(shown.tax_total, currency),
        total=_money(shown.total, currency),
        paid=_money(paid, currency),
        date=shown.tran_date,
        due=shown.due_date,
        changed_at=shown.last_modified_date,
    )


def listed_invoice(row: rows.InvoiceRow, legal_entity: str, project_number: str, credited: Decimal) -> Invoice:
    """An invoice of a project as a query lists it; `credited` of what is paid is by credit memos."""
    paid = row.paid - credited
    status = _status(row.status, row.total, paid, credited)
    total, net = _money(row.total, row.currency), _money(row.net, row.currency)
    return Invoice(
        id=row.id,
        reference=row.reference,
        legal_entity=legal_entity,
        number="" if status == InvoiceStatus.DRAFT else row.tranid,
        project_number=project_number,
        status=status,
        currency=row.currency,
        net=net,
        tax=total - net,
        total=total,
        paid=_money(paid, row.currency),
        date=row.trandate,
        due=row.duedate,
        changed_at=moment(row.changed),
    )


def credit_memo_body(key: str, invoice: Invoice, reason: str) -> models.CreditMemoBody:
    """What is said of a credit memo besides what NetSuite takes from its invoice."""
    return models.CreditMemoBody(
        external_id=key,
        memo=reason[:_LONGEST_MEMO] or None,
        custbody_tollway_reference=invoice.reference,
        custbody_tollway_project=invoice.project_number,
    )


def credit_note(shown: models.ShownCreditMemo, reference: str, legal_entity: str, currency: str) -> CreditNote:
    """A credit memo as its record shows it."""
    return CreditNote(
        id=shown.id,
        reference=reference,
        legal_entity=legal_entity,
        number=shown.tran_id,
        currency=currency,
        net=_money(shown.subtotal, currency),
        tax=_money(shown.tax_total, currency),
        total=_money(shown.total, currency),
        date=shown.tran_date,
    )


def _status(marker: str, total: Decimal, paid: Decimal, credited: Decimal) -> InvoiceStatus:
    decided = _LIVES.get(marker.rpartition(":")[2].strip().casefold())
    if decided is not None:
        return decided
    if credited >= total > 0:
        return InvoiceStatus.CANCELLED
    if paid + credited >= total:
        return InvoiceStatus.PAID
    return InvoiceStatus.PARTLY_PAID if paid > 0 else InvoiceStatus.OPEN


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency).rounded()
