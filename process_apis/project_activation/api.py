"""The HTTP face of project activation."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.listing import EngagementPage
from tollway.canonical.record import FreeText, Identifier
from tollway.canonical.statement import Accepted, ActivationOrder, Engagement
from tollway.ports.activation import Activation
from tollway.problems import found

Port = Annotated[Activation, Dependency(skip_validation=True)]


@post("/project-activation/v1/orders", operation_id="activate", status_code=202)
async def activate(activation: Port, data: ActivationOrder) -> Accepted:
    """Set up the contract's project, once."""
    return await activation.activate(data)


@post("/project-activation/v1/deals/{deal_id:str}/cancellation", operation_id="cancelActivation", status_code=202)
async def cancel(activation: Port, deal_id: Identifier) -> Accepted:
    """Take a deal's activation back."""
    return found(await activation.cancel(deal_id), f"engagement of deal {deal_id}")


@get("/project-activation/v1/deals/{deal_id:str}/engagement", operation_id="getEngagementOfDeal")
async def get_engagement_of_deal(activation: Port, deal_id: Identifier) -> Engagement:
    """The engagement that the deal led to."""
    return found(await activation.engagement_of_deal(deal_id), f"engagement of deal {deal_id}")


@get("/project-activation/v1/projects/{number:str}/engagement", operation_id="getEngagement")
async def get_engagement(activation: Port, number: Identifier) -> Engagement:
    """The contract behind the project."""
    return found(await activation.engagement(number), f"engagement of project {number}")


@get("/project-activation/v1/projects/{number:str}/billing-plan", operation_id="getBillingPlan")
async def get_billing_plan(activation: Port, number: Identifier) -> BillingPlan:
    """The project's billing plan, from the ERP or, where that keeps none, from us."""
    return found(await activation.billing_plan(number), f"billing plan of project {number}")


@get("/project-activation/v1/projects/{number:str}/revenue-schedule", operation_id="getRevenueSchedule")
async def get_revenue_schedule(activation: Port, number: Identifier) -> RevenueSchedule:
    """The project's revenue schedule, from the ERP or, where that keeps none, from us."""
    return found(await activation.revenue_schedule(number), f"revenue schedule of project {number}")


@get("/project-activation/v1/engagements", operation_id="listEngagements")
async def list_engagements(activation: Port, after: FreeText = "") -> EngagementPage:
    """All engagements by project number, behind the place `after`."""
    return await activation.engagements(after)


HANDLERS = (
    activate,
    cancel,
    get_engagement_of_deal,
    get_engagement,
    get_billing_plan,
    get_revenue_schedule,
    list_engagements,
)
