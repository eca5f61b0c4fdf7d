"""Deals and invoices that are given up, wherever they are: nothing stays active, nothing is billed twice or lost."""

import asyncio

import pytest
from msgspec.structs import replace

from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.invoice import CreditOrder, Invoice, InvoiceStatus
from tollway.canonical.process import (
    CancellationOrder,
    ProcessDetail,
    ProcessPage,
    ProcessReplay,
    ProcessState,
    ProcessStatus,
)
from tollway.canonical.statement import Accepted
from tollway.problems import Conflict, Forbidden
from tollway.sandboxes import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")
WRONG = CancellationOrder(reason="Entered twice.")
AGAIN = ProcessReplay(from_step=2, reason="To be sure.")
LONG = 20_000
"""Milliseconds that a platform would take over what it is about when somebody gives up: it goes on after that."""
PROJECT, JOB, PLAN = "/sobjects/pse__Proj__c/", "/record/v1/job/eid", "/record/v1/customrecord_tollway_billing_plan/eid"
AT_WORK = {
    "customer": ("netsuite", "/record/v1/customer/eid", "customer-onboarding"),
    "project in the PSA": ("salesforce", PROJECT, "project-activation"),
    "project in the ERP": ("netsuite", JOB, "project-activation"),
    "billing plan": ("netsuite", PLAN, "project-activation"),
    "deal status": ("salesforce", "/sobjects/Opportunity/", "project-activation"),
}
"""What is being written: where, by which calls, for which process."""


async def look_at(firm, process_id: str) -> ProcessState | None:
    page = await firm.desk.get(f"/operations/v1/processes?limit=1000&subject={process_id.split(':')[1]}", ProcessPage)
    found = [item for item in page.items if item.process_id == process_id]
    return await firm.desk.get(f"/operations/v1/processes/{process_id}", ProcessState) if found else None


async def give_up(firm, process_id: str) -> ProcessState:
    return await firm.desk.post(f"/operations/v1/processes/{process_id}/cancellation", ProcessState, WRONG)


async def under_way(firm, platform: str, path: str) -> None:
    """Wait until the platform is about a call."""

    async def look() -> bool | None:
        calls = getattr(firm, platform).calls
        return any(path in call and not call.startswith("GET") for call in calls) or None

    await firm.until(f"a call of {path}", look, leisure=0.1)


async def came_to_its_end(firm) -> None:
    """Wait until the platforms are about nothing any more, and whatever would come after that had its time."""

    async def look() -> bool | None:
        return (firm.salesforce.running, firm.netsuite.running) == (0, 0) or None

    await firm.until("the platforms to be done", look, leisure=0.1)
    await asyncio.sleep(1.5)


async def standing(firm, deal_id: str) -> tuple[list[str], list[str], list[str]]:
    """The deal's project as PSA and ERP have it, where it is active, and what the deal says."""
    project = f"PRJ-{deal_id}"
    psa = await firm.rows(f"SELECT pse__Stage__c FROM pse__Proj__c WHERE Tollway_External_Id__c = '{project}'")
    job = f"SELECT entitystatus AS value FROM job WHERE custentity_tollway_project_number = '{project}'"
    said = await firm.rows(f"SELECT Tollway_Project_Status__c FROM Opportunity WHERE Id = '{deal_id}'")
    return (
        [row["pse__Stage__c"] for row in psa if row["pse__Stage__c"] != "Canceled"],
        [status for status in await firm.column(job) if status != "1"],
        [row["Tollway_Project_Status__c"] for row in said if row["Tollway_Project_Status__c"] == "Active"],
    )


@pytest.mark.parametrize("what", AT_WORK)
async def test_a_deal_that_is_given_up_leaves_nothing_active(shared_firm, what):
    """Whatever is being written when the deal is given up, nothing of it stays active, and nobody is bothered."""
    firm, (platform, path, process) = shared_firm, AT_WORK[what]
    deal_id = await firm.sell_unannounced(firm.new_deal())
    sandbox = getattr(firm, platform)
    sandbox.calls.clear()
    sandbox.set(Fault(kind="delay", path=path, method="PUT|PATCH", times=1, delay_ms=LONG))
    await under_way(firm, platform, path)
    assert (await give_up(firm, f"{process}:{deal_id}")).status is ProcessStatus.CANCELLED
    sandbox.set()
    if process == "project-activation":
        await firm.finished(f"activation-cancellation:{deal_id}")
        assert (await firm.overview(deal_id)).stage == "cancelled"
    await came_to_its_end(firm)
    assert await standing(firm, deal_id) == ([], [], [])
    assert await firm.cases(subject=deal_id) == []
    assert (await look_at(firm, f"{process}:{deal_id}")).status is ProcessStatus.CANCELLED


