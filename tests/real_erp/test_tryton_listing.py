"""Customers, projects and invoices of the real Tryton are gone through page by page, each once."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from system_apis.erp.tryton import customers, invoices, projects
from system_apis.erp.tryton.operations import TrytonErp
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.listing import EVER, Span
from tollway.canonical.project import ProjectDetails
from tollway.problems import Malformed


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    for module in (customers, invoices, projects):
        monkeypatch.setattr(module, "PAGE", 2)


async def through(read: Callable[[str], Any]) -> list[Any]:
    """Everything on pages of at most two."""
    items: list[Any] = []
    after, begun = "", False
    while after or not begun:
        page = await read(after)
        assert len(page.items) <= 2
        items += page.items
        after, begun = page.next, True
    return items


async def test_customers_and_projects_are_listed_once(erp: TrytonErp, customer: CustomerDetails, make: Any) -> None:
    """Each comes as a single one is found, also on a later page."""
    numbers = []
    for _ in range(3):
        details = make.project(customer)
        numbers.append((await erp.create_project(details)).number)
    await erp.close_project("US", numbers[1])
    listed = [one for one in await through(lambda after: erp.projects("US", after)) if one.number in numbers]
    assert listed == [await erp.find_project("US", number) for number in numbers]
    assert [one.closed for one in listed] == [False, True, False]
    found = [
        one for one in await through(lambda after: erp.customers("US", after)) if one.number == customer.account_id
    ]
    assert found == [await erp.find_customer("US", customer.account_id)]


async def test_invoices_are_listed_by_their_day_with_copies(
    erp: TrytonErp, project: ProjectDetails, make: Any, client: Any
) -> None:
    """Drafts and posted invoices come by their day, and a copy that somebody made of one, which has no day yet."""
    first = make.invoice(project)
    second = msgspec.structs.replace(first, reference=f"{project.number}-002", lines=first.lines[:1])
    for details in (first, second):
        await erp.create_invoice(details)
    posted = await erp.post_invoice("US", first.reference)
    company = await client.company("US")
    await client.call("model.account.invoice.copy", [int(posted.id)], company=company)
    days = Span(start=first.date, end=first.date)
    listed = await through(lambda after: erp.invoices("US", days, after))
    ours = [one for one in listed if one.project_number == project.number]
    assert sorted(one.reference for one in ours) == ["", first.reference, second.reference]
    assert [one.status for one in ours] == [InvoiceStatus.OPEN, InvoiceStatus.DRAFT, InvoiceStatus.DRAFT]
    assert posted in ours
    before = Span(start=EVER.start, end=first.date.replace(year=first.date.year - 1))
    earlier = await through(lambda after: erp.invoices("US", before, after))
    (copy,) = [one for one in earlier if one.project_number == project.number]
    assert (copy.reference, copy.date, copy.status) == ("", None, InvoiceStatus.DRAFT)
    assert copy in await erp.project_invoices("US", project.number)


async def test_a_place_of_something_else_is_refused(erp: TrytonErp) -> None:
    """What is no number is no place to continue from."""
    with pytest.raises(Malformed):
        await erp.projects("US", "x")
