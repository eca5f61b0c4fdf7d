"""Projects and approved work are gone through page by page, each once."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from system_apis.psa.certinia import listing
from tollway.canonical.listing import EVER, Span
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectBilling
from tollway.problems import Malformed


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)


async def everything(psa, span: Span = EVER, number: str = ""):
    """All entries, and how many pages they took."""
    entries, after, pages = [], "", 0
    while pages == 0 or after:
        page = await psa.work_entries(span, number, after)
        entries += page.items
        after, pages = page.next, pages + 1
    return entries, pages


async def test_projects_come_with_what_they_were_told(psa, details):
    """Three projects come on two pages; one that was told of its billing says what, the others nothing."""
    numbers = [details.number, f"{details.number}-B", f"{details.number}-C"]
    for number in numbers:
        await psa.create_project(msgspec.structs.replace(details, number=number))
    amount = Money(amount=Decimal("1200.50"), currency="EUR")
    told = ProjectBilling(project_number=numbers[1], invoice_status="Paid", invoiced=amount, paid=amount)
    await psa.report_billing(told)
    first = await psa.project_standings("")
    second = await psa.project_standings(first.next)
    assert second.next == ""
    listed = {standing.project.number: standing for standing in first.items + second.items}
    assert sorted(listed) == sorted(numbers)
    assert [listed[number].billing for number in numbers] == [None, told, None]
    assert listed[numbers[0]].project == await psa.find_project(numbers[0])


async def test_work_of_both_kinds_is_gone_through(psa, details, work, reach):
    """Time comes before milestones, each once, as many to a page as there may be, priced as it will be billed."""
    await psa.create_project(details)
    time = {f"time:{await work()}" for _ in range(3)}
    milestones = {f"milestone:{await reach()}" for _ in range(3)}
    entries, pages = await everything(psa)
    assert ({entry.id for entry in entries[:3]}, {entry.id for entry in entries[3:]}) == (time, milestones)
    assert pages == 4
    items = {item.id: item for item in (await psa.project_work(details.number)).items}
    assert {entry.id: (entry.amount, entry.on) for entry in entries} == {
        key: (item.amount, item.on) for key, item in items.items()
    }


async def test_a_rate_card_prices_what_has_no_rate_and_one_without_a_price_spoils_nothing(psa, details, plan, work):
    """Time is priced by its project's rate card; what neither prices is listed without an amount."""
    await psa.create_project(details)
    await psa.set_plan(plan)
    person = await psa._org.create("Contact", {"LastName": "Ada", "pse__Resource_Role__c": "Architect"})
    await work(pse__Bill_Rate__c=None, pse__Resource__c=person)
    await work(pse__Bill_Rate__c=None)
    entries, _ = await everything(psa)
    assert sorted(str(entry.amount.amount) if entry.amount else "none" for entry in entries) == ["1684.00", "none"]


async def test_days_and_project_are_narrowed_down(psa, details, work, reach):
    """Only work of the span's days comes, and of one project only where one is named."""
    await psa.create_project(details)
    other = msgspec.structs.replace(details, number=f"{details.number}-B")
    await psa.create_project(other)
    await work()
    await work(number=other.number)
    await reach()
    await reach(pse__Actual_Date__c=None)
    december = Span(start=dt.date(2025, 12, 1), end=dt.date(2025, 12, 31))
    assert [entry.kind for entry in (await everything(psa, december))[0]] == ["time", "time"]
    assert [entry.on for entry in (await everything(psa, december, other.number))[0]] == [dt.date(2025, 12, 7)]
    last = Span(start=dt.date(2026, 3, 28), end=dt.date(2026, 3, 31))
    assert [entry.on for entry in (await everything(psa, last))[0]] == [dt.date(2026, 3, 31)]


@pytest.mark.parametrize("after", ["holiday:a10ak0000000002AAA", "time:x' OR Id != '", "x"])
async def test_a_place_of_something_else_is_refused(psa, after):
    """What is no kind of work with a record id is no place to continue from."""
    with pytest.raises(Malformed):
        await psa.work_entries(EVER, "", after)
