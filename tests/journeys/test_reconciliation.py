"""What systems disagree about is found, exactly that, and mended by rule or by a person."""

import asyncio
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from system_apis.erp.netsuite.models import Body, InvoiceBody, ItemLine, ItemLines, JobBody, Ref
from tollway.canonical.case import Case, CaseStatus, Category
from tollway.canonical.reconciliation import (
    Drift,
    DriftKind,
    DriftPage,
    DriftStatus,
    FindingPage,
    Handling,
    Outcome,
    Reconciliation,
)
from tollway.problems import Invalid, NotFound
from tollway.settings import load

RUNS, DRIFTS = "/operations/v1/reconciliations", "/operations/v1/drifts"
TODAY = dt.datetime.now(dt.UTC).date()
LONG_AGO = TODAY - dt.timedelta(days=60)
CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
AT_ONCE = "TOLLWAY_RECONCILIATION__SETTLE_SECONDS"


class Unlinked(Body, frozen=True, kw_only=True):
    """A customer that somebody takes from its account."""

    external_id: str
    custentity_tollway_account_id: str


class Renamed(Body, frozen=True, kw_only=True):
    """A project that somebody takes its number from."""

    external_id: str
    custentity_tollway_project_number: str


class Desk:
    """The operations desk, comparing systems."""

    def __init__(self, firm: Any) -> None:
        self.firm = firm

    async def run(self, *kinds: DriftKind, dry_run: bool = False) -> tuple[Reconciliation, set[str]]:
        """A run to its end, and the drifts that it confirmed."""
        body = {"from": str(TODAY - dt.timedelta(days=90)), "to": str(TODAY), "kinds": list(kinds), "dry_run": dry_run}
        run = await self.firm.desk.post(RUNS, Reconciliation, body)
        done = await self.ended(run)
        page = await self.firm.desk.get(f"{RUNS}/{run.id}/findings", FindingPage)
        found = {one.drift_id for one in page.items if one.outcome is Outcome.CONFIRMED}
        assert (done.suspected, done.found) == (0, len(found))
        return done, found

    async def ended(self, run: Reconciliation) -> Reconciliation:
        """Wait until a run came to its end."""

        async def look() -> Reconciliation | None:
            now = await self.firm.desk.get(f"{RUNS}/{run.id}", Reconciliation)
            return now if now.finished_at else None

        return await self.firm.until(f"{run.id} to end", look)

    async def drift(self, drift_id: str) -> Drift:
        """A drift as it was seen last."""
        return await self.firm.desk.get(f"{DRIFTS}/{drift_id}", Drift)

    async def case_of(self, drift_id: str) -> Case:
        """The open case of a drift."""
        (case,) = [case for case in await self.firm.cases() if case.process_id == f"drift:{drift_id}"]
        return case


