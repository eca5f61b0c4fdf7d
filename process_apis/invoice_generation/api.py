"""The HTTP face of invoice generation."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.invoice import Invoice
from tollway.canonical.record import Identifier
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
    """Release what a parked run claimed, for a later run to bill."""
    await invoicing.give_up(process_id)


@get("/invoice-generation/v1/projects/{number:str}/statement", operation_id="getStatement")
async def get_statement(invoicing: Port, number: Identifier) -> Statement:
    """What is delivered, billed, unbilled and paid."""
    return await invoicing.statement(number)


@get("/invoice-generation/v1/invoices/{reference:str}", operation_id="getInvoice")
async def get_invoice(invoicing: Port, reference: Identifier) -> Invoice:
    """The invoice as the ERP has it now."""
    return found(await invoicing.invoice(reference), f"invoice {reference}")


HANDLERS = (run_billing, give_up, get_statement, get_invoice)
