"""The HTTP face of invoice generation."""

import datetime as dt
from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.invoice import CreditOrder, Invoice, InvoiceDetails
from tollway.canonical.listing import InvoiceDetailsPage, Span
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.canonical.statement import Accepted, BillingRun, Statement
from tollway.ports.invoicing import Invoicing
from tollway.problems import found

Port = Annotated[Invoicing, Dependency(skip_validation=True)]


@post("/invoice-generation/v1/billing-runs", operation_id="runBilling", status_code=202)
async def run_billing(invoicing: Port, data: BillingRun) -> Accepted:
    """Bill the project's unbilled work through a day, each item once."""
    return await invoicing.run(data)


@post(
    "/invoice-generation/v1/billing-runs/{process_id:str}/cancellation",
    operation_id="giveUpBillingRun",
    status_code=204,
)
async def give_up(invoicing: Port, process_id: Identifier) -> None:
    """Take back what a run brought about, for a later run to bill."""
    await invoicing.give_up(process_id)


@post("/invoice-generation/v1/invoices/{reference:str}/cancellation", operation_id="cancelInvoice", status_code=202)
async def cancel_invoice(invoicing: Port, reference: Identifier, data: CreditOrder) -> Accepted:
    """Cancel the invoice while it is not posted, credit it afterwards; its work can be billed again."""
    return await invoicing.cancel(reference, data.reason)


@get("/invoice-generation/v1/projects/{number:str}/statement", operation_id="getStatement")
async def get_statement(invoicing: Port, number: Identifier) -> Statement:
    """What is delivered, billed, unbilled and paid."""
    return await invoicing.statement(number)


@get("/invoice-generation/v1/invoices/{reference:str}", operation_id="getInvoice")
async def get_invoice(invoicing: Port, reference: Identifier) -> Invoice:
    """The invoice as the ERP has it now."""
    return found(await invoicing.invoice(reference), f"invoice {reference}")


@get("/invoice-generation/v1/invoices", operation_id="listClaimedInvoices")
async def list_claimed_invoices(
    invoicing: Port, start: dt.date, end: dt.date, after: FreeText = ""
) -> InvoiceDetailsPage:
    """Invoices for which work was claimed from `start` to `end`, by reference, behind the place `after`."""
    return await invoicing.claimed_invoices(Span(start=start, end=end), after)


@get("/invoice-generation/v1/projects/{number:str}/invoices", operation_id="listClaimedOfProject")
async def list_claimed_of_project(invoicing: Port, number: Identifier) -> Many[InvoiceDetails]:
    """Invoices for which work of the project was claimed, by reference."""
    return await invoicing.claimed_of_project(number)


@post(
    "/invoice-generation/v1/projects/{number:str}/recollection",
    operation_id="recollectInvoices",
    status_code=204,
)
async def recollect(invoicing: Port, number: Identifier) -> None:
    """Take invoices of which the records were lost back into them, where the PSA says what they bill."""
    await invoicing.recollect(number)


HANDLERS = (
    run_billing,
    give_up,
    cancel_invoice,
    get_statement,
    get_invoice,
    list_claimed_invoices,
    list_claimed_of_project,
    recollect,
)
