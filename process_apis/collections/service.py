"""Collections as the other services see it."""

from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.record import Change
from tollway.canonical.statement import Accepted, BillingChange
from tollway.engine import Engine
from tollway.events import happenings
from tollway.events.log import EventLog
from tollway.ports.invoicing import Invoicing

PROCESS = "collections"


class BillingCollections:
    """Implements the collections port."""

    def __init__(self, engine: Engine, invoicing: Invoicing, events: EventLog) -> None:
        self._engine = engine
        self._invoicing = invoicing
        self._events = events

    async def billing_changed(self, change: BillingChange) -> Accepted:
        process_id = f"{PROCESS}:{change.project_number}:{change.trigger}"
        await self._engine.start(PROCESS, process_id, change)
        return Accepted(process_id=process_id)

    async def invoice_changed(self, change: Change) -> None:
        """What the poller found: an invoice that was changed, paid or credited in the ERP."""
        invoice = await self._invoicing.invoice(change.id)
        if invoice is not None:
            trigger = f"changed:{change.id}:{change.at:%Y%m%dT%H%M%S.%f}"
            await self.billing_changed(BillingChange(project_number=invoice.project_number, trigger=trigger))
            if invoice.status is InvoiceStatus.PAID:
                await self._events.tell(happenings.invoice_paid(invoice))
