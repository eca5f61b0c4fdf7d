"""Trouble in PSA and ERP: closed projects, double approvals, customers held or known twice, refusals for good."""

import datetime as dt

import pytest

from system_apis.erp.netsuite.models import Body
from tollway.canonical.case import Category, OwnerRole
from tollway.canonical.invoice import Invoice
from tollway.sandboxes import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPEN = {"pse__Closed_for_Time_Entry__c": False}
CLOSED = {"pse__Closed_for_Time_Entry__c": True}


class PeriodBody(Body, frozen=True, kw_only=True):
    """An accounting period as the controller opens and closes it."""

    closed: bool


async def _psa_project(firm, number: str) -> str:
    rows = await firm.rows(f"SELECT Id FROM pse__Proj__c WHERE Tollway_External_Id__c = '{number}'")
    return rows[0]["Id"]


async def _timecards(firm, number: str) -> list[dict[str, str]]:
    where = f"pse__Project__r.Tollway_External_Id__c = '{number}'"
    return await firm.rows(f"SELECT Id, Tollway_Invoice_Number__c FROM pse__Timecard_Header__c WHERE {where}")


async def test_approved_time_on_a_closed_project_waits_for_delivery(shared_firm):
    """Approved time on a closed project is not billed behind delivery's back, and is billed once it is reopened."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await firm.org.update("pse__Proj__c", await _psa_project(firm, number), CLOSED)
    await firm.bill(number)
    case = await firm.case(number)
    assert (case.owner_role, case.category) == (OwnerRole.DELIVERY, Category.PROJECT_CLOSED)
    assert "900.00 USD" in case.summary
    assert (await firm.overview(deal_id)).open_cases == [case]
    assert (await firm.held(deal_id)).invoices == 0
    await firm.org.update("pse__Proj__c", await _psa_project(firm, number), OPEN)
    await firm.retry(case)
    statement = (await firm.billed(deal_id)).statement
    assert str(statement.billed.amount) == "900.00"
    assert (await firm.held(deal_id)).billed_items == 1


async def _set_period(firm, body: PeriodBody) -> None:
    """Open or close the books of the month."""
    this = f"TO_CHAR(startdate, 'YYYY-MM') = '{dt.datetime.now(dt.UTC):%Y-%m}'"
    (period,) = await firm.column(f"SELECT id AS value FROM accountingperiod WHERE {this}")
    await firm.erp.change("accountingPeriod", period, body, "an accounting period")


async def test_an_invoice_in_a_closed_period_waits_for_finance(shared_firm):
    """While the books of the invoice's date are closed nothing is billed; reopened, a retry bills it once."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await _set_period(firm, PeriodBody(closed=True))
    await firm.bill(number)
    case = await firm.case(number)
    assert (case.owner_role, case.category) == (OwnerRole.FINANCE_OPERATIONS, Category.CLOSED_PERIOD)
    assert f"No accounting period of NetSuite is open on {dt.datetime.now(dt.UTC).date()}" in case.summary
    assert (await firm.held(deal_id)).invoices == 0
    await _set_period(firm, PeriodBody(closed=False))
    await firm.retry(case)
    await firm.billed(deal_id)
    assert (await firm.held(deal_id)).billed_items == 1


async def test_a_timecard_approved_twice_is_billed_once(shared_firm):
    """A timecard that is approved, rejected, approved again and saved once more is on one invoice line."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    timecard = (await _timecards(firm, number))[0]["Id"]
    for status in ("Rejected", "Approved", "Approved"):
        await firm.org.update("pse__Timecard_Header__c", timecard, {"pse__Status__c": status})
    first = await firm.bill(number, "first")
    await firm.finished(first.process_id)
    await firm.org.update("pse__Timecard_Header__c", timecard, {"pse__Status__c": "Approved"})
    await firm.bill(number, "first")
    again = await firm.bill(number, "second")
    await firm.finished(again.process_id)
    held = await firm.held(deal_id)
    assert (held.invoices, held.billed_items) == (1, 1)
    invoice = (await firm.overview(deal_id)).statement.invoices[0]
    assert [card["Tollway_Invoice_Number__c"] for card in await _timecards(firm, number)] == [invoice.number]
    assert await firm.accounting.get(f"/finance/v2/invoices/{number}-001", Invoice) == invoice


async def test_later_work_goes_on_an_invoice_of_its_own(shared_firm):
    """Time approved after a billing run is billed by the next run, and nothing of the first one is."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    for run in ("first", "second"):
        await firm.people.work(deal, number)
        await firm.finished((await firm.bill(number, run)).process_id)
    statement = (await firm.billed(deal_id, invoices=2)).statement
    assert [str(invoice.net.amount) for invoice in statement.invoices] == ["900.00", "900.00"]
    assert (await firm.held(deal_id)).billed_items == 2