async def test_an_active_deal_is_taken_back_until_it_is_billed(shared_firm):
    """A finished activation is undone as well; once work of it is billed the answer says to credit that first."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await firm.finished((await firm.bill(number)).process_id)
    with pytest.raises(Conflict, match=r"has been billed \(INV\d+\): credit its invoices first"):
        await give_up(firm, f"project-activation:{deal_id}")
    await firm.active(deal_id)
    credit = await firm.accounting.post(f"/finance/v2/invoices/{number}-001/credit", Accepted, CreditOrder())
    await firm.finished(credit.process_id)
    await give_up(firm, f"project-activation:{deal_id}")
    await firm.finished(f"activation-cancellation:{deal_id}")
    assert await standing(firm, deal_id) == ([], [], [])
    with pytest.raises(Conflict, match="is undone: it cannot run again"):
        await firm.desk.post(f"/operations/v1/processes/project-activation:{deal_id}/replay", ProcessState, AGAIN)


async def test_a_replay_repeats_no_effect(shared_firm):
    """A finished activation is looked into step by step and runs again from its second; no platform is written to."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal())
    await firm.active(deal_id)
    process = f"/operations/v1/processes/project-activation:{deal_id}"
    await firm.finished(f"project-activation:{deal_id}")
    before = await firm.desk.get(f"{process}/steps", ProcessDetail)
    assert [step.name for step in before.steps][:2] == ["current_contract", "create_psa_project"]
    assert deal_id in before.argument
    assert all(step.output and not step.error for step in before.steps)
    for sandbox in (firm.netsuite, firm.salesforce):
        sandbox.calls.clear()
    await firm.desk.post(f"{process}/replay", ProcessState, AGAIN)
    await firm.finished(f"project-activation:{deal_id}")
    calls = [call for sandbox in (firm.netsuite, firm.salesforce) for call in sandbox.calls]
    assert [call for call in calls if f"PRJ-{deal_id}" in call and not call.startswith("GET")] == []
    assert await firm.held(deal_id) == firm.set_up
    after = await firm.desk.get(f"{process}/steps", ProcessDetail)
    assert [step.name for step in after.steps] == [step.name for step in before.steps]
    assert after.steps[0] == before.steps[0]
    assert after.steps[1].ended_at > before.steps[1].ended_at


async def test_processes_are_the_matter_of_those_who_own_them(shared_firm):
    """Finance sees every process and cancels billing runs, but no activation."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal())
    for process in ("customer-onboarding", "project-activation"):
        await firm.finished(f"{process}:{deal_id}")
    cancellation = f"/operations/v1/processes/project-activation:{deal_id}/cancellation"
    with pytest.raises(Forbidden, match="operations:delivery"):
        await firm.finance_desk.post(cancellation, ProcessState, WRONG)
    page = await firm.finance_desk.get(f"/operations/v1/processes?subject={deal_id}&status=finished", ProcessPage)
    assert {item.process for item in page.items} == {"customer-onboarding", "project-activation"}
    first = await firm.finance_desk.get("/operations/v1/processes?limit=1&since=2020-01-01T00:00:00Z", ProcessPage)
    second = await firm.finance_desk.get(f"/operations/v1/processes?limit=1&cursor={first.cursor}", ProcessPage)
    assert first.items[0].created_at >= second.items[0].created_at
    assert first.items != second.items


async def credit_notes(firm, number: str) -> list[str]:
    """What credit notes NetSuite has of a project."""
    return await firm.column(
        f"SELECT id AS value FROM transaction WHERE type = 'CustCred' AND custbody_tollway_project = '{number}'"
    )


async def billed(firm, deal, number: str) -> Invoice:
    await firm.people.work(deal, number)
    await firm.finished((await firm.bill(number)).process_id)
    return await firm.accounting.get(f"/finance/v2/invoices/{number}-001", Invoice)


@pytest.mark.parametrize("kind", ["lost_after", "none"])
async def test_a_posted_invoice_is_credited_once(shared_firm, kind):
    """Whatever becomes of the answer, there is one credit note; the work counts as unbilled and is billed once more."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    invoice = await billed(firm, deal, number)
    if kind != "none":
        firm.netsuite.set(Fault(kind=kind, path="!transform/creditMemo", method="POST", times=1))
    path, order = f"/finance/v2/invoices/{number}-001/credit", CreditOrder(reason="The purchase order was another one.")
    accepted = await firm.accounting.post(path, Accepted, order)
    await firm.finished(accepted.process_id)
    assert (await firm.accounting.post(path, Accepted, order)) == accepted
    assert len(await credit_notes(firm, number)) == 1
    credited = await firm.accounting.get(f"/finance/v2/invoices/{number}-001", Invoice)
    assert credited == replace(invoice, status=InvoiceStatus.CANCELLED, changed_at=credited.changed_at)
    statement = (await firm.overview(deal_id)).statement
    assert (str(statement.billed.amount), str(statement.unbilled.amount)) == ("0.00", "900.00")
    cards = f"WHERE pse__Project__r.Tollway_External_Id__c = '{number}'"
    fields = "Tollway_Invoice_Number__c, pse__Billed__c"
    (card,) = await firm.rows(f"SELECT {fields} FROM pse__Timecard_Header__c {cards}")
    assert (card["Tollway_Invoice_Number__c"], card["pse__Billed__c"]) == (None, False)
    await said(firm, deal_id, "Not billed")
    await firm.finished((await firm.bill(number, "again")).process_id)
    statement = (await firm.overview(deal_id)).statement
    assert [(one.reference, one.status) for one in statement.invoices] == [
        (f"{number}-001", InvoiceStatus.CANCELLED),
        (f"{number}-002", InvoiceStatus.OPEN),
    ]
    assert str(statement.billed.amount) == "900.00"
    assert len(await credit_notes(firm, number)) == 1


