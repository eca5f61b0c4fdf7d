"""Which invoice each billable item is on: an item is claimed once, by one run, until that invoice is cancelled."""

import datetime as dt
import hashlib
from collections.abc import Callable, Collection

import msgspec
from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.canonical.invoice import InvoiceDetails
from tollway.canonical.listing import InvoiceDetailsPage, Span
from tollway.canonical.work import BillableItem
from tollway.problems import found
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import billing_claims, billing_runs

GIVEN_UP = "given up: "
"""Begins the process id of a run whose items were released, so that its reference is never given again, and the
reference of one that was closed, so that it never claims anything."""
RELEASED = "released: "
"""Begins the reference of claims whose invoice was cancelled or credited."""
PAGE = 500


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
        taken: Collection[str] = (),
        *,
        released: bool = True,
    ) -> InvoiceDetails | None:
        """Claim what nobody has claimed yet and fix the invoice for it; None when nothing is left, or it was closed.

        The same process gets the same invoice again. `invoice` makes one from its reference and items. `taken` are
        references that the ERP has beside those that are known here. `released`: whether items of cancelled invoices
        are claimed as well.
        """
        async with self._database.transaction() as connection:
            await _lock(connection, project_number)
            before = await _run(connection, process_id)
            if before is not None:
                return before.invoice
            free = await _free(connection, items, released=released)
            if not free:
                return None
            used = {*await _references(connection, project_number), *taken}
            details = invoice(_next(project_number, used), free)
            await _record(connection, process_id, details)
            return details

    async def close(self, process_id: str, project_number: str) -> InvoiceDetails | None:
        """The invoice that a run claimed items for; a run that has not claimed any never will."""
        async with self._database.transaction() as connection:
            await _lock(connection, project_number)
            before = await _run(connection, process_id)
            if before is not None:
                return before.invoice
            await _close(connection, process_id, project_number)
        return None

    async def take_back(self, process_id: str, details: InvoiceDetails) -> bool:
        """Record an invoice that the ERP has and our records have lost; False when its items are on another."""
        ids = [line.source_id for line in details.lines]
        elsewhere = (billing_claims.c.reference != details.reference) & billing_claims.c.item_id.in_(ids)
        async with self._database.transaction() as connection:
            await _lock(connection, details.project_number)
            if (await connection.execute(select(billing_claims.c.item_id).where(elsewhere).limit(1))).first():
                return False
            if details.reference not in await _references(connection, details.project_number):
                await _record(connection, process_id, details)
            return True

    async def references(self, project_number: str) -> set[str]:
        """The references of a project that were ever given, as far as is known."""
        async with self._database.transaction() as connection:
            return await _references(connection, project_number)

    async def of_process(self, process_id: str) -> InvoiceDetails | None:
        """The invoice that a run claimed items for."""
        async with self._database.transaction() as connection:
            run = await _run(connection, process_id)
        return run.invoice if run else None

    async def process_of(self, reference: str) -> str:
        """The run that claimed the items of an invoice; empty once it was cancelled. Raises NotFound."""
        query = select(billing_runs.c.process_id).where(billing_runs.c.reference == reference)
        async with self._database.transaction() as connection:
            process_id = (await connection.execute(query)).scalar_one_or_none()
        named: str = found(process_id, f"invoice {reference}")
        return "" if named.startswith(GIVEN_UP) else named

    async def release(self, reference: str) -> None:
        """Let another run bill the items of an invoice that was cancelled; its reference is not used again.

        The run that had claimed them is closed: begun again by whomever, it bills nothing.
        """
        run, items = billing_runs.c.reference == reference, billing_claims.c.reference == reference
        async with self._database.transaction() as connection:
            released = f"{RELEASED}{reference}"[:120]
            await connection.execute(update(billing_claims).where(items).values(reference=released))
            made = (await connection.execute(select(billing_runs).where(run))).one_or_none()
            if made is not None and not made.process_id.startswith(GIVEN_UP):
                given_up = f"{GIVEN_UP}{reference}"
                await connection.execute(update(billing_runs).where(run).values(process_id=given_up))
                await _close(connection, made.process_id, made.project_number)

    async def invoice(self, reference: str) -> InvoiceDetails | None:
        """What the invoice with this reference was made of."""
        query = select(billing_runs.c.invoice).where(billing_runs.c.reference == reference)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return msgspec.json.decode(row.invoice, type=InvoiceDetails) if row else None

    async def page(self, span: Span, after: str) -> InvoiceDetailsPage:
        """A page of the invoices for which work was claimed in the span, by reference, behind the place `after`."""
        first = dt.datetime.combine(span.start, dt.time(), dt.UTC)
        end = dt.datetime.combine(span.end, dt.time.max, dt.UTC)
        claimed = billing_runs.c.started_at.between(first, end) & (billing_runs.c.reference > after)
        items = await self._standing(claimed, PAGE + 1)
        more = len(items) > PAGE
        return InvoiceDetailsPage(items=items[:PAGE], next=items[PAGE - 1].reference if more else "")

    async def of_project(self, project_number: str) -> list[InvoiceDetails]:
        """The invoices for which work of a project was claimed, by reference."""
        return await self._standing(billing_runs.c.project_number == project_number, None)

    async def _standing(self, where: ColumnElement[bool], most: int | None) -> list[InvoiceDetails]:
        given_up = billing_runs.c.process_id.startswith(GIVEN_UP) | billing_runs.c.reference.startswith(GIVEN_UP)
        standing = where & ~given_up
        query = select(billing_runs.c.invoice).where(standing).order_by(billing_runs.c.reference).limit(most)
        async with self._database.transaction() as connection:
            return [msgspec.json.decode(row.invoice, type=InvoiceDetails) for row in await connection.execute(query)]