class Saboteur:
    """Somebody who changes in one system what the others know otherwise."""

    def __init__(self, firm: Any) -> None:
        self._firm = firm

    async def billed(self) -> tuple[str, str]:
        """A deal whose first milestone is billed; its id and its project's number."""
        firm, deal = self._firm, self._firm.new_deal()
        deal_id = await firm.sell(deal)
        number = (await firm.active(deal_id)).project_number
        await firm.people.work(deal, number)
        await firm.bill(number)
        await firm.until(f"{number} to be told", lambda: self.told(deal_id, number))
        return deal_id, number

    async def told(self, deal_id: str, number: str, invoiced: str = "1087.50") -> bool | None:
        """Whether CRM and PSA both say what was invoiced; both are told when a billing run has come to its end."""
        deal = f"SELECT Tollway_Invoiced_Amount__c FROM Opportunity WHERE Id = '{deal_id}'"
        project = f"SELECT Tollway_Invoiced_Amount__c FROM pse__Proj__c WHERE Tollway_External_Id__c = '{number}'"
        said = [row["Tollway_Invoiced_Amount__c"] for soql in (deal, project) for row in await self._firm.rows(soql)]
        return said == [float(invoiced)] * 2 or None

    async def some_billed(self, many: int) -> list[tuple[str, str]]:
        """Deals billed a few at a time: whoever waits for them asks the gateway again and again, and has a limit."""
        slots = asyncio.Semaphore(3)

        async def one() -> tuple[str, str]:
            async with slots:
                return await self.billed()

        return await asyncio.gather(*(one() for _ in range(many)))

    async def item(self, number: str, **values: Any) -> str:
        """Change the billed milestone; answers it."""
        ours = f"pse__Project__r.Tollway_External_Id__c = '{number}' AND Name = 'Design'"
        (row,) = await self._firm.rows(f"SELECT Id FROM pse__Milestone__c WHERE {ours}")
        await self._firm.org.update("pse__Milestone__c", row["Id"], values)
        return f"milestone:{row['Id']}"

    async def project(self, number: str, **values: Any) -> None:
        """Change the project in the PSA."""
        (row,) = await self._firm.rows(f"SELECT Id FROM pse__Proj__c WHERE Tollway_External_Id__c = '{number}'")
        await self._firm.org.update("pse__Proj__c", row["Id"], values)

    async def job(self, number: str, body: Body) -> None:
        """Change the project in the ERP."""
        (job,) = await self._firm.column(
            f"SELECT id AS value FROM job WHERE custentity_tollway_project_number = '{number}'"
        )
        await self._firm.erp.change("job", job, body, "a project")

    async def customer(self, deal_id: str, body: Body) -> str:
        """Change the deal's customer in the ERP; answers its account."""
        account = await self.account(deal_id)
        where = f"custentity_tollway_account_id = '{account}'"
        (customer,) = await self._firm.column(f"SELECT id AS value FROM customer WHERE {where}")
        await self._firm.erp.change("customer", customer, body, "a customer")
        return account

    async def account(self, deal_id: str) -> str:
        """The deal's account."""
        (row,) = await self._firm.rows(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal_id}'")
        return str(row["AccountId"])

    async def invoice(self, number: str) -> str:
        """The id of the project's invoice in the ERP."""
        where = f"type = 'CustInvc' AND custbody_tollway_project = '{number}'"
        return (await self._firm.column(f"SELECT id AS value FROM transaction WHERE {where} ORDER BY id"))[0]

    async def another_invoice(self, number: str, reference: str) -> None:
        """Somebody makes one more invoice for the project, under a reference."""
        where = f"id = {await self.invoice(number)}"
        (entity,) = await self._firm.column(f"SELECT entity AS value FROM transaction WHERE {where}")
        line = ItemLine(
            item=Ref(id="2"),
            description="once more",
            quantity=Decimal(1),
            rate=Decimal(1000),
            amount=Decimal(1000),
            custcol_tollway_source_id="",
        )
        body = InvoiceBody(
            entity=Ref(id=entity),
            subsidiary=Ref(id="2"),
            tran_date=TODAY,
            item=ItemLines(items=[line]),
            custbody_tollway_reference=reference,
            custbody_tollway_project=number,
        )
        await self._firm.erp._send("POST", "/services/rest/record/v1/invoice", "an invoice", body=body)

    async def pay(self, deal_id: str) -> None:
        """The customer pays, and nobody looks."""
        (invoice,) = (await self._firm.overview(deal_id)).statement.invoices
        await self._firm.finance.receive_payment(invoice)


async def _unlink_customer(by: Saboteur, deal_id: str, number: str) -> set[str]:
    body = Unlinked(external_id=f"LOST-{deal_id}", custentity_tollway_account_id="")
    return {f"customer_missing:NWC-US:{await by.customer(deal_id, body)}"}


async def _twin_customer(by: Saboteur, deal_id: str, number: str) -> set[str]:
    account = await by.account(deal_id)
    (row,) = await by._firm.rows(f"SELECT Tollway_Tax_Registration__c FROM Account WHERE Id = '{account}'")
    twin = by._firm.new_deal(tax_registration=row["Tollway_Tax_Registration__c"])
    await by._firm.know_customer(twin, f"TWIN-{deal_id}")
    return {f"customer_doubled:NWC-US:{account}"}


async def _register_otherwise(by: Saboteur, deal_id: str, number: str) -> set[str]:
    account = await by.account(deal_id)
    await by._firm.org.update("Account", account, {"Tollway_Tax_Registration__c": f"99-{deal_id[-8:]}"})
    return {f"customer_differs:NWC-US:{account}"}


