"""The ERP port over several ERPs: every legal entity's books are kept in the one it is configured to use."""

from collections.abc import Mapping

from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.case import Category
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Cursor
from tollway.ports.erp import Erp
from tollway.problems import Rejected
from tollway.settings import LegalEntity


class ErpByLegalEntity:
    """Hands every call to the ERP of the legal entity it is about."""

    def __init__(self, legal_entities: Mapping[str, LegalEntity], connections: Mapping[str, Erp]) -> None:
        """`connections` holds every connection that a legal entity names as its ERP, by its name."""
        self._erps = {code: connections[entity.erp] for code, entity in legal_entities.items()}

    async def capabilities(self, legal_entity: str) -> ErpCapabilities:
        return await self._erp(legal_entity).capabilities(legal_entity)

    async def match_customers(self, query: CustomerQuery) -> CustomerMatches:
        return await self._erp(query.legal_entity).match_customers(query)

    async def create_customer(self, customer: CustomerDetails) -> Customer:
        return await self._erp(customer.legal_entity).create_customer(customer)

    async def link_customer(self, customer_id: str, customer: CustomerDetails) -> Customer:
        return await self._erp(customer.legal_entity).link_customer(customer_id, customer)

    async def find_customer(self, legal_entity: str, account_id: str) -> Customer | None:
        return await self._erp(legal_entity).find_customer(legal_entity, account_id)

    async def create_project(self, project: ProjectDetails) -> Project:
        return await self._erp(project.legal_entity).create_project(project)

    async def find_project(self, legal_entity: str, number: str) -> Project | None:
        return await self._erp(legal_entity).find_project(legal_entity, number)

    async def close_project(self, legal_entity: str, number: str) -> None:
        await self._erp(legal_entity).close_project(legal_entity, number)

    async def set_billing_plan(self, plan: BillingPlan) -> BillingPlan:
        return await self._erp(plan.legal_entity).set_billing_plan(plan)

    async def find_billing_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        return await self._erp(legal_entity).find_billing_plan(legal_entity, number)

    async def set_revenue_schedule(self, schedule: RevenueSchedule) -> RevenueSchedule:
        return await self._erp(schedule.legal_entity).set_revenue_schedule(schedule)

    async def find_revenue_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:
        return await self._erp(legal_entity).find_revenue_schedule(legal_entity, number)

    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        return await self._erp(invoice.legal_entity).create_invoice(invoice)

    async def post_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._erp(legal_entity).post_invoice(legal_entity, reference)

    async def cancel_invoice(self, legal_entity: str, reference: str) -> Invoice:
        return await self._erp(legal_entity).cancel_invoice(legal_entity, reference)

    async def credit_invoice(self, legal_entity: str, reference: str, reason: str) -> CreditNote:
        return await self._erp(legal_entity).credit_invoice(legal_entity, reference, reason)

    async def find_credit_note(self, legal_entity: str, reference: str) -> CreditNote | None:
        return await self._erp(legal_entity).find_credit_note(legal_entity, reference)

    async def find_invoice(self, legal_entity: str, reference: str) -> Invoice | None:
        return await self._erp(legal_entity).find_invoice(legal_entity, reference)

    async def project_invoices(self, legal_entity: str, number: str) -> list[Invoice]:
        return await self._erp(legal_entity).project_invoices(legal_entity, number)

    async def invoice_changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        return await self._erp(legal_entity).invoice_changes(legal_entity, cursor)

    async def customers(self, legal_entity: str, after: str) -> CustomerPage:
        return await self._erp(legal_entity).customers(legal_entity, after)

    async def projects(self, legal_entity: str, after: str) -> ProjectPage:
        return await self._erp(legal_entity).projects(legal_entity, after)

    async def invoices(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        return await self._erp(legal_entity).invoices(legal_entity, span, after)

    def _erp(self, legal_entity: str) -> Erp:
        try:
            return self._erps[legal_entity]
        except KeyError:
            raise Rejected(
                f"There is no legal entity {legal_entity}; configure it in the setting legal_entities.{legal_entity}.",
                category=Category.UNMAPPED_LEGAL_ENTITY,
            ) from None
