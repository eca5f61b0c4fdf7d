"""What people do about parked processes."""

import datetime as dt

import pytest

from process_apis.casework.service import DealCasework
from process_apis.invoice_generation.billable import invoice_details
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.service import InvoiceGeneration
from tollway import context
from tollway.canonical.case import CaseStatus, Category
from tollway.canonical.statement import Accepted
from tollway.cases import Cases
from tollway.inbox import Inbox
from tollway.problems import Conflict, NotFound, Rejected

BILLING_RUN = "invoice-generation:PRJ-DEAL-1:run"


class Retries:
    """The engine as far as casework asks it, with what it was asked."""

    def __init__(self) -> None:
        self.retried: list[str] = []

    async def retry(self, process_id):
        self.retried.append(process_id)

    async def state(self, process_id):
        raise NotFound(f"There is no process {process_id}.")


class Activation:
    """Project activation that notes which deals are taken back."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def cancel(self, deal_id):
        self.cancelled.append(deal_id)
        return Accepted(process_id=f"activation-cancellation:{deal_id}")


class Erp:
    """An ERP with the invoices that a test puts in."""

    def __init__(self) -> None:
        self.invoices = {}

    async def find_invoice(self, legal_entity, reference):
        return self.invoices.get((legal_entity, reference))


class Desk:
    """Casework with all that it touches."""

    def __init__(self, database) -> None:
        self.cases, self.claims = Cases(database), Claims(database)
        self.engine, self.activation, self.erp = Retries(), Activation(), Erp()
        invoicing = InvoiceGeneration(None, self.erp, self.activation, self.engine, Inbox(database), self.claims)
        self.casework = DealCasework(self.cases, self.engine, self.activation, invoicing)

    async def parked(self, process: str, process_id: str, subject: str):
        error = Rejected("The platform says no.", category=Category.CREDIT_HOLD)
        return await self.cases.park(process, process_id, subject, error)

    async def status(self, case) -> CaseStatus:
        return (await self.casework.case(case.id)).status


@pytest.fixture
def desk(database) -> Desk:
    return Desk(database)


@pytest.fixture
def claim(desk, make_contract, make_item):
    """Claims one item for a process."""

    async def claimed(process_id: str, number: int = 1):
        def invoice(reference, items):
            return invoice_details(make_contract("time_and_materials"), reference, items, dt.date(2026, 3, 1))

        return await desk.claims.claim(process_id, "PRJ-DEAL-1", [make_item(number)], invoice)

    return claimed


async def test_a_retry_runs_the_process_again_once(desk):
    """A retried case is being retried and its process runs again; a second retry meanwhile is a conflict."""
    case = await desk.parked("customer-onboarding", "customer-onboarding:DEAL-1", "DEAL-1")
    assert (await desk.casework.retry(case.id)).status is CaseStatus.RETRYING
    with pytest.raises(Conflict, match="retrying, not open"):
        await desk.casework.retry(case.id)
    assert desk.engine.retried == ["customer-onboarding:DEAL-1"]


async def test_a_cancelled_case_is_closed_and_cannot_be_retried(desk):
    """A cancellation is noted with whoever asked for it, and ends what can be done with the case."""
    case = await desk.parked("collections", "collections:PRJ-DEAL-1:1", "PRJ-DEAL-1")
    token = context.enter(context.new_context(subject="finance@northwind"))
    cancelled = await desk.casework.cancel(case.id)
    context.leave(token)
    assert (cancelled.status, cancelled.closed_by) == (CaseStatus.CANCELLED, "finance@northwind")
    assert cancelled.closed_at is not None
    for again in (desk.casework.retry, desk.casework.cancel):
        with pytest.raises(Conflict, match="cancelled, not open"):
            await again(case.id)
    assert (desk.engine.retried, desk.activation.cancelled) == ([], [])


@pytest.mark.parametrize("process", ["customer-onboarding", "project-activation"])
async def test_cancelling_takes_the_activation_back(desk, process):
    """A cancelled onboarding or activation takes back what was set up for the deal."""
    case = await desk.parked(process, f"{process}:DEAL-1", "DEAL-1")
    await desk.casework.cancel(case.id)
    assert desk.activation.cancelled == ["DEAL-1"]


async def test_cancelling_a_billing_run_releases_its_work(desk, claim):
    """What a cancelled billing run had claimed is billed by the next run; the activation stays."""
    given_up = await claim(BILLING_RUN)
    case = await desk.parked("invoice-generation", BILLING_RUN, "PRJ-DEAL-1")
    await desk.casework.cancel(case.id)
    again = await claim("invoice-generation:PRJ-DEAL-1:next")
    assert [line.source_id for line in again.lines] == [line.source_id for line in given_up.lines]
    assert again.reference != given_up.reference
    assert desk.activation.cancelled == []


async def test_a_billing_run_whose_invoice_exists_cannot_be_cancelled(desk, claim, make_invoice):
    """When the ERP has the invoice, cancelling is a conflict, the case stays open and the work stays claimed."""
    details = await claim(BILLING_RUN)
    desk.erp.invoices["NWC-US", details.reference] = make_invoice(1, "1600.00")
    case = await desk.parked("invoice-generation", BILLING_RUN, "PRJ-DEAL-1")
    with pytest.raises(Conflict, match=f"The ERP has invoice {details.reference} already"):
        await desk.casework.cancel(case.id)
    assert await desk.status(case) is CaseStatus.OPEN
    assert await claim("invoice-generation:PRJ-DEAL-1:next") is None


async def test_a_billing_run_that_is_being_retried_keeps_its_work(desk, claim):
    """Cancelling a run that somebody retries is a conflict and releases nothing, since the run may be invoicing it."""
    await claim(BILLING_RUN)
    case = await desk.parked("invoice-generation", BILLING_RUN, "PRJ-DEAL-1")
    await desk.casework.retry(case.id)
    with pytest.raises(Conflict, match="retrying, not open"):
        await desk.casework.cancel(case.id)
    assert await claim("invoice-generation:PRJ-DEAL-1:next") is None


async def test_a_billing_run_without_claims_is_just_cancelled(desk):
    """A run that parked before it claimed anything has nothing to release."""
    case = await desk.parked("invoice-generation", BILLING_RUN, "PRJ-DEAL-1")
    assert (await desk.casework.cancel(case.id)).status is CaseStatus.CANCELLED


async def test_what_is_not_there_is_none(desk):
    """An unknown case and an unknown process are answered as not there."""
    assert await desk.casework.case("CASE-0") is None
    assert await desk.casework.process("nobody") is None


async def test_cases_are_listed_by_status_and_subject(desk):
    """The desk shows cases of a status, of a deal, or all, the oldest first."""
    first = await desk.parked("customer-onboarding", "customer-onboarding:DEAL-1", "DEAL-1")
    second = await desk.parked("customer-onboarding", "customer-onboarding:DEAL-2", "DEAL-2")
    await desk.casework.cancel(first.id)

    async def ids(status, subject) -> list[str]:
        return [case.id for case in await desk.casework.cases(status, subject)]

    assert await ids(None, "") == [first.id, second.id]
    assert await ids(CaseStatus.OPEN, "") == [second.id]
    assert await ids(None, "DEAL-1") == [first.id]
    assert await ids(CaseStatus.OPEN, "DEAL-1") == []
