"""The verbs of collections."""

import hashlib

import msgspec

from tollway import context
from tollway.canonical.deal import DealProgress
from tollway.canonical.project import ProjectBilling
from tollway.canonical.statement import Statement
from tollway.cases.skips import Skips
from tollway.effects import Effects
from tollway.engine import step
from tollway.ports.crm import Crm
from tollway.ports.invoicing import Invoicing
from tollway.ports.psa import Psa

WORDS = {
    "not_billed": "Not billed",
    "partly_billed": "Partly billed",
    "billed": "Billed",
    "partly_paid": "Partly paid",
    "paid": "Paid",
}
"""Billing states as account team and delivery read them."""
SKIPPABLE = ("tell_crm", "tell_psa")
"""Steps that people may leave out: the one who cannot be told is not, until billing changes again."""


class CollectionsSteps:
    """What collections does, at the platforms it does it at."""

    def __init__(self, crm: Crm, psa: Psa, invoicing: Invoicing, effects: Effects, skips: Skips) -> None:
        self._crm = crm
        self._psa = psa
        self._invoicing = invoicing
        self._effects = effects
        self._skips = skips

    @step
    async def read_statement(self, project_number: str) -> Statement:
        """What the systems of record say now."""
        return await self._invoicing.statement(project_number)

    @step
    async def tell_crm(self, statement: Statement, turn: int) -> None:
        """Amounts and billing status on the deal; `turn` counts how often this process tells."""
        if await self._skips.skipped("tell_crm"):
            return
        numbers = [invoice.number for invoice in statement.invoices if invoice.number]
        wanted = DealProgress(
            deal_id=statement.deal_id,
            billing_status=WORDS[statement.status],
            invoiced=statement.invoiced,
            paid=statement.paid,
            unbilled=statement.unbilled,
            last_invoice=numbers[-1] if numbers else None,
        )

        async def told() -> bool:
            said = await self._crm.find_progress(statement.deal_id)
            asked = (wanted.billing_status, wanted.invoiced, wanted.paid, wanted.unbilled)
            return said is not None and (said.billing_status, said.invoiced, said.paid, said.unbilled) == asked

        await self._effects.set(
            _identity("deal-billing", turn, wanted), wanted, lambda: self._crm.report_progress(wanted), told
        )

    @step
    async def tell_psa(self, statement: Statement, turn: int) -> None:
        """Amounts and billing status on the project; `turn` counts how often this process tells."""
        if await self._skips.skipped("tell_psa"):
            return
        wanted = ProjectBilling(
            project_number=statement.project_number,
            invoice_status=WORDS[statement.status],
            invoiced=statement.invoiced,
            paid=statement.paid,
        )

        async def told() -> bool:
            return await self._psa.find_billing(statement.project_number) == wanted

        await self._effects.set(
            _identity("project-billing", turn, wanted), wanted, lambda: self._psa.report_billing(wanted), told
        )


def _identity(what: str, turn: int, wanted: DealProgress | ProjectBilling) -> str:
    """What is told in a turn; a retried process that reads something else by then tells that."""
    digest = hashlib.sha256(msgspec.json.encode(wanted, order="deterministic")).hexdigest()
    return f"{what}:{context.current().process_id}:{turn}:{digest[:16]}"
