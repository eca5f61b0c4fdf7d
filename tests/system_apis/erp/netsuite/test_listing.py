"""Customers, projects and invoices are gone through page by page, each once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from system_apis.erp.netsuite.operations import NetSuiteErp, build_netsuite
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import InvoiceDetails, InvoiceStatus
from tollway.canonical.listing import EVER, Span
from tollway.canonical.project import ProjectDetails
from tollway.ports.connection import Shared
from tollway.problems import Malformed

NUMBER = "PRJ-0065g00000Deal"


@pytest.fixture
async def erp(books: Any) -> Any:
    """The account, with two rows to a page."""
    connection = build_netsuite("books", books.token | {"page_size": 2}, Shared())
    yield connection
    await connection.close()


async def through(read: Callable[[str], Any]) -> tuple[list[Any], int]:
    """Everything, and how many pages it took."""
    items: list[Any] = []
    after, pages = "", 0
    while pages == 0 or after:
        page = await read(after)
        items += page.items
        after, pages = page.next, pages + 1
    return items, pages


async def test_customers_are_listed_linked_or_not(erp: NetSuiteErp, customer_details: CustomerDetails) -> None:
    """Customers of the legal entity come with the account they are linked to, those of others do not come."""
    accounts = ["0015g00000AcmeAAA", "0015g00000AcmeBBB", "0015g00000AcmeCCC"]
    for account in accounts:
        await erp.create_customer(msgspec.structs.replace(customer_details, account_id=account))
    american = msgspec.structs.replace(customer_details, legal_entity="US", currency="USD")
    await erp.create_customer(american)
    listed, pages = await through(lambda after: erp.customers("UK", after))
    assert ([customer.account_id for customer in listed], pages) == (accounts, 2)
    assert listed[0] == await erp.find_customer("UK", accounts[0])


async def test_projects_are_listed_with_their_status(
    erp: NetSuiteErp, customer_details: CustomerDetails, project_details: ProjectDetails
) -> None:
    """Our projects come as a single one is found, closed or not."""
    await erp.create_customer(customer_details)
    numbers = [f"{NUMBER}-{place}" for place in range(3)]
    for number in numbers:
        await erp.create_project(msgspec.structs.replace(project_details, number=number))
    await erp.close_project("UK", numbers[1])
    listed, pages = await through(lambda after: erp.projects("UK", after))
    assert pages == 2
    assert listed == [await erp.find_project("UK", number) for number in numbers]
    assert [project.closed for project in listed] == [False, True, False]


async def test_invoices_are_listed_by_their_day(
    erp: NetSuiteErp,
    customer_details: CustomerDetails,
    project_details: ProjectDetails,
    invoice_details: InvoiceDetails,
) -> None:
    """Invoices of the span's days come with amounts and what is paid, whoever made them, in the order of their ids."""
    await erp.create_customer(customer_details)
    await erp.create_project(project_details)
    for day in (1, 2, 3, 4):
        details = msgspec.structs.replace(invoice_details, reference=f"{NUMBER}-00{day}", date=dt.date(2026, 11, day))
        await erp.create_invoice(details)
    span = Span(start=dt.date(2026, 11, 2), end=dt.date(2026, 11, 4))
    listed, pages = await through(lambda after: erp.invoices("UK", span, after))
    assert ([invoice.reference for invoice in listed], pages) == ([f"{NUMBER}-00{day}" for day in (2, 3, 4)], 2)
    of_project = [one for one in await erp.project_invoices("UK", NUMBER) if one.date and one.date.day > 1]
    assert listed == of_project
    assert {invoice.status for invoice in listed} == {InvoiceStatus.OPEN}
    assert (await erp.invoices("US", EVER, "")).items == []


async def test_what_finance_made_by_hand_for_a_project_is_listed(
    erp: NetSuiteErp, customer_details: CustomerDetails, project_details: ProjectDetails
) -> None:
    """An invoice without a reference of ours comes with the project it is for."""
    await erp.create_customer(customer_details)
    project = await erp.create_project(project_details)
    line = {"item": {"id": "1"}, "description": "by hand", "quantity": 1, "rate": 50, "amount": 50}
    body = {"entity": {"id": project.id}, "subsidiary": {"id": "3"}, "item": {"items": [line]}}
    await erp._client._send("POST", "/services/rest/record/v1/invoice", "somebody else's work", body=body)
    (listed,) = (await erp.invoices("UK", EVER, "")).items
    assert (listed.reference, listed.project_number, str(listed.net.amount)) == ("", NUMBER, "50.00")


@pytest.mark.parametrize("after", ["1 OR 1=1", "x", "-1"])
async def test_a_place_of_something_else_is_refused(erp: NetSuiteErp, after: str) -> None:
    """What is no number is no place to continue from, and never becomes part of a query."""
    with pytest.raises(Malformed):
        await erp.invoices("UK", EVER, after)
