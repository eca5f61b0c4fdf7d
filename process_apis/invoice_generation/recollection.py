"""Invoices that the ERP has and our records have lost since a backup was restored."""

import datetime as dt
from collections.abc import Sequence

from process_apis.invoice_generation.billable import chargeable, invoice_details
from process_apis.invoice_generation.claims import Claims
from tollway.backup.restores import Restores
from tollway.canonical.case import Category
from tollway.canonical.contract import Contract
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceStatus
from tollway.canonical.money import total
from tollway.canonical.work import BillableItem, ProjectWork
from tollway.ports.activation import Activation
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Conflict, found

RESTORED = "restored:"
"""Begins what is recorded as the process of an invoice whose own process is lost."""


class Recollection:
    """Takes lost invoices back into our records, as far as it is certain what they bill."""

    def __init__(self, psa: Psa, erp: Erp, activation: Activation, claims: Claims, restores: Restores) -> None:
        self._psa = psa
        self._erp = erp
        self._activation = activation
        self._claims = claims
        self._restores = restores

    async def of_project(self, project_number: str) -> None:
        """Take back what of a project is lost and certain."""
        engagement = await self._activation.engagement(project_number)
        lost = await self.lost(engagement.contract) if engagement else []
        if engagement and lost:
            contract, work = engagement.contract, await self._psa.project_work(project_number)
            left = await self.take_back(contract, work, lost)
            if left and left[0].status is not InvoiceStatus.DRAFT:  # which a billing run goes on with
                await self._take_what_is_left(contract, work, left, "")

    async def lost(self, contract: Contract) -> list[Invoice]:
        """The project's invoices under our references that our records do not know; none but after a restore."""
        if await self._restores.forgotten() is None:
            return []
        made = await self._erp.project_invoices(contract.legal_entity, contract.project_number)
        # Asked after: what a run makes meanwhile is recorded before it is made.
        known = await self._claims.references(contract.project_number)
        return [invoice for invoice in made if invoice.reference and invoice.reference not in known]

    async def take_back(self, contract: Contract, work: ProjectWork, lost: Sequence[Invoice]) -> list[Invoice]:
        """Record those that the PSA says all the work of; answers the others, of which cancelled ones bill nothing."""
        left = []
        for invoice in lost:
            items = _marked(contract, work, invoice)
            if invoice.status is InvoiceStatus.CANCELLED:
                continue
            if not (_comes_to(items, invoice) and await self._record(contract, invoice, items, "")):
                left.append(invoice)
        return left

    async def go_on(self, process_id: str, contract: Contract, work: ProjectWork, lost: Sequence[Invoice]) -> None:
        """Have a billing run go on with the one that was not finished, if there is one.

        Everything that is not billed is on it when it comes to just that amount; raises Conflict when it does not.
        """
        left = await self.take_back(contract, work, lost)
        if not left or await self._claims.of_process(process_id):
            return
        if not await self._take_what_is_left(contract, work, left, process_id):
            raise _uncertain(left)

    async def _take_what_is_left(
        self, contract: Contract, work: ProjectWork, left: Sequence[Invoice], process_id: str
    ) -> bool:
        """Record the one invoice as billing everything that is not billed; False when it does not come to just that."""
        (invoice, *more), unmarked = left, [item for item in chargeable(contract, work) if not item.invoice_number]
        items = [*_marked(contract, work, invoice), *unmarked]
        certain = not more and all(item.amount.amount > 0 for item in items) and _comes_to(items, invoice)
        return certain and await self._record(contract, invoice, items, process_id)

    async def check(self, invoice: InvoiceDetails) -> None:
        """Raise Conflict when its work may be on an invoice of which the record was lost."""
        if await self._restores.forgotten() is None:
            return
        number = invoice.project_number
        contract = found(await self._activation.engagement(number), f"contract behind project {number}").contract
        work = await self._psa.project_work(number)
        if left := await self.take_back(contract, work, await self.lost(contract)):
            raise _uncertain(left)
        there = await self._erp.find_invoice(invoice.legal_entity, invoice.reference)
        ours = {line.source_id for line in invoice.lines}
        own_number = there.number if there else ""
        others = {item.invoice_number for item in work.items if item.id in ours} - {"", own_number}
        if others:
            raise Conflict(
                f"The PSA says that work of invoice {invoice.reference} is on {', '.join(sorted(others))} already.",
                category=Category.ALREADY_BILLED,
            )

    async def _record(self, contract: Contract, invoice: Invoice, items: list[BillableItem], process_id: str) -> bool:
        date = invoice.date or dt.datetime.now(dt.UTC).date()
        details = invoice_details(contract, invoice.reference, items, date)
        return await self._claims.take_back(process_id or f"{RESTORED}{invoice.reference}", details)


def _marked(contract: Contract, work: ProjectWork, invoice: Invoice) -> list[BillableItem]:
    number = invoice.number
    return [item for item in chargeable(contract, work) if number and item.invoice_number == number]


def _comes_to(items: Sequence[BillableItem], invoice: Invoice) -> bool:
    same = all(item.amount.currency == invoice.currency for item in items)
    return bool(items) and same and total((item.amount for item in items), invoice.currency) == invoice.net


def _uncertain(invoices: Sequence[Invoice]) -> Conflict:
    named = ", ".join(f"{invoice.reference} ({invoice.net.amount} {invoice.net.currency})" for invoice in invoices)
    return Conflict(
        f"The ERP has {named}, made before a backup was restored, and which of the project's work is on it cannot be "
        "told. Write the invoice's number onto its work in the PSA, or cancel it in the ERP, and retry.",
        category=Category.ALREADY_BILLED,
    )
