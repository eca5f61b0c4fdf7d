"""Which invoice each billable item is on: an item is claimed once, by one run, for ever."""

import datetime as dt
from collections.abc import Callable

import msgspec
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.invoice import InvoiceDetails
from tollway.canonical.work import BillableItem
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import billing_claims, billing_runs


class Claims:
    """Claims items for invoices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        process_id: str,
        project_number: str,
        items: list[BillableItem],
        invoice: Callable[[str, list[BillableItem]], InvoiceDetails],
    ) -> InvoiceDetails | None:
        """Claim what nobody has claimed yet and fix the invoice for it; None when nothing is left.

        The same process gets the same invoice again. `invoice` makes one from its reference and items.
        """
        async with self._database.transaction() as connection:
            await _lock(connection, project_number)
            before = await self._of_process(connection, process_id)
            if before is not None:
                return before
            ids = [item.id for item in items]
            taken = select(billing_claims.c.item_id).where(billing_claims.c.item_id.in_(ids))
            claimed = {row.item_id for row in await connection.execute(taken)}
            free = [item for item in items if item.id not in claimed]
            if not free:
                return None
            runs = select(func.count()).where(billing_runs.c.project_number == project_number)
            number = ((await connection.execute(runs)).scalar() or 0) + 1
            details = invoice(f"{project_number}-{number:03d}", free)
            await _record(connection, process_id, details)
            return details

    async def of_process(self, process_id: str) -> InvoiceDetails | None:
        """The invoice that a run claimed items for."""
        async with self._database.transaction() as connection:
            return await self._of_process(connection, process_id)

    async def release(self, reference: str) -> None:
        """Let another run bill the items of an invoice that never came to be; its reference is not used again."""
        run, items = billing_runs.c.reference == reference, billing_claims.c.reference == reference
        async with self._database.transaction() as connection:
            await connection.execute(delete(billing_claims).where(items))
            given_up = f"given up: {reference}"
            await connection.execute(update(billing_runs).where(run).values(process_id=given_up))

    async def invoice(self, reference: str) -> InvoiceDetails | None:
        """What the invoice with this reference was made of."""
        query = select(billing_runs.c.invoice).where(billing_runs.c.reference == reference)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return msgspec.json.decode(row.invoice, type=InvoiceDetails) if row else None

    async def _of_process(self, connection: AsyncConnection, process_id: str) -> InvoiceDetails | None:
        query = select(billing_runs.c.invoice).where(billing_runs.c.process_id == process_id)
        row = (await connection.execute(query)).one_or_none()
        return msgspec.json.decode(row.invoice, type=InvoiceDetails) if row else None


async def _lock(connection: AsyncConnection, project_number: str) -> None:
    """Let one run of a project claim at a time; on SQLite every transaction already has the database to itself."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:number))"), {"number": project_number})


async def _record(connection: AsyncConnection, process_id: str, invoice: InvoiceDetails) -> None:
    now = dt.datetime.now(dt.UTC)
    run = {
        "reference": invoice.reference,
        "process_id": process_id,
        "project_number": invoice.project_number,
        "legal_entity": invoice.legal_entity,
        "invoice": msgspec.json.encode(invoice).decode(),
        "started_at": now,
    }
    await connection.execute(insert(connection, billing_runs).values(run))
    claims = [
        {
            "item_id": line.source_id,
            "reference": invoice.reference,
            "project_number": invoice.project_number,
            "amount": f"{line.amount.amount} {line.amount.currency}",
            "claimed_at": now,
        }
        for line in invoice.lines
    ]
    await connection.execute(insert(connection, billing_claims).values(claims))
