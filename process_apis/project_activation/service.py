"""Project activation as the other services see it."""

from process_apis.project_activation.engagements import ACTIVE, Engagements, KeptPlans
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.contract import Contract
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.listing import EngagementPage
from tollway.canonical.statement import Accepted, ActivationOrder, Engagement
from tollway.engine import Engine
from tollway.ports.erp import Erp
from tollway.problems import Conflict

PROCESS = "project-activation"
CANCELLATION = "activation-cancellation"


class ProjectActivation:
    """Implements the activation port."""

    def __init__(self, erp: Erp, engine: Engine, engagements: Engagements, kept: KeptPlans) -> None:
        self._erp = erp
        self._engine = engine
        self._engagements = engagements
        self._kept = kept

    async def activate(self, order: ActivationOrder) -> Accepted:
        process_id = f"{PROCESS}:{order.contract.deal_id}"
        await self._engine.start(PROCESS, process_id, order)
        return Accepted(process_id=process_id)

    async def cancel(self, deal_id: str) -> Accepted | None:
        engagement = await self._engagements.of_deal(deal_id)
        if engagement and engagement.status == ACTIVE:
            await self._require_unbilled(engagement.contract)
        ordered = await self._engine.give_up(PROCESS, f"{PROCESS}:{deal_id}")
        if engagement:
            order = ActivationOrder(contract=engagement.contract, customer=engagement.customer)
        elif isinstance(ordered, ActivationOrder):  # its first step, which remembers it, may be under way only now
            order = ordered
            await self._engagements.begin(order.contract, order.customer)
        else:
            return None
        process_id = f"{CANCELLATION}:{deal_id}"
        await self._engine.start(CANCELLATION, process_id, order)
        return Accepted(process_id=process_id)

    async def engagement(self, project_number: str) -> Engagement | None:
        return await self._engagements.of_project(project_number)

    async def billing_plan(self, project_number: str) -> BillingPlan | None:
        engagement = await self._engagements.of_project(project_number)
        if engagement is None:
            return None
        entity = engagement.contract.legal_entity
        if (await self._erp.capabilities(entity)).billing_plan:
            return await self._erp.find_billing_plan(entity, project_number)
        return await self._kept.find(project_number, BillingPlan)

    async def revenue_schedule(self, project_number: str) -> RevenueSchedule | None:
        engagement = await self._engagements.of_project(project_number)
        if engagement is None:
            return None
        entity = engagement.contract.legal_entity
        if (await self._erp.capabilities(entity)).revenue_schedule:
            return await self._erp.find_revenue_schedule(entity, project_number)
        return await self._kept.find(project_number, RevenueSchedule)

    async def engagement_of_deal(self, deal_id: str) -> Engagement | None:
        return await self._engagements.of_deal(deal_id)

    async def _require_unbilled(self, contract: Contract) -> None:
        number = contract.project_number
        invoices = await self._erp.project_invoices(contract.legal_entity, number)
        standing = [one for one in invoices if one.status is not InvoiceStatus.CANCELLED]
        if standing:
            named = ", ".join(one.number or one.reference or one.id for one in standing)
            raise Conflict(f"The project {number} has been billed ({named}): credit its invoices first.")

    async def engagements(self, after: str) -> EngagementPage:
        return await self._engagements.page(after)
