"""Those who sold and those who deliver are told how billing stands."""

import datetime as dt
from decimal import Decimal

import pytest
from msgspec.structs import replace

from process_apis.collections.process import report_billing
from process_apis.collections.service import BillingCollections
from process_apis.collections.steps import WORDS, CollectionsSteps
from process_apis.invoice_generation.statements import state
from tollway import context
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.project import ProjectBilling
from tollway.canonical.record import Change
from tollway.canonical.statement import BillingChange
from tollway.canonical.work import ProjectWork
from tollway.cases.skips import Skips
from tollway.effects import Effects
from tollway.events.log import EventLog
from tollway.problems import UnknownOutcome

CHANGE = BillingChange(project_number="PRJ-DEAL-1", trigger="posted:1")


class Platforms:
    """The CRM and the PSA of one deal, which may lose their answers."""

    def __init__(self, *, lose_answers: bool = False) -> None:
        self.lose_answers = lose_answers
        self.progress: list[DealProgress] = []
        self.billing: list[ProjectBilling] = []

    async def report_progress(self, progress):
        self.progress.append(progress)
        self._answer()

    async def find_progress(self, deal_id):
        return self.progress[-1] if self.progress else None

    async def report_billing(self, billing):
        self.billing.append(billing)
        self._answer()

    async def find_billing(self, number):
        return self.billing[-1] if self.billing else None

    def _answer(self) -> None:
        if self.lose_answers:
            raise UnknownOutcome("no answer")


class Invoicing:
    """Invoice generation with one statement and one invoice to tell of."""

    def __init__(self, statement=None, invoice=None) -> None:
        self._statement = statement
        self._invoice = invoice

    async def statement(self, number):
        if isinstance(self._statement, list):
            return self._statement.pop(0) if len(self._statement) > 1 else self._statement[0]
        return self._statement

    async def invoice(self, reference):
        return self._invoice if self._invoice and self._invoice.reference == reference else None


class Starts:
    """The engine's start, written down."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def start(self, name, process_id, argument):
        self.started.append(process_id)


@pytest.fixture
def statement(make_contract, make_invoice):
    invoices = [
        make_invoice(1, "60000.00", InvoiceStatus.PAID, paid="66000.00"),
        make_invoice(2, "10000.00"),
        make_invoice(3, "30000.00", InvoiceStatus.DRAFT),
    ]
    return state(make_contract(), ProjectWork(project_number="PRJ-DEAL-1", closed=False), invoices)


@pytest.fixture
def in_process():
    """A running process, whose id the steps' effects carry."""
    token = context.enter(replace(context.new_context(), process_id="collections:PRJ-DEAL-1:posted:1"))
    yield
    context.leave(token)


def steps(database, platforms: Platforms, statement) -> CollectionsSteps:
    return CollectionsSteps(platforms, platforms, Invoicing(statement), Effects(database, [0.0]), Skips(database))


async def test_deal_and_project_say_how_billing_stands(database, in_process, statement):
    """The deal gets amounts, status in words and the last posted invoice; the project gets amounts and status."""
    platforms = Platforms()
    assert await report_billing(steps(database, platforms, statement), CHANGE) == "partly_paid"
    told = platforms.progress[0]
    assert (told.deal_id, told.billing_status, told.last_invoice) == ("DEAL-1", "Partly paid", "INV2")
    assert (told.invoiced.amount, told.paid.amount) == (Decimal("77000.00"), Decimal("66000.00"))
    assert (told.project_number, told.project_status) == (None, None)
    assert platforms.billing == [
        ProjectBilling(
            project_number="PRJ-DEAL-1", invoice_status="Partly paid", invoiced=told.invoiced, paid=told.paid
        )
    ]


async def test_nothing_billed_names_no_invoice(database, in_process, statement):
    """A deal without posted invoices is told so, and its last invoice is left as it is."""
    platforms = Platforms()
    unbilled = replace(statement, status="not_billed", invoices=statement.invoices[2:])
    await report_billing(steps(database, platforms, unbilled), CHANGE)
    assert (platforms.progress[0].billing_status, platforms.progress[0].last_invoice) == ("Not billed", None)


