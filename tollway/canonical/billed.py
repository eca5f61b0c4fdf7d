"""What a contract is billed by, and what an invoice bills."""

from tollway.canonical.contract import ContractType
from tollway.canonical.invoice import InvoiceDetails
from tollway.canonical.work import BillableItem, BilledItems, WorkKind

BILLED_AS = {ContractType.TIME_AND_MATERIALS: WorkKind.TIME, ContractType.FIXED_FEE: WorkKind.MILESTONE}
"""What each contract type is billed by: hours under a fixed fee, and milestones beside hours, cost nothing extra."""


def billed_items(invoice: InvoiceDetails, number: str) -> BilledItems:
    """The items that an invoice bills, under the number it got."""
    return BilledItems(
        invoice_number=number,
        items=[
            BillableItem(
                id=line.source_id,
                kind=WorkKind(line.kind),
                project_number=invoice.project_number,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
                on=invoice.date,
            )
            for line in invoice.lines
        ],
    )
