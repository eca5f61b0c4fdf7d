"""The ERP port on NetSuite."""

from typing import Any

from system_apis.erp.netsuite.account import Account
from system_apis.erp.netsuite.client import NetSuiteClient
from system_apis.erp.netsuite.credit_notes import CreditNotes
from system_apis.erp.netsuite.customers import Customers
from system_apis.erp.netsuite.invoices import Invoices
from system_apis.erp.netsuite.projects import Projects
from system_apis.erp.netsuite.rows import CurrencyRow
from system_apis.erp.netsuite.settings import netsuite_settings
from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Cursor
from tollway.ports.connection import Shared


def build_netsuite(name: str, tables: dict[str, Any], shared: Shared) -> "NetSuiteErp":
    """The NetSuite account that `[connections.<name>]` describes; raises StartupError."""
    settings = netsuite_settings(name, tables)
    return NetSuiteErp(NetSuiteClient(name, settings, shared.quotas.of(name, "NetSuite", settings.quota)))


class NetSuiteErp:
    """Holds customers, projects, plans and invoices in one NetSuite account."""

    def __init__(self, client: NetSuiteClient) -> None:
        self._client = client
        self._account = Account(client)
        self._customers = Customers(self._account)
        self._projects = Projects(self._account)
        self._invoices = Invoices(self._account)
        self._credit_notes = CreditNotes(self._account, self._invoices)

    async def check(self) -> str:
        query = "SELECT id, symbol FROM currency ORDER BY id"
        await self._client.learn_limits()
        rows = await self._client.query(query, CurrencyRow, "the currencies")
        return f"NetSuite account {self._client.settings.account}, {len(rows)} currencies"

    async def close(self) -> None:
        await self._client.close()

    async def capabilities(self, legal_entity: str) -> ErpCapabilities:
        self._account.subsidiary(legal_entity)
        return ErpCapabilities(projects=True, billing_plan=True, revenue_schedule=True, credit_limit=True)

    async def match_customers(self, query: CustomerQuery) -> CustomerMatches:
        return await self._customers.match(query)

    async def create_customer(self, customer: CustomerDetails) -> Customer:
        return await self._customers.create(customer)

    async def link_customer(self, customer_id: str, customer: CustomerDetails) -> Customer:
        return await self._customers.link(customer_id, customer)

    async def find_customer(self, legal_entity: str, account_id: str) -> Customer | None:
        return await self._customers.find(legal_entity, account_id)

    async def create_project(self, project: ProjectDetails) -> Project:
        return await self._projects.create(project)

    async def find_project(self, legal_entity: str, number: str) -> Project | None:
        return await self._projects.find(legal_entity, number)

    async def close_project(self, legal_entity: str, number: str) -> None:
        await self._projects.close(legal_entity, number)

    async def set_billing_plan(self, plan: BillingPlan) -> BillingPlan:
        return await self._projects.set_plan(plan)

    async def find_billing_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        return await self._projects.find_plan(legal_entity, number)

    async def set_revenue_schedule(self, schedule: RevenueSchedule) -> RevenueSchedule:
        return await self._projects.set_schedule(schedule)

    async def find_revenue_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:
        return await self._projects.find_schedule(legal_entity, number)

    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        return await self._invoices.create(invoice)

    async def post_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._invoices.post(legal_entity, reference)

    async def cancel_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._credit_notes.cancel(legal_entity, reference)

    async def credit_invoice(self, legal_entity: str, reference: str, reason: str) -> CreditNote:
        return await self._credit_notes.credit(legal_entity, reference, reason)

    async def find_credit_note(self, legal_entity: str, reference: str) -> CreditNote | None:
        return await self._credit_notes.find(legal_entity, reference)

    async def find_invoice(self, legal_entity: str, reference: str) -> Invoice | None:
        return await self._invoices.find(legal_entity, reference)

    async def project_invoices(self, legal_entity: str, number: str) -> list[Invoice]:
        return await self._invoices.of_project(legal_entity, number)

    async def invoice_changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        return await self._invoices.changes(legal_entity, cursor)

    async def customers(self, legal_entity: str, after: str) -> CustomerPage:
        return await self._customers.page(legal_entity, after)

    async def projects(self, legal_entity: str, after: str) -> ProjectPage:
        return await self._projects.page(legal_entity, after)

    async def invoices(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        return await self._invoices.page(legal_entity, span, after)
