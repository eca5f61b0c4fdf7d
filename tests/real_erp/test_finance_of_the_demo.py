"""Finance at the real Tryton, as the demo plays it."""

import asyncio

from system_apis.erp.tryton.operations import build_tryton
from tollway.cli.demo.tryton import TrytonFinance
from tollway.ports.connection import Shared


async def test_payments_come_through_while_invoices_are_posted(erp, make, project, tables):
    """Whoever waits too long for others to book is sent away by Tryton, comes again, and books the payment once."""
    invoices = [make.invoice(project, reference=f"{project.number}-{place:03}") for place in range(8)]
    for invoice in invoices:
        await erp.create_invoice(invoice)
    open_invoices = [await erp.post_invoice("US", invoice.reference) for invoice in invoices[:4]]
    # Each has a connection of its own: those of one wait for each other without Tryton.
    people = [TrytonFinance(tables) for _ in open_invoices]
    workers = [build_tryton("tryton", tables, Shared()) for _ in invoices[4:]]
    postings = [
        asyncio.create_task(worker.post_invoice("US", invoice.reference))
        for worker, invoice in zip(workers, invoices[4:], strict=True)
    ]
    await asyncio.gather(*(one.receive_payment(invoice) for one, invoice in zip(people, open_invoices, strict=True)))
    await asyncio.gather(*postings, return_exceptions=True)
    for invoice in open_invoices:
        paid = await erp.find_invoice("US", invoice.reference)
        assert paid is not None
        assert paid.paid == invoice.total
    for one in (*people, *workers):
        await one.close()