async def test_a_run_whose_invoice_was_credited_does_not_go_on(shared_firm):
    """Credited while its run waits for the PSA, an invoice is the run's last: its case is closed and not retried."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    firm.salesforce.set(Fault(kind="error", path="/composite/sobjects", method="PATCH", status=403))
    run = await firm.bill(number)
    case = await firm.case(number)
    firm.salesforce.set()
    credit = await firm.accounting.post(f"/finance/v2/invoices/{number}-001/credit", Accepted, CreditOrder())
    await firm.finished(credit.process_id)
    assert (await firm.desk.get(f"/operations/v1/cases/{case.id}", Case)).status is CaseStatus.CANCELLED
    with pytest.raises(Conflict, match="cancelled, not open"):
        await firm.desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
    assert (await look_at(firm, run.process_id)).status is ProcessStatus.CANCELLED
    statement = (await firm.overview(deal_id)).statement
    assert [(one.reference[-3:], one.status) for one in statement.invoices] == [("001", InvoiceStatus.CANCELLED)]


async def said(firm, deal_id: str, status: str) -> None:
    """Wait until the account team reads how billing stands."""

    async def look() -> bool | None:
        rows = await firm.rows(f"SELECT Tollway_Billing_Status__c FROM Opportunity WHERE Id = '{deal_id}'")
        return rows[0]["Tollway_Billing_Status__c"] == status or None

    await firm.until(f"deal {deal_id} to say {status}", look)


async def polled_to_the_end(firm, number: str) -> None:
    """Wait until every billing run of a project has finished."""
    polled = await firm.desk.get(f"/operations/v1/processes?process=invoice-generation&subject={number}", ProcessPage)
    for item in polled.items:
        await firm.finished(item.process_id)


async def test_a_credited_milestone_waits_for_a_billing_run(shared_firm):
    """A milestone that was credited is not billed again by itself, which nobody wants, but when finance asks for it."""
    firm = shared_firm
    deal = firm.new_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await firm.billed(deal_id)
    await polled_to_the_end(firm, number)  # a run that is credited before its end is given up
    credit = await firm.accounting.post(f"/finance/v2/invoices/{number}-001/credit", Accepted, CreditOrder())
    await firm.finished(credit.process_id)
    await said(firm, deal_id, "Not billed")
    await asyncio.sleep(1)  # the poller has seen by then that the milestone changed
    await polled_to_the_end(firm, number)
    assert len((await firm.overview(deal_id)).statement.invoices) == 1
    await firm.finished((await firm.bill(number)).process_id)
    invoices = (await firm.overview(deal_id)).statement.invoices
    assert [(one.reference[-3:], one.status) for one in invoices] == [
        ("001", InvoiceStatus.CANCELLED),
        ("002", InvoiceStatus.OPEN),
    ]


async def test_a_paid_invoice_is_left_to_finance(shared_firm):
    """Of an invoice that was paid nobody makes a credit note by a button: the answer says where to decide."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    invoice = await billed(firm, deal, number)
    await firm.finance.receive_payment(invoice)
    with pytest.raises(Conflict, match="is paid: credit it in the ERP"):
        await firm.accounting.post(f"/finance/v2/invoices/{number}-001/credit", Accepted, CreditOrder())
    assert await credit_notes(firm, number) == []
