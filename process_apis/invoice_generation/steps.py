"""The verbs of invoice generation."""

import datetime as dt

from process_apis.invoice_generation.billable import invoice_details, unbilled
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.recollection import Recollection
from tollway import context
from tollway.canonical.billed import billed_items
from tollway.canonical.case import Category
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.money import total
from tollway.canonical.statement import BillingChange, BillingRun
from tollway.canonical.work import BillableItem
from tollway.effects import Effects
from tollway.engine import step
from tollway.ports.activation import Activation
from tollway.ports.collections import Collections
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Conflict, found

POLLED = "poll:"
"""Begins the trigger of a run that nobody asked for: what was credited waits for one that somebody does."""


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
        recollection: Recollection,
    ) -> None:
        self._psa = psa
        self._erp = erp
        self._activation = activation
        self._collections = collections
        self._effects = effects
        self._claims = claims
        self._recollection = recollection

    @step
    async def claim_work(self, run: BillingRun) -> InvoiceDetails | None:
        """The invoice for what is billable and nobody claimed yet; None when there is no such work."""
        number = run.project_number
        engagement = found(await self._activation.engagement(number), f"contract behind project {number}")
        contract, process_id = engagement.contract, context.current().process_id
        work = await self._psa.project_work(number)
        if lost := await self._recollection.lost(contract):
            await self._recollection.go_on(process_id, contract, work, lost)
        items = unbilled(contract, work, run.through)

        def invoice(reference: str, claimed: list[BillableItem]) -> InvoiceDetails:
            return invoice_details(contract, reference, claimed, dt.datetime.now(dt.UTC).date())

        taken = [one.reference for one in lost]
        asked = not run.trigger.startswith(POLLED)
        return await self._claims.claim(process_id, number, items, invoice, taken, released=asked)

    @step
    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        """The invoice in the ERP, with its tax."""
        await self._recollection.check(invoice)

        async def same() -> Invoice | None:
            there = await self._erp.find_invoice(invoice.legal_entity, invoice.reference)
            if there is not None and there.net != total((line.amount for line in invoice.lines), invoice.currency):
                raise Conflict(
                    f"The ERP has an invoice {invoice.reference} already, over {there.net.amount} "
                    f"{there.net.currency}, which bills other work.",
                    category=Category.ALREADY_BILLED,
                )
            return there

        return await self._effects.apply(
            f"invoice:{invoice.reference}",
            invoice,
            lambda: self._erp.create_invoice(invoice),
            same,
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
        billed = billed_items(invoice, posted.number)

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
