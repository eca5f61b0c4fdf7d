"""Invoice generation: approved work is claimed, invoiced and posted in the ERP, and marked as billed in the PSA.

What is posted cannot be undone, only credited: so cancelling a billing run is a process of its own, which goes on
from wherever the run got to.
"""

from process_apis.invoice_generation.cancelling import CancellingSteps
from process_apis.invoice_generation.steps import InvoicingSteps
from tollway.canonical.invoice import InvoiceCancellation
from tollway.canonical.statement import BillingRun
from tollway.context import Priority
from tollway.engine import Process


async def generate_invoice(do: InvoicingSteps, run: BillingRun) -> str:
    """Bill a project's unbilled work; answers the invoice's number, empty when there was nothing to bill."""
    invoice = await do.claim_work(run)
    if invoice is None:
        return ""
    await do.create_invoice(invoice)
    posted = await do.post_invoice(invoice)
    await do.mark_billed(invoice, posted)
    await do.announce(posted)
    return posted.number


async def cancel_invoice(do: CancellingSteps, order: InvoiceCancellation) -> str:
    """Cancel a draft, or credit what is posted; answers the credit note's number, empty when it takes none.

    The ERP comes first, since it may refuse: until the invoice is gone there, its work counts as billed everywhere.
    """
    invoice = order.invoice
    there = await do.halt_billing(invoice)
    note = await do.cancel_or_credit(invoice, there, order.reason) if there else None
    if there and there.number:
        await do.unmark_billed(invoice, there)
    await do.release_work(invoice)
    await do.announce(invoice)
    return note.number if note else ""


def invoicing_process(do: InvoicingSteps) -> Process:
    """The process under its lasting name."""

    async def run(order: BillingRun) -> str:
        return await generate_invoice(do, order)

    return Process(
        name="invoice-generation",
        run=run,
        subject=lambda order: order.project_number,
        priority=Priority.INVOICE,
    )


def cancelling_process(do: CancellingSteps) -> Process:
    """The cancellation under its lasting name."""

    async def run(order: InvoiceCancellation) -> str:
        return await cancel_invoice(do, order)

    return Process(
        name="invoice-cancellation",
        run=run,
        subject=lambda order: order.invoice.project_number,
        priority=Priority.INVOICE,
    )
