"""Approved work, and what has been billed of it, against a served org."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from system_apis.psa.certinia import operations
from system_apis.salesforce_platform.rows import select
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectPlan
from tollway.canonical.record import Cursor
from tollway.canonical.work import BilledItems, WorkKind
from tollway.problems import NotFound, Rejected, Throttled, UnknownOutcome
from tollway.sandboxes import Fault

LONG_AGO = Cursor(moment=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@pytest.fixture
async def project(psa, details):
    return await psa.create_project(details)


async def test_approved_time_and_reached_milestones_are_read_in_one_call(salesforce, psa, project, work, reach):
    """A project's work is its approved billable timecards and milestones, with hours summed over the week."""
    timecard, milestone = await work(), await reach()
    salesforce.calls()
    found = await psa.project_work(project.number)
    assert salesforce.calls() == ["GET query"]
    time, reached = found.items
    assert (time.id, time.kind, time.quantity, time.unit_price, time.amount) == (
        f"time:{timecard}", WorkKind.TIME, Decimal(8), eur("150"), eur("1200"),
    )  # fmt: skip
    assert (time.on, time.invoice_number, time.project_number) == (dt.date(2025, 12, 7), "", project.number)
    assert (reached.id, reached.amount, reached.on) == (
        f"milestone:{milestone}", eur("30000"), dt.date(2026, 3, 27),
    )  # fmt: skip
    assert not found.closed


@pytest.mark.parametrize(
    "changes",
    [
        {"pse__Status__c": "Submitted"},
        {"pse__Billable__c": False},
        {"pse__Exclude_from_Billing__c": True},
        {"pse__Monday_Hours__c": 0, "pse__Sunday_Hours__c": None},
    ],
)
async def test_time_that_is_not_to_be_billed(psa, project, work, changes):
    """Time that is not approved, not billable, excluded or empty is no billing event."""
    await work(**changes)
    assert (await psa.project_work(project.number)).items == []


@pytest.mark.parametrize(
    "changes",
    [
        {"pse__Approved_for_Billing__c": False},
        {"pse__Status__c": "Cancelled"},
        {"pse__Billing_Hold__c": True},
        {"pse__Exclude_from_Billing__c": True},
    ],
)
async def test_milestones_that_are_not_to_be_billed(psa, project, reach, changes):
    """A milestone that is not released to billing, cancelled, on hold or excluded is no billing event."""
    await reach(**changes)
    assert (await psa.project_work(project.number)).items == []


async def test_what_has_been_billed_stays_work_whatever_becomes_of_its_approval(salesforce, psa, project, work):
    """Billed time that is rejected afterwards still says which invoice it is on."""
    timecard = await work(Tollway_Invoice_Number__c="INV-1")
    await salesforce.org.update("pse__Timecard_Header__c", timecard, {"pse__Status__c": "Rejected"})
    [item] = (await psa.project_work(project.number)).items
    assert item.invoice_number == "INV-1"


async def test_time_without_a_rate_takes_it_from_the_rate_card(salesforce, psa, details, plan, project, work):
    """The role on the project decides, or else the person's usual one."""
    await psa.set_plan(plan)
    person = await salesforce.org.create("Contact", {"LastName": "Lovelace", "pse__Resource_Role__c": "Consultant"})
    assigned = {"pse__Project__r": {"Tollway_External_Id__c": details.number}, "pse__Role__c": "Architect"}
    assignment = await salesforce.org.create("pse__Assignment__c", assigned)
    await work(pse__Bill_Rate__c=None, pse__Resource__c=person)
    await work(pse__Bill_Rate__c=None, pse__Resource__c=person, pse__Assignment__c=assignment)
    usual, architect = (await psa.project_work(project.number)).items
    assert (usual.unit_price, architect.unit_price, architect.amount) == (eur("150"), eur("210.50"), eur("1684"))
    assert architect.description == "Lovelace, Architect: 2025-12-01 to 2025-12-07"


