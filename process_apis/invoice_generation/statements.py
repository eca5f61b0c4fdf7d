"""Statements: what the systems of record say, side by side, about a contract's money."""

from process_apis.invoice_generation.billable import chargeable
from tollway.canonical.contract import Contract
from tollway.canonical.invoice import Invoice, InvoiceStatus
from tollway.canonical.money import total
from tollway.canonical.statement import Statement
from tollway.canonical.work import ProjectWork

POSTED = (InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID, InvoiceStatus.PAID)


def state(contract: Contract, work: ProjectWork, invoices: list[Invoice]) -> Statement:
    """The statement for approved work and invoices as they are now."""
    currency = contract.currency
    posted = [invoice for invoice in invoices if invoice.status in POSTED]
    delivered = total((item.amount for item in chargeable(contract, work)), currency)
    billed = total((invoice.net for invoice in posted), currency)
    return Statement(
        deal_id=contract.deal_id,
        project_number=contract.project_number,
        account_id=contract.account.id,
        value=contract.value,
        delivered=delivered,
        billed=billed,
        unbilled=delivered - billed,
        invoiced=total((invoice.total for invoice in posted), currency),
        paid=total((invoice.paid for invoice in posted), currency),
        status=_status(contract, posted),
        invoices=invoices,
    )


def _status(contract: Contract, posted: list[Invoice]) -> str:
    if not posted:
        return "not_billed"
    complete = total((invoice.net for invoice in posted), contract.currency).amount >= contract.value.amount
    paid = [invoice.status is InvoiceStatus.PAID for invoice in posted]
    if all(paid):
        return "paid" if complete else "partly_paid"
    if any(paid) or any(invoice.paid.amount > 0 for invoice in posted):
        return "partly_paid"
    return "billed" if complete else "partly_billed"
