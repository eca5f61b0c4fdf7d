"""The HTTP face of the ERP port, whichever platform holds a legal entity's books."""

import datetime as dt
from typing import Annotated

from litestar import get, post, put
from litestar.params import Dependency

from tollway.canonical.billing import BillingPlan, ErpCapabilities, RevenueSchedule
from tollway.canonical.customer import Customer, CustomerDetails, CustomerMatches, CustomerQuery
from tollway.canonical.invoice import CreditNote, CreditOrder, Invoice, InvoiceDetails
from tollway.canonical.listing import CustomerPage, InvoicePage, ProjectPage, Span
from tollway.canonical.project import Project, ProjectDetails
from tollway.canonical.record import Changes, Code, Cursor, FreeText, Identifier, Many, Timestamp
from tollway.ports.erp import Erp
from tollway.problems import agree, found

Port = Annotated[Erp, Dependency(skip_validation=True)]
ENTITY = "/erp/v1/{legal_entity:str}"


@get(f"{ENTITY}/capabilities", operation_id="getCapabilities")
async def get_capabilities(erp: Port, legal_entity: Code) -> ErpCapabilities:
    """What the legal entity's ERP can hold."""
    return await erp.capabilities(legal_entity)


@post(f"{ENTITY}/customer-matches", operation_id="matchCustomers", status_code=200)
async def match_customers(erp: Port, legal_entity: Code, data: CustomerQuery) -> CustomerMatches:
    """Customers that may be the account, with their credit status; changes nothing."""
    agree(legal_entity, data.legal_entity)
    return await erp.match_customers(data)


@post(f"{ENTITY}/customers", operation_id="createCustomer")
async def create_customer(erp: Port, legal_entity: Code, data: CustomerDetails) -> Customer:
    """Create the customer under the account's id."""
    agree(legal_entity, data.legal_entity)
    return await erp.create_customer(data)


@put(f"{ENTITY}/customers/{{customer_id:str}}/account", operation_id="linkCustomer")
async def link_customer(erp: Port, legal_entity: Code, customer_id: Identifier, data: CustomerDetails) -> Customer:
    """Give a customer that finance already keeps the account's id."""
    agree(legal_entity, data.legal_entity)
    return await erp.link_customer(customer_id, data)


@get(f"{ENTITY}/accounts/{{account_id:str}}/customer", operation_id="getCustomer")
async def get_customer(erp: Port, legal_entity: Code, account_id: Identifier) -> Customer:
    """The customer linked to the account."""
    return found(await erp.find_customer(legal_entity, account_id), f"customer for account {account_id}")


@post(f"{ENTITY}/projects", operation_id="createProject")
async def create_project(erp: Port, legal_entity: Code, data: ProjectDetails) -> Project:
    """Create the project under its number."""
    agree(legal_entity, data.legal_entity)
    return await erp.create_project(data)


@get(f"{ENTITY}/projects/{{number:str}}", operation_id="getProject")
async def get_project(erp: Port, legal_entity: Code, number: Identifier) -> Project:
    """The project with this number."""
    return found(await erp.find_project(legal_entity, number), f"project {number} in the ERP")


@post(f"{ENTITY}/projects/{{number:str}}/closure", operation_id="closeProject", status_code=204)
async def close_project(erp: Port, legal_entity: Code, number: Identifier) -> None:
    """Close a project that is not to go on."""
    await erp.close_project(legal_entity, number)


@put(f"{ENTITY}/projects/{{number:str}}/billing-plan", operation_id="setBillingPlan")
async def set_billing_plan(erp: Port, legal_entity: Code, number: Identifier, data: BillingPlan) -> BillingPlan:
    """Give a project its billing plan."""
    agree(legal_entity, data.legal_entity)
    agree(number, data.project_number)
    return await erp.set_billing_plan(data)


@get(f"{ENTITY}/projects/{{number:str}}/billing-plan", operation_id="getBillingPlan")
async def get_billing_plan(erp: Port, legal_entity: Code, number: Identifier) -> BillingPlan:
    """The project's billing plan."""
    return found(await erp.find_billing_plan(legal_entity, number), f"billing plan of project {number}")


@put(f"{ENTITY}/projects/{{number:str}}/revenue-schedule", operation_id="setRevenueSchedule")
async def set_revenue_schedule(
    erp: Port, legal_entity: Code, number: Identifier, data: RevenueSchedule
) -> RevenueSchedule:
    """Give a project its revenue schedule."""
    agree(legal_entity, data.legal_entity)
    agree(number, data.project_number)
    return await erp.set_revenue_schedule(data)


