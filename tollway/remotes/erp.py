"""The ERP port over HTTP."""

from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, CreditOrder, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Cursor
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemoteErp:
    """Calls the erp service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def capabilities(self, legal_entity: str) -> ErpCapabilities:
        return await self._client.call("GET", f"{_entity(legal_entity)}/capabilities", ErpCapabilities)

    async def match_customers(self, query: CustomerQuery) -> CustomerMatches:
        path = f"{_entity(query.legal_entity)}/customer-matches"
        return await self._client.call("POST", path, CustomerMatches, body=query)

    async def create_customer(self, customer: CustomerDetails) -> Customer:
        return await self._client.call("POST", f"{_entity(customer.legal_entity)}/customers", Customer, body=customer)

    async def link_customer(self, customer_id: str, customer: CustomerDetails) -> Customer:
        path = f"{_entity(customer.legal_entity)}/customers/{segment(customer_id)}/account"
        return await self._client.call("PUT", path, Customer, body=customer)

    async def find_customer(self, legal_entity: str, account_id: str) -> Customer | None:
        path = f"{_entity(legal_entity)}/accounts/{segment(account_id)}/customer"
        return await find(self._client, path, Customer)

    async def create_project(self, project: ProjectDetails) -> Project:
        return await self._client.call("POST", f"{_entity(project.legal_entity)}/projects", Project, body=project)

    async def find_project(self, legal_entity: str, number: str) -> Project | None:
        return await find(self._client, _project(legal_entity, number), Project)

    async def close_project(self, legal_entity: str, number: str) -> None:
        await self._client.call("POST", f"{_project(legal_entity, number)}/closure")

    async def set_billing_plan(self, plan: BillingPlan) -> BillingPlan:
        path = f"{_project(plan.legal_entity, plan.project_number)}/billing-plan"
        return await self._client.call("PUT", path, BillingPlan, body=plan)

    async def find_billing_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        return await find(self._client, f"{_project(legal_entity, number)}/billing-plan", BillingPlan)

    async def set_revenue_schedule(self, schedule: RevenueSchedule) -> RevenueSchedule:
        path = f"{_project(schedule.legal_entity, schedule.project_number)}/revenue-schedule"
        return await self._client.call("PUT", path, RevenueSchedule, body=schedule)

    async def find_revenue_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:
        return await find(self._client, f"{_project(legal_entity, number)}/revenue-schedule", RevenueSchedule)

    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        return await self._client.call("POST", f"{_entity(invoice.legal_entity)}/invoices", Invoice, body=invoice)

    async def post_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._client.call("POST", f"{_invoice(legal_entity, reference)}/posting", Invoice)

    async def cancel_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._client.call("POST", f"{_invoice(legal_entity, reference)}/cancellation", Invoice)

    async def credit_invoice(self, legal_entity: str, reference: str, reason: str) -> CreditNote:
        path, order = f"{_invoice(legal_entity, reference)}/credit-note", CreditOrder(reason=reason)
        return await self._client.call("POST", path, CreditNote, body=order)

    async def find_credit_note(self, legal_entity: str, reference: str) -> CreditNote | None:
        return await find(self._client, f"{_invoice(legal_entity, reference)}/credit-note", CreditNote)

    async def find_invoice(self, legal_entity: str, reference: str) -> Invoice | None:
        return await find(self._client, _invoice(legal_entity, reference), Invoice)

    async def project_invoices(self, legal_entity: str, number: str) -> list[Invoice]:
        return await self._client.call("GET", f"{_project(legal_entity, number)}/invoices", list[Invoice])

    async def invoice_changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        query = {"moment": cursor.moment.isoformat(), "after": cursor.id}
        return await self._client.call("GET", f"{_entity(legal_entity)}/invoice-changes", Changes, **query)

    async def customers(self, legal_entity: str, after: str) -> CustomerPage:
        return await self._client.call("GET", f"{_entity(legal_entity)}/customers", CustomerPage, after=after)

    async def projects(self, legal_entity: str, after: str) -> ProjectPage:
        return await self._client.call("GET", f"{_entity(legal_entity)}/projects", ProjectPage, after=after)

    async def invoices(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        query = {"start": span.start.isoformat(), "end": span.end.isoformat(), "after": after}
        return await self._client.call("GET", f"{_entity(legal_entity)}/invoices", InvoicePage, **query)


def _entity(legal_entity: str) -> str:
    return f"/erp/v1/{segment(legal_entity)}"


def _project(legal_entity: str, number: str) -> str:
    return f"{_entity(legal_entity)}/projects/{segment(number)}"


def _invoice(legal_entity: str, reference: str) -> str:
    return f"{_entity(legal_entity)}/invoices/{segment(reference)}"
