"""What of a project's work is to be billed, and the invoice that bills it."""

import datetime as dt

from tollway.canonical.billed import BILLED_AS
from tollway.canonical.case import Category
from tollway.canonical.contract import Contract
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.work import BillableItem, ProjectWork
from tollway.problems import Rejected


def chargeable(contract: Contract, work: ProjectWork) -> list[BillableItem]:
    """The project's items of the kind that its contract is billed by, whether billed yet or not."""
    return [item for item in work.items if item.kind is BILLED_AS[contract.contract_type]]


def unbilled(contract: Contract, work: ProjectWork, through: dt.date) -> list[BillableItem]:
    """Chargeable items up to a day that no invoice carries; raises Rejected when they must not be billed."""
    items = [item for item in chargeable(contract, work) if not item.invoice_number and item.on <= through]
    if items and work.closed:
        said = "; ".join(f"{item.description} ({item.amount.amount} {item.amount.currency})" for item in items)
        raise Rejected(
            f"The project {work.project_number} is closed but has approved work that is not billed: {said}.",
            category=Category.PROJECT_CLOSED,
        )
    for item in items:
        if item.amount.currency != contract.currency:
            raise Rejected(
                f"{item.description} is priced in {item.amount.currency}, the contract in {contract.currency}.",
                category=Category.CURRENCY_MISMATCH,
            )
        if item.amount.amount <= 0:
            raise Rejected(
                f"{item.description} has the price {item.amount.amount} {item.amount.currency}: it cannot be billed.",
                category=Category.CONTRACT_MISMATCH,
            )
    return items


def invoice_details(contract: Contract, reference: str, items: list[BillableItem], date: dt.date) -> InvoiceDetails:
    """The invoice that bills the items, a line each."""
    return InvoiceDetails(
        reference=reference,
        legal_entity=contract.legal_entity,
        account_id=contract.account.id,
        project_number=contract.project_number,
        currency=contract.currency,
        date=date,
        payment_days=contract.payment_days,
        purchase_order=contract.purchase_order,
        service_line=contract.dimensions.service_line,
        cost_centre=contract.dimensions.cost_centre,
        lines=[
            InvoiceLineDetails(
                source_id=item.id,
                kind=item.kind,
                description=item.description,
                quantity=item.quantity,
                unit_price=item.unit_price,
                amount=item.amount,
            )
            for item in items
        ],
    )
