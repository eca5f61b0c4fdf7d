"""Repairs: what may be mended without asking anybody, since it moves no money and repeats nothing."""

from collections.abc import Awaitable, Callable, Mapping

from tollway.canonical.billed import billed_items
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.reconciliation import Discrepancy, DriftKind
from tollway.canonical.statement import BillingChange, DealWon
from tollway.effects import Effects
from tollway.ports.collections import Collections
from tollway.ports.erp import Erp
from tollway.ports.invoicing import Invoicing
from tollway.ports.onboarding import Onboarding
from tollway.ports.psa import Psa


class Repairs:
    """Has the process that should have brought it about do so now."""

    def __init__(
        self,
        psa: Psa,
        erp: Erp,
        onboarding: Onboarding,
        invoicing: Invoicing,
        collections: Collections,
        effects: Effects,
    ) -> None:
        self._psa = psa
        self._erp = erp
        self._onboarding = onboarding
        self._invoicing = invoicing
        self._collections = collections
        self._effects = effects
        self._ways: Mapping[DriftKind, Callable[[str, Discrepancy], Awaitable[None]]] = {
            DriftKind.DEAL_NOT_ONBOARDED: self._onboard,
            DriftKind.WORK_NOT_MARKED: self._mark,
            DriftKind.STATUS_NOT_TOLD: self._tell,
            DriftKind.INVOICE_UNKNOWN: self._recollect,
        }

    async def repair(self, run_id: str, one: Discrepancy) -> None:
        """Mend it, once for each run."""
        await self._ways[one.kind](run_id, one)

    async def _onboard(self, run_id: str, one: Discrepancy) -> None:
        won = DealWon(deal_id=one.object_id, event_id=f"{run_id}:{one.object_id}", source="reconciliation")
        await self._onboarding.deal_won(won)

    async def _tell(self, run_id: str, one: Discrepancy) -> None:
        change = BillingChange(project_number=one.object_id, trigger=f"reconciliation:{run_id}")
        await self._collections.billing_changed(change)

    async def _recollect(self, _run_id: str, one: Discrepancy) -> None:
        await self._invoicing.recollect(one.subject)

    async def _mark(self, run_id: str, one: Discrepancy) -> None:
        """The invoice's number onto its items; they were marked before, so this is an effect of its own."""
        details = {made.reference: made for made in await self._invoicing.claimed_of_project(one.subject)}
        invoice = await self._erp.find_invoice(one.legal_entity, one.object_id)
        if one.object_id not in details or invoice is None or invoice.status is InvoiceStatus.DRAFT:
            return  # it changed since it was looked at; the next run judges it anew
        billed = billed_items(details[one.object_id], invoice.number)

        async def marked() -> bool:
            there = await self._psa.find_billed(invoice.number)
            return there is not None and {item.id for item in there.items} >= {item.id for item in billed.items}

        identity = f"marked-again:{one.object_id}:{run_id}"
        await self._effects.set(identity, billed, lambda: self._psa.mark_billed(billed), marked)