class _Run(msgspec.Struct, frozen=True):
    invoice: InvoiceDetails | None
    """None when the run was closed before it claimed anything."""


async def _run(connection: AsyncConnection, process_id: str) -> _Run | None:
    query = select(billing_runs.c.invoice).where(billing_runs.c.process_id == process_id)
    row = (await connection.execute(query)).one_or_none()
    return _Run(msgspec.json.decode(row.invoice, type=InvoiceDetails | None)) if row else None


async def _free(connection: AsyncConnection, items: list[BillableItem], *, released: bool) -> list[BillableItem]:
    """The items that can be claimed; the claims of those that were released are gone."""
    ids = billing_claims.c.item_id.in_([item.id for item in items])
    if released:
        await connection.execute(delete(billing_claims).where(ids & billing_claims.c.reference.startswith(RELEASED)))
    claimed = {row.item_id for row in await connection.execute(select(billing_claims.c.item_id).where(ids))}
    return [item for item in items if item.id not in claimed]


async def _lock(connection: AsyncConnection, project_number: str) -> None:
    """Let one run of a project claim at a time; on SQLite every transaction already has the database to itself."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:number))"), {"number": project_number})


async def _close(connection: AsyncConnection, process_id: str, project_number: str) -> None:
    row = {
        "reference": f"{GIVEN_UP}{hashlib.sha256(process_id.encode()).hexdigest()}",
        "process_id": process_id,
        "project_number": project_number,
        "legal_entity": "",
        "invoice": "null",
        "started_at": dt.datetime.now(dt.UTC),
    }
    await connection.execute(insert(connection, billing_runs).values(row))


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


async def _references(connection: AsyncConnection, project_number: str) -> set[str]:
    """The references of a project that were ever given; runs that were closed have none."""
    given = ~billing_runs.c.reference.startswith(GIVEN_UP)
    query = select(billing_runs.c.reference).where((billing_runs.c.project_number == project_number) & given)
    return {row.reference for row in await connection.execute(query)}


def _next(project_number: str, used: Collection[str]) -> str:
    numbers = range(len(used) + 1, 2 * len(used) + 2)
    return next(made for number in numbers if (made := f"{project_number}-{number:03d}") not in used)
