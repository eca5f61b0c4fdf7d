"""The process ports over HTTP."""

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.contract import Contract
from tollway.canonical.invoice import Invoice
from tollway.canonical.process import ProcessState
from tollway.canonical.statement import (
    Accepted,
    ActivationOrder,
    BillingChange,
    BillingRun,
    DealWon,
    Engagement,
    Readiness,
    Statement,
)
from tollway.http.services import ServiceClient, segment
from tollway.problems import NotFound
from tollway.remotes.find import find


class RemoteOnboarding:
    """Calls the customer-onboarding service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def deal_won(self, won: DealWon) -> Accepted:
        return await self._client.call("POST", "/customer-onboarding/v1/won-deals", Accepted, body=won)

    async def readiness(self, deal_id: str) -> Readiness:
        return await self._client.call("GET", f"/customer-onboarding/v1/deals/{segment(deal_id)}/readiness", Readiness)

    async def contract(self, deal_id: str) -> Contract:
        return await self._client.call("GET", f"/customer-onboarding/v1/deals/{segment(deal_id)}/contract", Contract)


class RemoteActivation:
    """Calls the project-activation service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def activate(self, order: ActivationOrder) -> Accepted:
        return await self._client.call("POST", "/project-activation/v1/orders", Accepted, body=order)

    async def cancel(self, deal_id: str) -> Accepted | None:
        path = f"/project-activation/v1/deals/{segment(deal_id)}/cancellation"
        try:
            return await self._client.call("POST", path, Accepted)
        except NotFound:
            return None

    async def engagement(self, project_number: str) -> Engagement | None:
        path = f"/project-activation/v1/projects/{segment(project_number)}/engagement"
        return await find(self._client, path, Engagement)

    async def billing_plan(self, project_number: str) -> BillingPlan | None:
        path = f"/project-activation/v1/projects/{segment(project_number)}/billing-plan"
        return await find(self._client, path, BillingPlan)

    async def revenue_schedule(self, project_number: str) -> RevenueSchedule | None:
        path = f"/project-activation/v1/projects/{segment(project_number)}/revenue-schedule"
        return await find(self._client, path, RevenueSchedule)

    async def engagement_of_deal(self, deal_id: str) -> Engagement | None:
        path = f"/project-activation/v1/deals/{segment(deal_id)}/engagement"
        return await find(self._client, path, Engagement)


class RemoteInvoicing:
    """Calls the invoice-generation service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def run(self, run: BillingRun) -> Accepted:
        return await self._client.call("POST", "/invoice-generation/v1/billing-runs", Accepted, body=run)

    async def give_up(self, process_id: str) -> None:
        await self._client.call("POST", f"/invoice-generation/v1/billing-runs/{segment(process_id)}/cancellation")

    async def statement(self, project_number: str) -> Statement:
        path = f"/invoice-generation/v1/projects/{segment(project_number)}/statement"
        return await self._client.call("GET", path, Statement)

    async def invoice(self, reference: str) -> Invoice | None:
        return await find(self._client, f"/invoice-generation/v1/invoices/{segment(reference)}", Invoice)


class RemoteCollections:
    """Calls the collections service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def billing_changed(self, change: BillingChange) -> Accepted:
        return await self._client.call("POST", "/collections/v1/billing-changes", Accepted, body=change)


class RemoteCasework:
    """Calls the casework service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def cases(self, status: CaseStatus | None, subject: str) -> list[Case]:
        query = {"status": status.value if status else "", "subject": subject}
        given = {name: value for name, value in query.items() if value}
        return await self._client.call("GET", "/casework/v1/cases", list[Case], **given)

    async def case(self, case_id: str) -> Case | None:
        return await find(self._client, f"/casework/v1/cases/{segment(case_id)}", Case)

    async def retry(self, case_id: str) -> Case:
        return await self._client.call("POST", f"/casework/v1/cases/{segment(case_id)}/retry", Case)

    async def cancel(self, case_id: str) -> Case:
        return await self._client.call("POST", f"/casework/v1/cases/{segment(case_id)}/cancellation", Case)

    async def process(self, process_id: str) -> ProcessState | None:
        return await find(self._client, f"/casework/v1/processes/{segment(process_id)}", ProcessState)
