"""The finance API: billing runs, and what has been billed and paid."""

from typing import Annotated, Any

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.invoice import CreditOrder, Invoice
from tollway.canonical.record import Identifier
from tollway.canonical.statement import Accepted, BillingRun, Statement
from tollway.ports.activation import Activation
from tollway.ports.invoicing import Invoicing
from tollway.problems import found

READ, WRITE = {"scope": "finance:read"}, {"scope": "finance:write"}
ONCE = {"idempotency_key": "required"}
"""Moves money: a caller that repeats it says that it is the same."""
OF_STATEMENT: dict[str, Any] = {"pointer": "/account_id"}
OF_PROJECT: dict[str, Any] = {"operation": "getProjectStatement", "pointer": "/account_id"}
"""How a caller that may see certain customers' objects only is held to them; what has neither is closed to it."""
Projects = Annotated[Activation, Dependency(skip_validation=True)]
Invoices = Annotated[Invoicing, Dependency(skip_validation=True)]


@get("/finance/v2/deals/{deal_id:str}/statement", operation_id="getDealStatement", opt=READ | {"owner": OF_STATEMENT})
async def get_deal_statement(activation: Projects, invoicing: Invoices, deal_id: Identifier) -> Statement:
    """What of the deal is delivered, billed, unbilled and paid."""
    engagement = found(await activation.engagement_of_deal(deal_id), f"activated project for deal {deal_id}")
    return await invoicing.statement(engagement.project_number)


@get(
    "/finance/v2/projects/{number:str}/statement",
    operation_id="getProjectStatement",
    opt=READ | {"owner": OF_STATEMENT},
)
async def get_project_statement(invoicing: Invoices, number: Identifier) -> Statement:
    """What of the project is delivered, billed, unbilled and paid."""
    return await invoicing.statement(number)


@get("/finance/v2/projects/{number:str}/billing-plan", operation_id="getBillingPlan", opt=READ | {"owner": OF_PROJECT})
async def get_billing_plan(activation: Projects, number: Identifier) -> BillingPlan:
    """When which part of the project is to be billed."""
    return found(await activation.billing_plan(number), f"billing plan of project {number}")


@get("/finance/v2/projects/{number:str}/revenue-schedule", operation_id="getRevenueSchedule", opt=READ)
async def get_revenue_schedule(activation: Projects, number: Identifier) -> RevenueSchedule:
    """Over which months the project's value is earned, whether the ERP or Tollway keeps it."""
    return found(await activation.revenue_schedule(number), f"revenue schedule of project {number}")


@get(
    "/finance/v2/invoices/{reference:str}",
    operation_id="getInvoice",
    opt=READ | {"owner": OF_PROJECT | {"with": {"number": "/project_number"}}},
)
async def get_invoice(invoicing: Invoices, reference: Identifier) -> Invoice:
    """The invoice as the ERP has it now."""
    return found(await invoicing.invoice(reference), f"invoice {reference}")


@post("/finance/v2/billing-runs", operation_id="runBilling", status_code=202, opt=WRITE | ONCE)
async def run_billing(invoicing: Invoices, data: BillingRun) -> Accepted:
    """Bill a project's unbilled work through a day, each item once; the same trigger runs once."""
    return await invoicing.run(data)


@post("/finance/v2/invoices/{reference:str}/credit", operation_id="creditInvoice", status_code=202, opt=WRITE | ONCE)
async def credit_invoice(invoicing: Invoices, reference: Identifier, data: CreditOrder) -> Accepted:
    """Take an invoice back as a whole: by a credit note once it is posted, by cancelling it before.

    Its work counts as not billed then, and is billed again when somebody asks for a billing run.
    """
    return await invoicing.cancel(reference, data.reason)


HANDLERS = (
    get_deal_statement,
    get_project_statement,
    get_billing_plan,
    get_revenue_schedule,
    get_invoice,
    run_billing,
    credit_invoice,
)
