"""The ERP, system of record of customers, invoices, payments and revenue.

Which ERP a legal entity uses is configured; the port is the same.
"""

from typing import Protocol

from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Cursor


class Erp(Protocol):
    """Holds customers, projects, plans and invoices of legal entities."""

    async def capabilities(self, legal_entity: str) -> ErpCapabilities:
        """What the legal entity's ERP can hold."""
        ...

    async def match_customers(self, query: CustomerQuery) -> CustomerMatches:
        """Customers that may be the account, each with its credit status."""
        ...

    async def create_customer(self, customer: CustomerDetails) -> Customer:
        """Create the customer under the account's id."""
        ...

    async def link_customer(self, customer_id: str, customer: CustomerDetails) -> Customer:
        """Give a customer that finance already keeps the account's id; its own data stays as finance has it."""
        ...

    async def find_customer(self, legal_entity: str, account_id: str) -> Customer | None:
        """The customer linked to the account."""
        ...

    async def create_project(self, project: ProjectDetails) -> Project:
        """Create the project under its number; its customer must exist."""
        ...

    async def find_project(self, legal_entity: str, number: str) -> Project | None:
        """The project with this number."""
        ...

    async def close_project(self, legal_entity: str, number: str) -> None:
        """Close a project that is not to go on; closing a closed one changes nothing."""
        ...

    async def set_billing_plan(self, plan: BillingPlan) -> BillingPlan:
        """Give a project its billing plan, each line once."""
        ...

    async def find_billing_plan(self, legal_entity: str, number: str) -> BillingPlan | None:
        """The project's billing plan."""
        ...

    async def set_revenue_schedule(self, schedule: RevenueSchedule) -> RevenueSchedule:
        """Give a project its revenue schedule, each month once."""
        ...

    async def find_revenue_schedule(self, legal_entity: str, number: str) -> RevenueSchedule | None:
        """The project's revenue schedule."""
        ...

    async def create_invoice(self, invoice: InvoiceDetails) -> Invoice:
        """Create the invoice under its reference, not necessarily posted yet; the ERP computes tax."""
        ...

    async def post_invoice(self, legal_entity: str, reference: str) -> Invoice:
        """Post the invoice, which gives it its number; posting a posted one changes nothing."""
        ...

    async def cancel_invoice(self, legal_entity: str, reference: str) -> Invoice:
        """Cancel an invoice that was never posted; raises Conflict for one that was, which takes a credit note."""
        ...

    async def credit_invoice(self, legal_entity: str, reference: str, reason: str) -> CreditNote:
        """Take a posted invoice back by a posted credit note, once; raises Conflict unless it is posted and unpaid."""
        ...

    async def find_credit_note(self, legal_entity: str, reference: str) -> CreditNote | None:
        """The credit note that took the invoice with this reference back."""
        ...

    async def find_invoice(self, legal_entity: str, reference: str) -> Invoice | None:
        """The invoice with this reference."""
        ...

    async def project_invoices(self, legal_entity: str, number: str) -> list[Invoice]:
        """Every invoice of a project, oldest first."""
        ...

    async def invoice_changes(self, legal_entity: str, cursor: Cursor) -> Changes:
        """References of our invoices that changed, were paid or credited after the cursor, oldest first."""
        ...

    async def customers(self, legal_entity: str, after: str) -> CustomerPage:
        """A page of the legal entity's active customers behind the place `after`, linked to an account or not."""
        ...

    async def projects(self, legal_entity: str, after: str) -> ProjectPage:
        """A page of our projects behind the place `after`."""
        ...

    async def invoices(self, legal_entity: str, span: Span, after: str) -> InvoicePage:
        """A page of our projects' invoices of the span's days behind the place `after`, those made by hand too."""
        ...