@pytest.mark.parametrize(("step", "told"), [("tell_crm", (0, 1)), ("tell_psa", (1, 0))])
async def test_whoever_is_skipped_is_not_told(database, in_process, statement, step, told):
    """A process that people have skip a step leaves that one untold and goes on; another process tells both."""
    platforms = Platforms()
    await Skips(database).skip(context.current().process_id, step, "", case_id="CASE-1", by="ann")
    assert await report_billing(steps(database, platforms, statement), CHANGE) == "partly_paid"
    assert (len(platforms.progress), len(platforms.billing)) == told
    other = Platforms()
    token = context.enter(replace(context.new_context(), process_id="collections:PRJ-DEAL-1:posted:2"))
    await report_billing(steps(database, other, statement), CHANGE)
    context.leave(token)
    assert (len(other.progress), len(other.billing)) == (1, 1)


async def test_a_lost_answer_is_read_back_and_not_written_again(database, in_process, statement):
    """When the answer is lost but deal and project say what was wanted, nothing is written a second time."""
    platforms = Platforms(lose_answers=True)
    await report_billing(steps(database, platforms, statement), CHANGE)
    assert (len(platforms.progress), len(platforms.billing)) == (1, 1)


async def test_the_same_process_tells_once(database, in_process, statement):
    """A process that runs again writes neither deal nor project a second time."""
    platforms = Platforms()
    for _ in range(2):
        await report_billing(steps(database, platforms, statement), CHANGE)
    assert (len(platforms.progress), len(platforms.billing)) == (1, 1)


async def test_what_changed_meanwhile_is_told_too(database, in_process, statement):
    """Of two processes of a project the slower one does not leave what it read first: it looks again, and tells."""
    platforms = Platforms()
    paid = replace(statement, status="paid", paid=statement.invoiced)
    seen = [statement, paid, statement, paid]
    assert await report_billing(steps(database, platforms, seen), CHANGE) == "paid"
    assert [told.billing_status for told in platforms.progress] == ["Partly paid", "Paid", "Partly paid", "Paid"]
    assert [told.invoice_status for told in platforms.billing] == ["Partly paid", "Paid", "Partly paid", "Paid"]


async def test_a_retried_process_tells_what_it_reads_by_then(database, in_process, statement):
    """What was told before the process failed is no reason to keep what has changed since to itself."""
    platforms = Platforms()
    await report_billing(steps(database, platforms, statement), CHANGE)
    await report_billing(steps(database, platforms, replace(statement, status="paid")), CHANGE)
    assert [told.billing_status for told in platforms.progress] == ["Partly paid", "Paid"]


def test_every_status_has_words():
    """Each state that a statement can be in has words that people read."""
    assert set(WORDS) == {"not_billed", "partly_billed", "billed", "partly_paid", "paid"}
    assert all(words[0].isupper() and "_" not in words for words in WORDS.values())


async def test_a_changed_invoice_starts_one_process_per_change(database, make_invoice):
    """The same change taken twice is the same process; a later change of the same invoice is another."""
    engine, first = Starts(), dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    invoicing = Invoicing(invoice=make_invoice(1, "60000.00"))
    collections = BillingCollections(engine, invoicing, EventLog(database))
    for moment in (first, first, first + dt.timedelta(seconds=1)):
        await collections.invoice_changed(Change(id="PRJ-DEAL-1-001", at=moment))
    process = "collections:PRJ-DEAL-1:changed:PRJ-DEAL-1-001:20260301T00000"
    assert engine.started == [f"{process}0.000000", f"{process}0.000000", f"{process}1.000000"]


async def test_an_invoice_that_is_not_ours_is_left_alone(database):
    """A change of an invoice that no billing run made starts nothing."""
    engine = Starts()
    collections = BillingCollections(engine, Invoicing(), EventLog(database))
    await collections.invoice_changed(Change(id="HAND-MADE", at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC)))
    assert engine.started == []
