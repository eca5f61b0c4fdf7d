"""Project activation as the other services see it."""

from process_apis.project_activation.engagements import Engagements
from tollway.canonical.statement import Accepted, ActivationOrder, Engagement
from tollway.engine import Engine

PROCESS = "project-activation"
CANCELLATION = "activation-cancellation"


class ProjectActivation:
    """Implements the activation port."""

    def __init__(self, engine: Engine, engagements: Engagements) -> None:
        self._engine = engine
        self._engagements = engagements

    async def activate(self, order: ActivationOrder) -> Accepted:
        process_id = f"{PROCESS}:{order.contract.deal_id}"
        await self._engine.start(PROCESS, process_id, order)
        return Accepted(process_id=process_id)

    async def cancel(self, deal_id: str) -> Accepted | None:
        engagement = await self._engagements.of_deal(deal_id)
        if engagement is None:
            return None
        process_id = f"{CANCELLATION}:{deal_id}"
        order = ActivationOrder(contract=engagement.contract, customer=engagement.customer)
        await self._engine.start(CANCELLATION, process_id, order)
        return Accepted(process_id=process_id)

    async def engagement(self, project_number: str) -> Engagement | None:
        return await self._engagements.of_project(project_number)

    async def engagement_of_deal(self, deal_id: str) -> Engagement | None:
        return await self._engagements.of_deal(deal_id)
