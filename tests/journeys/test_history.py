"""Someone in finance finds out where a figure came from and what happened to a deal, by the operations API alone."""

import pytest

from tollway.canonical.lineage import Lineage
from tollway.canonical.process import ProcessState
from tollway.canonical.timeline import EntryKind, Timeline
from tollway.problems import NotFound

pytestmark = pytest.mark.asyncio(loop_scope="module")
OBJECTS = ("project", "project_plan", "billing_plan", "revenue_schedule", "project_billing")


async def test_a_billed_deal_can_be_followed_back(shared_firm):
    """Every written field says where it came from, an invoice's amount leads to its hours and rate, and all of it is on
    the timeline in order, page by page."""
    firm = shared_firm
    deal = firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    run = await firm.bill(number)
    await firm.finished(run.process_id)
    invoice = (await firm.billed(deal_id)).statement.invoices[0]
    await firm.finished(f"collections:{number}:posted:{invoice.reference}")

    await everything_has_an_origin(firm, deal_id, number, invoice)
    told = await whole_timeline(firm, deal_id)
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)
    assert {entry.kind for entry in told} >= {
        EntryKind.CALL, EntryKind.NOTICE, EntryKind.PROCESS, EntryKind.STEP, EntryKind.EFFECT, EntryKind.EVENT,
    }  # fmt: skip
    written = {(entry.object_type, entry.system) for entry in told if entry.kind is EntryKind.EFFECT}
    assert {("customer", "erp"), ("project", "psa"), ("invoice", "erp"), ("deal_billing", "crm")} <= written
    story = await firm.desk.get(f"/operations/v1/processes/{run.process_id}", ProcessState)
    assert story.deal_id == deal_id
    assert {entry.object_type for entry in story.timeline if entry.kind is EntryKind.EFFECT} == {
        "invoice", "billed_items",
    }  # fmt: skip
    assert any("runBilling" in entry.words for entry in story.timeline if entry.kind is EntryKind.CALL)


async def everything_has_an_origin(firm, deal_id, number, invoice) -> None:
    objects = [(kind, number) for kind in OBJECTS]
    objects += [("deal_status", deal_id), ("deal_billing", deal_id), ("billed_items", invoice.number)]
    for kind, name in [*objects, ("invoice", invoice.number)]:
        lineage = await firm.desk.get(f"/operations/v1/lineage/{kind}/{name}", Lineage)
        for writing in lineage.writings:
            assert (writing.deal_id, bool(writing.step)) == (deal_id, True), writing.effect
            for field in writing.fields:
                assert field.origins or field.how, f"{writing.effect} {field.path}"
                assert all(origin.id for origin in field.origins if origin.system != "tollway"), field
    path = f"/operations/v1/lineage/invoice/{invoice.reference}?field=lines/0/amount"
    (field,) = (await firm.desk.get(path, Lineage)).writings[0].fields
    assert field.value == "900.00 USD"
    assert {(origin.system, origin.value) for origin in field.origins} == {
        ("psa", "6.0"), ("psa", "150.00 USD"), ("crm", "150.00 USD"),
    }  # fmt: skip


async def whole_timeline(firm, deal_id) -> list:
    entries, cursor = [], ""
    while True:
        path = f"/operations/v1/deals/{deal_id}/timeline?limit=7" + (f"&cursor={cursor}" if cursor else "")
        page = await firm.desk.get(path.replace("+", "%2B"), Timeline)
        entries += page.items
        if not page.cursor:
            return entries
        assert len(page.items) == 7
        cursor = page.cursor


async def test_a_stuck_deal_tells_why(shared_firm):
    """The timeline of a deal that is parked has its case, who did what about it, and the call by which they did."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal(tax_registration=""))
    case = await firm.case(deal_id)
    await firm.cancel(case)
    told = await whole_timeline(firm, deal_id)
    mine = [entry for entry in told if entry.case_id == case.id]
    assert "no tax registration" in mine[0].words
    assert "operations-desk" in {entry.by for entry in mine}
    assert any("cancelCase" in entry.words for entry in told if entry.kind is EntryKind.CALL)


async def test_what_nobody_knows_is_not_found(shared_firm):
    """A deal that nothing happened to and an object that was never written are not found."""
    for path in ("deals/006000000000000/timeline", "lineage/invoice/nothing", "lineage/nothing/x"):
        with pytest.raises(NotFound):
            await shared_firm.desk.get(f"/operations/v1/{path}", Timeline)
