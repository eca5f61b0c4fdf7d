"""The verbs by which an invoice is cancelled or, once it is posted, credited."""

from process_apis.invoice_generation.claims import Claims
from tollway.canonical.billed import billed_items
from tollway.canonical.case import Category
from tollway.canonical.invoice import CreditNote, CreditOrder, Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.statement import BillingChange
from tollway.effects import Effects
from tollway.engine import step
from tollway.ports.collections import Collections
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Conflict


class CancellingSteps:
    """What cancelling an invoice does, at the platforms it does it at."""

    def __init__(self, psa: Psa, erp: Erp, collections: Collections, effects: Effects, claims: Claims) -> None:
        self._psa = psa
        self._erp = erp
        self._collections = collections
        self._effects = effects
        self._claims = claims

    @step
    async def halt_billing(self, invoice: InvoiceDetails) -> Invoice | None:
        """What the ERP has of the invoice once its billing run can bring about nothing more; None when nothing."""
        entity, reference = invoice.legal_entity, invoice.reference

        async def created() -> Invoice | None:
            return await self._erp.find_invoice(entity, reference)

        async def posted() -> Invoice | None:
            there = await created()
            return there if there is not None and there.status is not InvoiceStatus.DRAFT else None

        await self._effects.withdraw(f"invoice:{reference}", created)
        await self._effects.withdraw(f"invoice-posting:{reference}", posted)
        return await created()

    @step
    async def cancel_or_credit(self, invoice: InvoiceDetails, there: Invoice, reason: str) -> CreditNote | None:
        """The credit note of what was posted; None for a draft, which is cancelled."""
        entity, reference = invoice.legal_entity, invoice.reference
        require_unpaid(there)
        if there.status is InvoiceStatus.CANCELLED:  # by somebody in the ERP, or by this step before it was repeated
            return await self._erp.find_credit_note(entity, reference)
        if there.status is InvoiceStatus.DRAFT:
            await self._cancel(entity, reference)
            return None
        return await self._effects.apply(
            f"credit-note:{reference}",
            CreditOrder(reason=reason),
            lambda: self._erp.credit_invoice(entity, reference, reason),
            lambda: self._erp.find_credit_note(entity, reference),
            CreditNote,
        )

    @step
    async def unmark_billed(self, invoice: InvoiceDetails, there: Invoice) -> None:
        """The time and milestones of the invoice count as not billed in the PSA."""
        billed = billed_items(invoice, there.number)

        async def unmarked() -> bool:
            found = await self._psa.find_billed(there.number)
            return found is None or {item.id for item in billed.items}.isdisjoint(item.id for item in found.items)

        async def marked() -> bool | None:
            return not await unmarked() or None

        await self._effects.withdraw(f"billed-items:{invoice.reference}", marked)
        if await unmarked():
            return
        identity = f"unbilled-items:{invoice.reference}"
        await self._effects.set(identity, billed, lambda: self._psa.unmark_billed(billed), unmarked)

    @step
    async def release_work(self, invoice: InvoiceDetails) -> None:
        """The work can be billed again, by whoever asks for a billing run."""
        await self._claims.release(invoice.reference)

    @step
    async def announce(self, invoice: InvoiceDetails) -> None:
        """Have CRM and PSA told how the project's billing stands now."""
        trigger = f"cancelled:{invoice.reference}"
        await self._collections.billing_changed(BillingChange(project_number=invoice.project_number, trigger=trigger))

    async def _cancel(self, legal_entity: str, reference: str) -> None:
        async def cancelled() -> Invoice | None:
            there = await self._erp.find_invoice(legal_entity, reference)
            return there if there is not None and there.status is InvoiceStatus.CANCELLED else None

        await self._effects.apply(
            f"invoice-cancellation:{reference}",
            reference,
            lambda: self._erp.cancel_invoice(legal_entity, reference),
            cancelled,
            Invoice,
        )


def require_unpaid(invoice: Invoice) -> None:
    """Raise Conflict when money has come in for an invoice, which a credit note alone does not give back."""
    if invoice.status in (InvoiceStatus.PARTLY_PAID, InvoiceStatus.PAID):
        stands = invoice.status.replace("_", " ")
        raise Conflict(
            f"Invoice {invoice.number} ({invoice.reference}) is {stands}: credit it in the ERP and decide there what "
            "becomes of the money.",
            category=Category.ALREADY_BILLED,
        )
