"""Someone in finance, given only the operations API, finds out why a deal is stuck, mends it and sees it go through."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from tollway.canonical.case import Case, CaseStatus, Category, OwnerRole, Severity
from tollway.canonical.casework import (
    BulkAction,
    BulkOrder,
    BulkResult,
    CaseAction,
    CaseFile,
    CaseFilter,
    DeskCount,
    Edit,
    EditAndRetry,
    MergeCustomers,
)
from tollway.case_settings import CaseSettings, RoutingRule
from tollway.cases.rows import BY_ITSELF
from tollway.problems import Conflict, Forbidden, Invalid
from tollway.settings import load

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"

FINANCE = CaseSettings(
    routing=[
        RoutingRule(
            category=Category.MISSING_TAX_REGISTRATION,
            legal_entity="NWC-US",
            role=OwnerRole.FINANCE_OPERATIONS,
            severity=Severity.HIGH,
        )
    ]
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firm(make_variables, open_firm, tmp_path_factory) -> AsyncIterator:
    """A firm where finance looks after tax registrations of its US entity."""
    settings = load(CONFIGURATION, make_variables(tmp_path_factory.mktemp("firm")))
    async with open_firm(replace(settings, cases=FINANCE)) as opened:
        yield opened


async def mine(firm, subject: str) -> Case:
    """What finance finds on its own desk about a deal."""

    async def look() -> Case | None:
        found = await firm.finance_desk.get(f"/operations/v1/cases?mine=true&status=open&subject={subject}", list[Case])
        return found[0] if found else None

    return await firm.until(f"a case of finance's about {subject}", look)


async def file(firm, case: Case) -> CaseFile:
    return await firm.finance_desk.get(f"/operations/v1/cases/{case.id}/file", CaseFile)


async def waiting(firm, case: Case) -> CaseFile:
    """The file once somebody may act: a deal found by the poller too is tried again by itself for a moment."""

    async def look() -> CaseFile | None:
        found = await file(firm, case)
        return found if found.actions else None

    return await firm.until(f"{case.id} to wait for somebody", look)


async def resolved(firm, case: Case) -> None:
    """Wait until finance sees that the process went through and its case is closed."""

    async def look() -> bool | None:
        now = await firm.finance_desk.get(f"/operations/v1/cases/{case.id}", Case)
        return True if now.status is CaseStatus.RESOLVED else None

    await firm.until(f"{case.id} to be resolved", look)
    await firm.finished(case.process_id)


async def done(firm, act: Callable[[], Awaitable[Case]]) -> None:
    """Act on a case; one that is tried again by itself, as its deal was found by polling too, is open soon after."""

    async def taken() -> Case | None:
        with contextlib.suppress(Conflict):
            return await act()
        return None

    await firm.until("the case to be open", taken)


async def test_finance_mends_a_deal_by_an_edit(firm):
    """Why the deal is stuck, what may be edited and what came of it is all on the desk; the CRM stays as it is."""
    deal_id = await firm.sell(firm.new_deal(tax_registration=""))
    case = await mine(firm, deal_id)
    assert (case.category, case.severity) == (Category.MISSING_TAX_REGISTRATION, Severity.HIGH)
    assert (case.legal_entity, str(case.amount.amount)) == ("NWC-US", "1500.50")
    before = await waiting(firm, case)
    assert {CaseAction.EDIT_AND_RETRY, CaseAction.RETRY, CaseAction.CANCEL} == set(before.actions)
    assert [finding.field for finding in case.findings] == ["account.tax_registration"]
    assert case.findings[0].field in before.editable
    edits = f"/operations/v1/cases/{case.id}/edits"
    wrong = EditAndRetry(edits=[Edit(field="value.amount", value="1")])
    with pytest.raises(Invalid) as refused:
        await done(firm, lambda: firm.finance_desk.post(edits, Case, wrong))
    assert refused.value.violations[0].pointer == "/edits/0/field"
    assert await firm.held(deal_id) == firm.nothing
    mend = EditAndRetry(edits=[Edit(field="account.tax_registration", value="91-7654321")], reason="From the contract.")
    await done(firm, lambda: firm.finance_desk.post(edits, Case, mend))
    await resolved(firm, case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up
    after = await file(firm, case)
    by_itself = ("retried", "halted again")  # as the poller finds the deal too
    did = [event.did for event in after.history if event.by != BY_ITSELF or event.did not in by_itself]
    assert did == ["opened", "edited", "retried", "resolved"]
    assert [edit.edits for edit in after.edits] == [mend.edits]
    assert any(effect.effect.startswith("customer:NWC-US:") for effect in after.effects)
    assert any("91-7654321" in effect.sent for effect in after.effects)
    account = await firm.rows(f"SELECT Account.Tollway_Tax_Registration__c FROM Opportunity WHERE Id = '{deal_id}'")
    assert account[0]["Account"]["Tollway_Tax_Registration__c"] in (None, "")


async def test_an_edit_is_dropped_when_the_deal_changes(firm):
    """Edits hold for the deal they were made for: changed in the CRM since, the deal counts as it is there."""
    deal_id = await firm.sell(firm.new_deal(tax_registration=""))
    case = await mine(firm, deal_id)
    edits = [Edit(field="account.tax_registration", value="92-7654321"), Edit(field="start", value="2001-01-01")]
    path, wrong = f"/operations/v1/cases/{case.id}/edits", EditAndRetry(edits=edits)
    with pytest.raises(Invalid):  # the start is nothing that this case finds wrong
        await done(firm, lambda: firm.finance_desk.post(path, Case, wrong))
    await firm.know_customer(firm.new_deal(tax_registration="92-7654321"), "HELD", hold="ON")
    mend = EditAndRetry(edits=edits[:1])
    await done(firm, lambda: firm.finance_desk.post(path, Case, mend))

    async def held_now() -> Case | None:
        now = await mine(firm, deal_id)
        return now if now.category is Category.CREDIT_HOLD else None

    await firm.until("the edited deal to be held", held_now)
    await firm.org.update("Opportunity", deal_id, {"Tollway_Payment_Terms__c": "Net 60"})

    async def missing_again() -> Case | None:
        now = await mine(firm, deal_id)
        return now if now.category is Category.MISSING_TAX_REGISTRATION else None

    await firm.until("the changed deal to miss its tax registration", missing_again)
    dropped = await file(firm, case)
    assert "edits dropped" in [event.did for event in dropped.history]
    assert dropped.edits[0].voided_at is not None
    assert await firm.held(deal_id) == firm.nothing


async def test_finance_says_which_of_two_customers_stays(firm):
    """Of two ERP customers that the account could be finance chooses one; it is linked, and no third one is made."""
    deal = firm.new_deal()
    await firm.know_customer(deal, "TWIN-1")
    await firm.know_customer(deal, "TWIN-2")
    deal_id = await firm.sell(deal)
    case = await mine(firm, deal_id)
    assert CaseAction.MERGE in (await waiting(firm, case)).actions
    merge = f"/operations/v1/cases/{case.id}/merge"
    with pytest.raises(Invalid, match="TWIN-1 holdings"):
        await done(firm, lambda: firm.finance_desk.post(merge, Case, MergeCustomers(customer="NOBODY")))
    twin = (await firm.column("SELECT id AS value FROM customer WHERE companyname = 'TWIN-2 holdings'"))[0]
    await done(firm, lambda: firm.finance_desk.post(merge, Case, MergeCustomers(customer=twin)))
    await resolved(firm, case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up
    linked = "companyname = 'TWIN-2 holdings' AND custentity_tollway_account_id IS NOT NULL"
    assert await firm.column(f"SELECT id AS value FROM customer WHERE {linked}") == [twin]


async def test_finance_leaves_what_is_others(firm):
    """What is on sales operations' desk finance sees, but does not act on, neither singly nor in bulk."""
    deal_id = await firm.sell(firm.new_deal(payment_terms="Net 500"))
    case = await firm.case(deal_id)
    assert case.owner_role is OwnerRole.SALES_OPERATIONS
    with pytest.raises(Forbidden, match="operations:sales_operations"):
        await firm.finance_desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
    order = BulkOrder(filter=CaseFilter(subject=deal_id), action=BulkAction.CANCEL, dry_run=False)
    assert (await firm.finance_desk.post("/operations/v1/bulk-actions", BulkResult, order)).items == []

    async def counted() -> bool | None:
        counts = await firm.finance_desk.get("/operations/v1/desks", list[DeskCount])
        return [count.waiting for count in counts if count.category is Category.INCOMPLETE_DEAL] == [1] or None

    async def acted(what: BulkOrder, *, done: bool) -> bool | None:
        items = (await firm.desk.post("/operations/v1/bulk-actions", BulkResult, what)).items
        return [(item.case_id, item.done) for item in items] == [(case.id, done)] or None

    await firm.until("the case to be counted on its desk", counted)
    await firm.until("the bulk action to be tried", lambda: acted(replace(order, dry_run=True), done=False))
    assert (await firm.case(deal_id)).id == case.id
    await firm.until("the bulk action to be carried out", lambda: acted(order, done=True))
    assert await firm.cases(subject=deal_id) == []