async def _untell_project(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by._firm.org.update("Opportunity", deal_id, {"Tollway_Project_Number__c": None})
    return {f"project_not_told:{number}"}


async def _lose_psa_project(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.project(number, Tollway_External_Id__c=None)
    return {f"project_missing_in_psa:{number}"}


async def _lose_job(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.job(number, Renamed(external_id=f"LOST-{deal_id}", custentity_tollway_project_number=""))
    return {f"project_missing_in_erp:{number}"}


async def _close_job(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.job(number, JobBody(entity_status=Ref(id="1")))
    return {f"project_state_differs:{number}"}


async def _strange_project(by: Saboteur, deal_id: str, number: str) -> set[str]:
    strange = {"Name": "Strange", "Tollway_External_Id__c": "PRJ-STRANGE", "CurrencyIsoCode": "USD"}
    await by._firm.org.create("pse__Proj__c", strange)
    return {"project_unknown:PRJ-STRANGE"}


async def _leave_work(by: Saboteur, deal_id: str, number: str) -> set[str]:
    reached = {"pse__Status__c": "Approved", "pse__Approved_for_Billing__c": True}
    ours = f"pse__Project__r.Tollway_External_Id__c = '{number}' AND Name = 'Build'"
    (row,) = await by._firm.rows(f"SELECT Id FROM pse__Milestone__c WHERE {ours}")
    await by._firm.org.update("pse__Milestone__c", row["Id"], reached | {"pse__Actual_Date__c": str(LONG_AGO)})
    return {f"work_unbilled:{number}"}


async def _unmark(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.item(number, Tollway_Invoice_Number__c=None)
    return {f"work_not_marked:{number}-001"}


async def _mark_otherwise(by: Saboteur, deal_id: str, number: str) -> set[str]:
    return {f"work_marked_otherwise:{await by.item(number, Tollway_Invoice_Number__c='INV-9')}"}


async def _reprice(by: Saboteur, deal_id: str, number: str) -> set[str]:
    return {f"work_repriced:{await by.item(number, pse__Milestone_Amount__c='1000.01')}"}


async def _delete_invoice(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by._firm.erp.delete("invoice", await by.invoice(number), "an invoice")
    return {f"invoice_missing:{number}-001", f"status_not_told:{number}"}


async def _copy_invoice(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.another_invoice(number, f"{number}-001")
    return {f"invoice_doubled:{number}-001", f"status_not_told:{number}"}


async def _unknown_invoice(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.another_invoice(number, f"{number}-077")
    return {f"invoice_unknown:{number}-077", f"status_not_told:{number}"}


async def _change_invoice(by: Saboteur, deal_id: str, number: str) -> set[str]:
    item = await by.item(number)
    amount = Decimal("999.99")
    line = ItemLine(
        item=Ref(id="2"),
        description="a cent less",
        quantity=Decimal(1),
        rate=amount,
        amount=amount,
        custcol_tollway_source_id=item,
    )
    body, address = InvoiceBody(item=ItemLines(items=[line])), f"invoice/{await by.invoice(number)}?replace=item"
    await by._firm.erp._send("PATCH", f"/services/rest/record/v1/{address}", "an invoice", body=body)
    return {f"invoice_amount_differs:{number}-001", f"status_not_told:{number}"}


async def _pay(by: Saboteur, deal_id: str, number: str) -> set[str]:
    await by.pay(deal_id)
    return {f"status_not_told:{number}"}


async def _sell_behind_our_back(by: Saboteur, deal_id: str, number: str) -> set[str]:
    return {f"deal_not_onboarded:{await by._firm.sell_unannounced(by._firm.new_deal())}"}


PLANTS = (
    *(_unlink_customer, _twin_customer, _register_otherwise, _untell_project, _lose_psa_project, _lose_job),
    *(_close_job, _strange_project, _leave_work, _unmark, _mark_otherwise, _reprice, _delete_invoice, _copy_invoice),
    *(_unknown_invoice, _change_invoice, _pay, _sell_behind_our_back),
)
NOT_AT_THIS_ERP = {DriftKind.INVOICE_NOT_POSTED, DriftKind.INVOICE_CANCELLED, DriftKind.UNREADABLE}
"""The sandbox knows neither approvals nor voiding, for want of a source, and tells of all it has."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quiet_firm(tmp_path_factory, make_variables, open_firm):
    """A firm whose pollers sleep, so that nobody notices what changes, and whose second look comes at once."""
    variables = make_variables(tmp_path_factory.mktemp("quiet")) | {"TOLLWAY_POLLING__SECONDS": "3600", AT_ONCE: "0"}
    async with open_firm(load(CONFIGURATION, variables)) as opened:
        yield opened


@pytest.fixture
def desk(quiet_firm):
    return Desk(quiet_firm)


@pytest.fixture
def by(quiet_firm):
    return Saboteur(quiet_firm)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_planted_is_found_and_mended(quiet_firm, desk, by):
    """Of every kind one is planted: exactly these are found, what rules may repair is repaired, the rest are cases."""
    firm = quiet_firm
    deals = await by.some_billed(len(PLANTS))
    assert (await desk.run())[1] == set()
    planted = [await plant(by, *deal) for plant, deal in zip(PLANTS, deals, strict=True)]
    expected = set().union(*planted)
    assert {drift_id.partition(":")[0] for drift_id in expected} == set(DriftKind) - NOT_AT_THIS_ERP

    dry, found = await desk.run(dry_run=True)
    assert found == expected
    assert (dry.repaired, dry.cases) == (0, 0)
    assert await firm.cases() == []
    assert (await firm.desk.get(DRIFTS, DriftPage)).items == []

    done, found = await desk.run()
    assert found == expected
    repaired = {one for one in expected if one.partition(":")[0] in firm.settings.reconciliation.repair}
    assert (done.repaired, done.cases) == (len(repaired), len(expected - repaired))
    open_drifts = (await firm.desk.get(f"{DRIFTS}?status=open", DriftPage)).items
    assert {drift.id for drift in open_drifts if drift.handling is Handling.CASE} == expected - repaired
    cases = {case.process_id for case in await firm.cases()}
    assert cases == {f"drift:{drift_id}" for drift_id in expected - repaired}
    for drift_id in repaired:
        await _gone(firm, drift_id)
    (unannounced,) = planted[-1]
    await firm.active(unannounced.partition(":")[2])

    _, found = await desk.run()
    assert found == expected - repaired
    assert {case.process_id for case in await firm.cases()} == cases
    assert all(case.occurrences == 2 for case in await firm.cases())


async def _gone(firm, drift_id: str) -> None:
    """Wait until what was repaired is seen to be so."""

    async def look() -> bool | None:
        drift = await firm.desk.post(f"{DRIFTS}/{drift_id}/recheck", Drift)
        assert drift.handling is Handling.REPAIR
        return drift.status is DriftStatus.CLOSED or None

    await firm.until(f"{drift_id} to be gone", look)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_case_is_closed_once_it_is_mended(quiet_firm, desk, by):
    """Money is for people: the case says what each system has, and a recheck after they mended it closes it."""
    _, number = await by.billed()
    item = await by.item(number, Tollway_Invoice_Number__c="INV-9")
    drift_id = f"work_marked_otherwise:{item}"
    await desk.run(DriftKind.WORK_MARKED_OTHERWISE)
    case = await desk.case_of(drift_id)
    assert (case.category, case.subject) == (Category.RECONCILIATION_DRIFT, number)
    assert {finding.field: finding.message for finding in case.findings}["psa"] == "on INV-9"
    still = await quiet_firm.desk.post(f"{DRIFTS}/{drift_id}/recheck", Drift)
    assert still.status is DriftStatus.OPEN
    (invoice,) = await quiet_firm.column(
        f"SELECT tranid AS value FROM transaction WHERE custbody_tollway_project = '{number}'"
    )
    await by.item(number, Tollway_Invoice_Number__c=invoice)
    closed = await quiet_firm.desk.post(f"{DRIFTS}/{drift_id}/recheck", Drift)
    assert (closed.status, closed.handling) == (DriftStatus.CLOSED, Handling.CASE)
    assert (await quiet_firm.desk.get(f"/operations/v1/cases/{case.id}", Case)).status is CaseStatus.RESOLVED


@pytest.mark.asyncio(loop_scope="module")
async def test_a_drift_that_is_gone_is_closed_by_the_next_run(quiet_firm, desk, by):
    """A run closes what it finds gone with its case, even where its own days are others."""
    _, number = await by.billed()
    await by.item(number, pse__Milestone_Amount__c="1000.01")
    _, found = await desk.run(DriftKind.WORK_REPRICED)
    (drift_id,) = {one for one in found if (await desk.drift(one)).discrepancy.subject == number}
    case = await desk.case_of(drift_id)
    await by.item(number, pse__Milestone_Amount__c="1000.00")
    body = {"from": "2001-01-01", "to": "2001-01-31", "kinds": ["work_repriced"]}
    run = await quiet_firm.desk.post(RUNS, Reconciliation, body)
    await desk.ended(run)
    assert (await desk.drift(drift_id)).status is DriftStatus.CLOSED
    assert (await quiet_firm.desk.get(f"/operations/v1/cases/{case.id}", Case)).status is CaseStatus.RESOLVED


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_parked_process_will_settle_is_left_to_it(quiet_firm, desk, by):
    """A billing run that waits on its case for the PSA to take its marks is no drift besides."""
    firm, deal = quiet_firm, quiet_firm.new_deal()
    deal_id = await firm.sell(deal)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    await by.project(number, pse__Closed_for_Time_Entry__c=True)
    old = {"pse__Actual_Date__c": str(LONG_AGO)}
    await by.item(number, **old)
    await firm.bill(number)
    await firm.case(number)
    run, found = await desk.run(DriftKind.WORK_UNBILLED)
    assert not [drift_id for drift_id in found if number in drift_id]
    assert run.left == 1


@pytest.mark.asyncio(loop_scope="module")
async def test_what_makes_no_sense_is_refused(quiet_firm):
    """Days in the wrong order are refused, and runs and drifts that are not there are not found."""
    with pytest.raises(Invalid):
        await quiet_firm.desk.post(RUNS, Reconciliation, {"from": "2026-02-01", "to": "2026-01-01"})
    for path in (f"{RUNS}/asked-0", f"{RUNS}/asked-0/findings", f"{DRIFTS}/invoice_missing:0"):
        with pytest.raises(NotFound):
            await quiet_firm.desk.get(path, dict)
