"""The process ports over HTTP."""

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.casework import Correction, CustomerChoice
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.invoice import CreditOrder, Invoice, InvoiceDetails
from tollway.canonical.listing import EngagementPage, InvoiceDetailsPage, Span
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

    async def correct(self, correction: Correction) -> Readiness:
        path = f"/customer-onboarding/v1/deals/{segment(correction.deal_id)}/corrections"
        return await self._client.call("POST", path, Readiness, body=correction)

    async def choose_customer(self, choice: CustomerChoice) -> Customer:
        path = f"/customer-onboarding/v1/deals/{segment(choice.deal_id)}/customer-choice"
        return await self._client.call("POST", path, Customer, body=choice)


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

    async def engagements(self, after: str) -> EngagementPage:
        return await self._client.call("GET", "/project-activation/v1/engagements", EngagementPage, after=after)


class RemoteInvoicing:
    """Calls the invoice-generation service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def run(self, run: BillingRun) -> Accepted:
        return await self._client.call("POST", "/invoice-generation/v1/billing-runs", Accepted, body=run)

    async def give_up(self, process_id: str) -> None:
        await self._client.call("POST", f"/invoice-generation/v1/billing-runs/{segment(process_id)}/cancellation")

    async def cancel(self, reference: str, reason: str) -> Accepted:
        path = f"/invoice-generation/v1/invoices/{segment(reference)}/cancellation"
        return await self._client.call("POST", path, Accepted, body=CreditOrder(reason=reason))

    async def statement(self, project_number: str) -> Statement:
        path = f"/invoice-generation/v1/projects/{segment(project_number)}/statement"
        return await self._client.call("GET", path, Statement)

    async def invoice(self, reference: str) -> Invoice | None:
        return await find(self._client, f"/invoice-generation/v1/invoices/{segment(reference)}", Invoice)

    async def claimed_invoices(self, span: Span, after: str) -> InvoiceDetailsPage:
        query = {"start": span.start.isoformat(), "end": span.end.isoformat(), "after": after}
        return await self._client.call("GET", "/invoice-generation/v1/invoices", InvoiceDetailsPage, **query)

    async def claimed_of_project(self, project_number: str) -> list[InvoiceDetails]:
        path = f"/invoice-generation/v1/projects/{segment(project_number)}/invoices"
        return await self._client.call("GET", path, list[InvoiceDetails])

    async def recollect(self, project_number: str) -> None:
        await self._client.call("POST", f"/invoice-generation/v1/projects/{segment(project_number)}/recollection")


class RemoteCollections:
    """Calls the collections service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def billing_changed(self, change: BillingChange) -> Accepted:
        return await self._client.call("POST", "/collections/v1/billing-changes", Accepted, body=change)