@get(f"{ENTITY}/projects/{{number:str}}/revenue-schedule", operation_id="getRevenueSchedule")
async def get_revenue_schedule(erp: Port, legal_entity: Code, number: Identifier) -> RevenueSchedule:
    """The project's revenue schedule."""
    return found(await erp.find_revenue_schedule(legal_entity, number), f"revenue schedule of project {number}")


@post(f"{ENTITY}/invoices", operation_id="createInvoice")
async def create_invoice(erp: Port, legal_entity: Code, data: InvoiceDetails) -> Invoice:
    """Create the invoice under its reference; the ERP computes tax."""
    agree(legal_entity, data.legal_entity)
    return await erp.create_invoice(data)


@post(f"{ENTITY}/invoices/{{reference:str}}/posting", operation_id="postInvoice", status_code=200)
async def post_invoice(erp: Port, legal_entity: Code, reference: Identifier) -> Invoice:
    """Post the invoice, which gives it its number."""
    return await erp.post_invoice(legal_entity, reference)


@post(f"{ENTITY}/invoices/{{reference:str}}/cancellation", operation_id="cancelInvoice", status_code=200)
async def cancel_invoice(erp: Port, legal_entity: Code, reference: Identifier) -> Invoice:
    """Cancel an invoice that was never posted."""
    return await erp.cancel_invoice(legal_entity, reference)


@post(f"{ENTITY}/invoices/{{reference:str}}/credit-note", operation_id="creditInvoice", status_code=200)
async def credit_invoice(erp: Port, legal_entity: Code, reference: Identifier, data: CreditOrder) -> CreditNote:
    """Take a posted invoice back by a credit note."""
    return await erp.credit_invoice(legal_entity, reference, data.reason)


@get(f"{ENTITY}/invoices/{{reference:str}}/credit-note", operation_id="getCreditNote")
async def get_credit_note(erp: Port, legal_entity: Code, reference: Identifier) -> CreditNote:
    """The credit note that took the invoice back."""
    return found(await erp.find_credit_note(legal_entity, reference), f"credit note of invoice {reference}")


@get(f"{ENTITY}/invoices/{{reference:str}}", operation_id="getInvoice")
async def get_invoice(erp: Port, legal_entity: Code, reference: Identifier) -> Invoice:
    """The invoice with this reference."""
    return found(await erp.find_invoice(legal_entity, reference), f"invoice {reference}")


@get(f"{ENTITY}/projects/{{number:str}}/invoices", operation_id="listProjectInvoices")
async def list_project_invoices(erp: Port, legal_entity: Code, number: Identifier) -> Many[Invoice]:
    """Every invoice of the project, oldest first."""
    return await erp.project_invoices(legal_entity, number)


@get(f"{ENTITY}/invoice-changes", operation_id="listInvoiceChanges")
async def list_invoice_changes(erp: Port, legal_entity: Code, moment: Timestamp, after: FreeText = "") -> Changes:
    """References of invoices that changed or were paid after (moment, after), oldest first."""
    return await erp.invoice_changes(legal_entity, Cursor(moment=moment, id=after))


@get(f"{ENTITY}/customers", operation_id="listCustomers")
async def list_customers(erp: Port, legal_entity: Code, after: FreeText = "") -> CustomerPage:
    """The legal entity's active customers behind the place `after`."""
    return await erp.customers(legal_entity, after)


@get(f"{ENTITY}/projects", operation_id="listProjects")
async def list_projects(erp: Port, legal_entity: Code, after: FreeText = "") -> ProjectPage:
    """Our projects behind the place `after`."""
    return await erp.projects(legal_entity, after)


@get(f"{ENTITY}/invoices", operation_id="listInvoices")
async def list_invoices(
    erp: Port, legal_entity: Code, start: dt.date, end: dt.date, after: FreeText = ""
) -> InvoicePage:
    """Our projects' invoices dated from `start` to `end`, behind the place `after`."""
    return await erp.invoices(legal_entity, Span(start=start, end=end), after)


HANDLERS = (
    get_capabilities,
    match_customers,
    create_customer,
    link_customer,
    get_customer,
    create_project,
    get_project,
    close_project,
    set_billing_plan,
    get_billing_plan,
    set_revenue_schedule,
    get_revenue_schedule,
    create_invoice,
    post_invoice,
    cancel_invoice,
    credit_invoice,
    get_credit_note,
    get_invoice,
    list_project_invoices,
    list_invoice_changes,
    list_customers,
    list_projects,
    list_invoices,
)