async def test_a_credit_hold_waits_for_finance(shared_firm):
    """Nothing is set up for a customer whom finance has put on hold, until finance lets it go."""
    firm, deal = shared_firm, shared_firm.new_deal()
    await firm.know_customer(deal, "HELD", hold="ON")
    deal_id = await firm.sell(deal)
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.FINANCE_OPERATIONS, Category.CREDIT_HOLD)
    assert "HELD holdings" in case.summary
    assert await firm.held(deal_id) == firm.nothing
    await firm.know_customer(deal, "HELD", hold="OFF")
    await firm.retry(case)
    assert (await firm.active(deal_id)).customer_number
    assert await firm.held(deal_id) == firm.set_up


async def test_two_customers_with_one_tax_number_wait_for_finance(shared_firm):
    """Which of two ERP customers an account is, finance decides; none is picked and no third one is made."""
    firm, deal = shared_firm, shared_firm.new_deal()
    await firm.know_customer(deal, "TWIN-1")
    await firm.know_customer(deal, "TWIN-2")
    deal_id = await firm.sell(deal)
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.FINANCE_OPERATIONS, Category.CUSTOMER_MASTER_CONFLICT)
    assert "TWIN-1 holdings" in case.summary
    assert "TWIN-2 holdings" in case.summary
    assert await firm.held(deal_id) == firm.nothing
    other = firm.new_deal()
    await firm.know_customer(other, "TWIN-2")
    await firm.retry(case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up


PLAN = Fault(kind="error", path="customrecord_tollway_billing_plan", method="PUT", status=403)


async def test_a_refusal_for_good_is_taken_back(shared_firm):
    """When NetSuite refuses the billing plan after projects were made, cancelling closes them and tells the CRM."""
    firm = shared_firm
    firm.netsuite.set(PLAN)
    deal_id = await firm.sell(firm.new_deal())
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.INTEGRATION, Category.PLATFORM_REFUSED)
    assert (await firm.overview(deal_id)).stage == "activating"
    assert await firm.held(deal_id) == firm.set_up
    await firm.cancel(case)
    await firm.finished(f"activation-cancellation:{deal_id}")
    project = f"PRJ-{deal_id}"
    said = await firm.rows(f"SELECT Tollway_Project_Status__c FROM Opportunity WHERE Id = '{deal_id}'")
    psa = await firm.rows(f"SELECT pse__Stage__c FROM pse__Proj__c WHERE Tollway_External_Id__c = '{project}'")
    assert said[0]["Tollway_Project_Status__c"] == "Cancelled"
    assert psa[0]["pse__Stage__c"] == "Canceled"
    job = f"SELECT entitystatus AS value FROM job WHERE custentity_tollway_project_number = '{project}'"
    assert await firm.column(job) == ["1"]
    assert (await firm.overview(deal_id)).stage == "cancelled"
    assert await firm.cases(subject=deal_id) == []


async def test_a_refusal_that_ends_is_retried(shared_firm):
    """When the refusal's cause is mended, a retry finishes the same activation without making anything twice."""
    firm = shared_firm
    firm.netsuite.set(PLAN)
    deal_id = await firm.sell(firm.new_deal())
    case = await firm.case(deal_id)
    firm.netsuite.set()
    await firm.retry(case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up
    plan = await firm.column(
        "SELECT custrecord_tollway_bp_amount AS value FROM customrecord_tollway_billing_plan p "
        f"JOIN job j ON j.id = p.custrecord_tollway_bp_job WHERE j.custentity_tollway_project_number = 'PRJ-{deal_id}'"
    )
    assert sorted(map(float, plan)) == [500.5, 1000.0]
