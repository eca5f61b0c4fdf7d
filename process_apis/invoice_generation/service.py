"""Invoice generation as the other services see it."""

import asyncio
import datetime as dt

from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.statements import state
from tollway.canonical.contract import ContractType
from tollway.canonical.invoice import Invoice
from tollway.canonical.record import Change
from tollway.canonical.statement import Accepted, BillingRun, Statement
from tollway.engine import Engine
from tollway.inbox import Inbox
from tollway.ports.activation import Activation
from tollway.ports.erp import Erp
from tollway.ports.psa import Psa
from tollway.problems import Conflict, found

PROCESS = "invoice-generation"


class InvoiceGeneration:
    """Implements the invoicing port."""

    def __init__(
        self, psa: Psa, erp: Erp, activation: Activation, engine: Engine, inbox: Inbox, claims: Claims
    ) -> None:
        self._psa = psa
        self._erp = erp
        self._activation = activation
        self._engine = engine
        self._inbox = inbox
        self._claims = claims

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
        event_id = f"{change.id}@{change.at.isoformat()}"
        if await self._inbox.seen("psa-poll", event_id):
            return
        engagement = await self._activation.engagement(change.id)
        if engagement is not None and engagement.contract.contract_type is ContractType.FIXED_FEE:
            trigger = f"poll:{change.at:%Y%m%dT%H%M%S.%f}"
            today = dt.datetime.now(dt.UTC).date()
            await self.run(BillingRun(project_number=change.id, through=today, trigger=trigger))
        await self._inbox.store("psa-poll", event_id, change.id, change)

    async def give_up(self, process_id: str) -> None:
        details = await self._claims.of_process(process_id)
        if details is None:
            return
        invoice = await self._erp.find_invoice(details.legal_entity, details.reference)
        if invoice is not None:
            raise Conflict(
                f"The ERP has invoice {details.reference} already, so its billing run cannot be given up: "
                "retry it, or credit the invoice in the ERP."
            )
        await self._claims.release(details.reference)

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
