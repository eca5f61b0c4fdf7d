"""Invoice generation: approved work is claimed, invoiced and posted in the ERP, and marked as billed in the PSA."""

from process_apis.invoice_generation.steps import InvoicingSteps
from tollway.canonical.statement import BillingRun
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


def invoicing_process(do: InvoicingSteps) -> Process:
    """The process under its lasting name."""

    async def run(order: BillingRun) -> str:
        return await generate_invoice(do, order)

    return Process(name="invoice-generation", run=run, subject=lambda order: order.project_number)