@pytest.mark.parametrize("changes", [{"pse__Bill_Rate__c": None}, {"pse__Daily_Bill_Rate__c": True}])
async def test_time_without_any_hourly_rate_is_refused_by_name(salesforce, psa, project, work, changes):
    """No price is invented: the refusal says whose timecard lacks a rate."""
    person = await salesforce.org.create("Contact", {"LastName": "Lovelace"})
    await work(pse__Resource__c=person, **changes)
    with pytest.raises(Rejected) as caught:
        await psa.project_work(project.number)
    assert caught.value.category == "missing_price"
    assert "Lovelace" in caught.value.detail


async def test_a_milestone_without_an_amount_is_refused_by_name(psa, project, reach):
    """No amount is invented for a milestone either."""
    await reach(pse__Milestone_Amount__c=None)
    with pytest.raises(Rejected) as caught:
        await psa.project_work(project.number)
    assert "Go-live" in caught.value.detail


async def test_billed_work_is_marked_once_and_found_by_its_invoice(salesforce, psa, project, work, reach):
    """The invoice's number is written onto time and milestones; marking them again writes nothing."""
    ids = [await work(), await reach()]
    items = (await psa.project_work(project.number)).items
    billed = BilledItems(invoice_number="INV-1", items=items)
    salesforce.calls()
    await psa.mark_billed(billed)
    assert sorted(salesforce.calls()) == ["PATCH composite/sobjects"] * 2 + ["POST composite"]
    await psa.mark_billed(billed)
    assert salesforce.calls() == ["POST composite"]
    found = await psa.find_billed("INV-1")
    assert found is not None
    assert [item.id for item in found.items] == [f"time:{ids[0]}", f"milestone:{ids[1]}"]
    assert (await psa.project_work(project.number)).items == found.items
    assert await psa.find_billed("INV-2") is None


async def test_certinias_own_marks_are_set(salesforce, psa, project, reach):
    """Certinia's own billing sees that the work has been billed."""
    await reach()
    items = (await psa.project_work(project.number)).items
    await psa.mark_billed(BilledItems(invoice_number="INV-1", items=items))
    row = await salesforce.org.first(select(_Marks, "pse__Milestone__c"), _Marks, "pse__Milestone__c")
    assert row == _Marks(pse__Billed__c=True, pse__Invoiced__c=True, pse__Invoice_Number__c="INV-1")


async def test_what_was_billed_is_unbilled_again(salesforce, psa, project, work, reach):
    """Numbers and marks are taken off what the invoice carries; what another carries, or is gone, is left alone."""
    gone, kept = await work(), await work()
    await reach()
    items = (await psa.project_work(project.number)).items
    billed = BilledItems(invoice_number="INV-1", items=items)
    await psa.mark_billed(billed)
    await salesforce.org.update("pse__Timecard_Header__c", kept, {"Tollway_Invoice_Number__c": "INV-2"})
    await salesforce.org.send("DELETE", f"{salesforce.org.root}/sobjects/pse__Timecard_Header__c/{gone}", "timecard")
    for _ in range(2):
        await psa.unmark_billed(billed)
        assert await psa.find_billed("INV-1") is None
        left = {item.id: item.invoice_number for item in (await psa.project_work(project.number)).items}
        assert left == {items[1].id: "INV-2", items[2].id: ""}
    row = await salesforce.org.first(select(_Marks, "pse__Milestone__c"), _Marks, "pse__Milestone__c")
    assert row == _Marks(pse__Billed__c=False, pse__Invoiced__c=False, pse__Invoice_Number__c=None)


