"""Project activation: from a checked contract to projects, plans and a CRM that knows of them."""

from typing import Protocol

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.listing import EngagementPage
from tollway.canonical.statement import Accepted, ActivationOrder, Engagement


class Activation(Protocol):
    """Sets projects up and remembers the contracts behind them."""

    async def activate(self, order: ActivationOrder) -> Accepted:
        """Set up the contract's project, once."""
        ...

    async def cancel(self, deal_id: str) -> Accepted | None:
        """Take a deal's activation back, once; None when it never began, and then it never will.

        Raises Conflict when the project has been billed.
        """
        ...

    async def engagement(self, project_number: str) -> Engagement | None:
        """The contract behind a project."""
        ...

    async def billing_plan(self, project_number: str) -> BillingPlan | None:
        """The project's billing plan, from the ERP or, where that keeps none, from us."""
        ...

    async def revenue_schedule(self, project_number: str) -> RevenueSchedule | None:
        """The project's revenue schedule, from the ERP or, where that keeps none, from us."""
        ...

    async def engagement_of_deal(self, deal_id: str) -> Engagement | None:
        """The engagement a deal led to."""
        ...

    async def engagements(self, after: str) -> EngagementPage:
        """A page of all engagements, by project number, behind the place `after`."""
        ...
