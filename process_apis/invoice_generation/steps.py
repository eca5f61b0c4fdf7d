"""The verbs of invoice generation."""

import datetime as dt

from process_apis.invoice_generation.billable import invoice_details, unbilled
from process_apis.invoice_generation.claims import Claims
from tollway import context
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.statement import BillingChange, BillingRun
from tollway.canonical.work import BillableItem, BilledItems, WorkKind
from tollway.effects import Effects
from tollway.engine import step
from tollway.ports.activation import Activation
from tollway.ports.collections import Collections
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import found


class InvoicingSteps:
    """What invoice generation does, at the platforms it does it at."""

    def __init__(
        self,
        psa: Psa,
        erp: Erp,
        activation: Activation,
        collections: Collections,
        effects: Effects,
        claims: Claims,
    ) -> None:
        self._psa = psa
        self._erp = erp
        self._activation = activation
        self._collections = collections
        self._effects = effects
        self._claims = claims

    @step
    async def claim_work(self, run: BillingRun) -> InvoiceDetails | None:
        """The invoice for what is billable and nobody claimed yet; None when there is no such work."""
        number = run.project_number
        engagement = found(await self._activation.engagement(number), f"contract behind project {number}")
        contract = engagement.contract
        items = unbilled(contract, await self._psa.project_work(number), run.through)

        def invoice(reference: str, claimed: list[BillableItem]) -> InvoiceDetails:
            return invoice_details(contract, reference, claimed, dt.datetime.now(dt.UTC).date())

        return await self._claims.claim(context.current().process_id, number, items, invoice)

    @step
    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        """The invoice in the ERP, with its tax."""
        return await self._effects.apply(
            f"invoice:{invoice.reference}",
            invoice,
            lambda: self._erp.create_invoice(invoice),
            lambda: self._erp.find_invoice(invoice.legal_entity, invoice.reference),
            Invoice,
        )

    @step
    async def post_invoice(self, invoice: InvoiceDetails) -> Invoice:
        """The posted invoice, with its number."""

        async def posted() -> Invoice | None:
            there = await self._erp.find_invoice(invoice.legal_entity, invoice.reference)
            return there if there is not None and there.status is not InvoiceStatus.DRAFT else None

        return await self._effects.apply(
            f"invoice-posting:{invoice.reference}",
            invoice.reference,
            lambda: self._erp.post_invoice(invoice.legal_entity, invoice.reference),
            posted,
            Invoice,
        )

    @step
    async def mark_billed(self, invoice: InvoiceDetails, posted: Invoice) -> None:
        """The invoice's number on the time and milestones it bills."""
        billed = billed_items(invoice, posted)

        async def marked() -> bool:
            there = await self._psa.find_billed(posted.number)
            return there is not None and {item.id for item in there.items} >= {item.id for item in billed.items}

        identity = f"billed-items:{invoice.reference}"
        await self._effects.set(identity, billed, lambda: self._psa.mark_billed(billed), marked)

    @step
    async def announce(self, posted: Invoice) -> None:
        """Have CRM and PSA told how the project's billing stands now."""
        await self._collections.billing_changed(
            BillingChange(project_number=posted.project_number, trigger=f"posted:{posted.reference}")
        )


def billed_items(invoice: InvoiceDetails, posted: Invoice) -> BilledItems:
    """The items that an invoice bills, under the number it got."""
    return BilledItems(
        invoice_number=posted.number,
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