async def test_what_another_invoice_carries_is_not_billed_twice(psa, project, work):
    """Nothing is marked when some of it is on another invoice, which the refusal names."""
    await work()
    await work(Name="TCH-2", Tollway_Invoice_Number__c="INV-1")
    items = (await psa.project_work(project.number)).items
    with pytest.raises(Rejected) as caught:
        await psa.mark_billed(BilledItems(invoice_number="INV-2", items=items))
    assert caught.value.category == "already_billed"
    assert "TCH-2 (invoice INV-1)" in caught.value.detail
    assert await psa.find_billed("INV-2") is None


async def test_a_lost_answer_is_unknown_and_the_marks_are_found(salesforce, psa, project, work):
    """When the answer to marking is lost, reading back by the invoice finds what was marked."""
    await work()
    items = (await psa.project_work(project.number)).items
    salesforce.sandbox.set(Fault(kind="lost_after", method="PATCH", path="composite/sobjects", times=1))
    with pytest.raises(UnknownOutcome):
        await psa.mark_billed(BilledItems(invoice_number="INV-1", items=items))
    found = await psa.find_billed("INV-1")
    assert found is not None
    assert [item.id for item in found.items] == [items[0].id]


async def test_work_that_is_gone_cannot_be_marked(salesforce, psa, project, work):
    """A timecard that was deleted after it was billed is named, and so is an id that is none."""
    timecard = await work()
    items = (await psa.project_work(project.number)).items
    await salesforce.org.send("DELETE", f"{salesforce.org.root}/sobjects/pse__Timecard_Header__c/{timecard}", "")
    for broken in (items[0], msgspec.structs.replace(items[0], id="time:x' OR Id != '")):
        with pytest.raises(NotFound):
            await psa.mark_billed(BilledItems(invoice_number="INV-1", items=[broken]))


async def test_an_invoice_without_items_marks_nothing(salesforce, psa):
    """Nothing to mark is no call."""
    await psa.mark_billed(BilledItems(invoice_number="INV-1", items=[]))
    assert salesforce.calls() == []


async def test_changed_work_names_each_project_once_per_page(
    salesforce, psa, details, project, work, reach, monkeypatch
):
    """Timecards and milestones that changed in the same second are paged in one order; none is skipped."""
    other = msgspec.structs.replace(details, number="PRJ-2")
    await psa.create_project(other)
    for number in (project.number, "PRJ-2", project.number):
        await work(number=number)
    await reach()
    await work(number="PRJ-2", pse__Status__c="Saved")
    everything = await psa.work_changes(LONG_AGO)
    assert sorted(change.id for change in everything.items) == sorted([project.number, "PRJ-2"])
    monkeypatch.setattr(operations, "PAGE", 1)
    cursor, told, more = LONG_AGO, [], True
    while more:
        salesforce.calls()
        page = await psa.work_changes(cursor)
        assert salesforce.calls() == ["POST composite"]
        told += [change.id for change in page.items]
        cursor, more = page.cursor, page.more
    assert sorted(told) == sorted([project.number] * 3 + ["PRJ-2"])
    assert (await psa.work_changes(cursor)).items == []


async def test_a_busy_org_throttles_marking_without_a_trace(salesforce, psa, project, work):
    """The daily limit stops marking before anything happened."""
    await work()
    items = (await psa.project_work(project.number)).items
    salesforce.sandbox.set(Fault(kind="throttle", path="/services/data"))
    with pytest.raises(Throttled):
        await psa.mark_billed(BilledItems(invoice_number="INV-1", items=items))
    salesforce.sandbox.set()
    assert await psa.find_billed("INV-1") is None


async def test_a_plan_without_rates_prices_nothing(psa, project, work):
    """A rate card that lacks the role gives no price."""
    await psa.set_plan(ProjectPlan(project_number=project.number, tasks=["Build"]))
    await work(pse__Bill_Rate__c=None)
    with pytest.raises(Rejected):
        await psa.project_work(project.number)


class _Marks(msgspec.Struct):
    pse__Billed__c: bool  # noqa: N815
    pse__Invoiced__c: bool  # noqa: N815
    pse__Invoice_Number__c: str | None  # noqa: N815
