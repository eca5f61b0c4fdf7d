"""The ERP port on Tryton."""

from typing import Any

from system_apis.erp.tryton.account import Account
from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.credit_notes import CreditNotes
from system_apis.erp.tryton.customers import Customers
from system_apis.erp.tryton.errors import heard
from system_apis.erp.tryton.invoices import Invoices
from system_apis.erp.tryton.projects import Projects
from system_apis.erp.tryton.settings import tryton_settings
from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.case import Category
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Cursor
from tollway.http.platforms import PlatformClient
from tollway.ports.connection import Shared
from tollway.problems import Rejected


def build_tryton(name: str, tables: dict[str, Any], shared: Shared) -> "TrytonErp":
    """The Tryton database that `[connections.<name>]` describes; raises StartupError."""
    settings = tryton_settings(name, tables)
    http = PlatformClient(
        "Tryton",
        settings.url,
        timeout=settings.timeout_seconds,
        certificate_authority=settings.certificate_authority,
        quota=shared.quotas.of(name, "Tryton", settings.quota),
        heard=heard,
    )
    return TrytonErp(Account(name, settings, TrytonClient(settings, http)))


class TrytonErp:
    """Holds customers, projects, billing plans and invoices in one Tryton database."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._customers = Customers(account)
        self._projects = Projects(account, self._customers)
        self._invoices = Invoices(account, self._customers)
        self._credit_notes = CreditNotes(account, self._invoices)

    async def check(self) -> str:
        companies = [await self._account.company(code) for code in self._account.settings.legal_entities]
        return f"Tryton {await self._account.client.version()}, {len(companies)} companies"

    async def close(self) -> None:
        await self._account.client.close()

    async def capabilities(self, legal_entity: str) -> ErpCapabilities:
        await self._account.company(legal_entity)
        return ErpCapabilities(projects=True, billing_plan=True, revenue_schedule=False, credit_limit=True)

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
        raise Rejected(
            f"Tryton keeps no revenue schedules, so it takes none of project {schedule.project_number}.",
            category=Category.PLATFORM_REFUSED,
        )

    async def find_revenue_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:  # noqa: ARG002 - the port's
        await self._account.company(legal_entity)
        return None

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
