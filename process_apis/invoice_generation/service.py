"""Invoice generation as the other services see it."""

import asyncio
import datetime as dt

from process_apis.invoice_generation.cancelling import require_unpaid
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.recollection import Recollection
from process_apis.invoice_generation.statements import state
from process_apis.invoice_generation.steps import POLLED
from tollway.canonical.contract import ContractType
from tollway.canonical.invoice import Invoice, InvoiceCancellation, InvoiceDetails
from tollway.canonical.listing import InvoiceDetailsPage, Span
from tollway.canonical.record import Change
from tollway.canonical.statement import Accepted, BillingRun, Statement
from tollway.engine import Engine
from tollway.ports.activation import Activation
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import found

PROCESS, CANCELLATION = "invoice-generation", "invoice-cancellation"


class InvoiceGeneration:
    """Implements the invoicing port."""

    def __init__(
        self,
        psa: Psa,
        erp: Erp,
        activation: Activation,
        engine: Engine,
        claims: Claims,
        recollection: Recollection,
    ) -> None:
        self._psa = psa
        self._erp = erp
        self._activation = activation
        self._engine = engine
        self._claims = claims
        self._recollection = recollection

    async def run(self, run: BillingRun) -> Accepted:
        number = run.project_number
        found(await self._activation.engagement(number), f"contract behind project {number}")
        process_id = f"{PROCESS}:{number}:{run.trigger}"
        await self._engine.start(PROCESS, process_id, run)
        return Accepted(process_id=process_id)

    async def work_changed(self, change: Change) -> None:
        """What the poller found: a project with newly approved work.

        A milestone is billed when it is reached; time waits for a billing run. Projects we did not activate are not
        ours.
        """
        engagement = await self._activation.engagement(change.id)
        if engagement is not None and engagement.contract.contract_type is ContractType.FIXED_FEE:
            trigger = f"{POLLED}{change.at:%Y%m%dT%H%M%S.%f}"
            today = dt.datetime.now(dt.UTC).date()
            await self.run(BillingRun(project_number=change.id, through=today, trigger=trigger))

    async def give_up(self, process_id: str) -> None:
        run = await self._engine.give_up(PROCESS, process_id)
        if isinstance(run, BillingRun):
            await self._recollection.of_project(run.project_number)
            details = await self._claims.close(process_id, run.project_number)
        else:  # the engine has forgotten it
            details = await self._claims.of_process(process_id)
        if details is not None:
            await self._cancel(InvoiceCancellation(invoice=details, reason="The billing run was given up."))

    async def cancel(self, reference: str, reason: str) -> Accepted:
        details = found(await self._claims.invoice(reference), f"invoice {reference}")
        there = await self._erp.find_invoice(details.legal_entity, reference)
        if there is not None:
            require_unpaid(there)
        if process_id := await self._claims.process_of(reference):
            await self._engine.give_up(PROCESS, process_id)
        return await self._cancel(InvoiceCancellation(invoice=details, reason=reason))

    async def _cancel(self, order: InvoiceCancellation) -> Accepted:
        process_id = f"{CANCELLATION}:{order.invoice.project_number}:{order.invoice.reference}"
        await self._engine.start(CANCELLATION, process_id, order)
        return Accepted(process_id=process_id)

    async def statement(self, project_number: str) -> Statement:
        engagement = await self._activation.engagement(project_number)
        contract = found(engagement, f"contract behind project {project_number}").contract
        work, invoices = await asyncio.gather(
            self._psa.project_work(project_number),
            self._erp.project_invoices(contract.legal_entity, project_number),
        )
        return state(contract, work, invoices)

    async def invoice(self, reference: str) -> Invoice | None:
        details = await self._claims.invoice(reference)
        return await self._erp.find_invoice(details.legal_entity, reference) if details else None

    async def claimed_invoices(self, span: Span, after: str) -> InvoiceDetailsPage:
        return await self._claims.page(span, after)

    async def claimed_of_project(self, project_number: str) -> list[InvoiceDetails]:
        return await self._claims.of_project(project_number)

    async def recollect(self, project_number: str) -> None:
        await self._recollection.of_project(project_number)
