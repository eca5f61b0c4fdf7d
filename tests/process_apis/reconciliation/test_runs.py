"""A run goes on where it stopped, and does everything once."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from process_apis.reconciliation.at_work import AtWork
from process_apis.reconciliation.comparison import compare_project
from process_apis.reconciliation.drifts import Drifts
from process_apis.reconciliation.findings import Findings
from process_apis.reconciliation.handling import handling_of
from process_apis.reconciliation.mending import Mending
from process_apis.reconciliation.process import reconcile
from process_apis.reconciliation.reading import Systems
from process_apis.reconciliation.rows import Rows
from process_apis.reconciliation.runs import Runs
from process_apis.reconciliation.second_look import SecondLook
from process_apis.reconciliation.service import Schedule, SystemReconciliations
from process_apis.reconciliation.steps import Kept, ReconciliationSteps, Run
from tollway.backup import restores
from tollway.backup.restores import Restores
from tollway.canonical.case import CaseStatus
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
from tollway.canonical.listing import (
    CustomerPage,
    DealPage,
    EngagementPage,
    InvoiceDetailsPage,
    InvoicePage,
    ProjectPage,
    ProjectStandingPage,
    WorkPage,
)
from tollway.canonical.process import ProcessState, ProcessStatus
from tollway.canonical.reconciliation import DriftKind, DriftStatus, Handling, ReconciliationOrder
from tollway.canonical.statement import Engagement
from tollway.cases import Cases
from tollway.problems import (
    ContractDrift,
    Forbidden,
    NotFound,
    ProblemError,
    Rejected,
    StartupError,
    Unavailable,
    found,
)
from tollway.reconciliation_settings import ReconciliationSettings, check
from tollway.storage.leases import Leases

either = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
TODAY = dt.date(2026, 6, 30)
ORDER = ReconciliationOrder(start=dt.date(2026, 1, 1), end=TODAY)
SETTINGS = ReconciliationSettings(settle_seconds=0.0)


class Firm:
    """All systems, over one project; every page has one record, and calls may fail."""

    def __init__(self, view: Any, contract: Contract) -> None:
        self.view = view
        self.engaged = Engagement(
            contract=replace(contract, deal_id="D1", account=replace(contract.account, id="A1"), legal_entity="US"),
            customer=Customer(id="7", number="C7", name="Acme", legal_entity="US", account_id="A1"),
            project_number="PRJ-D1",
            status="active",
            started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        )
        self.fails_at = 0
        self.calls = 0
        self.told: list[str] = []
        self.linked: Customer | None = self.engaged.customer
        self.refuses: ProblemError | None = None
        self.repairs_refused: ProblemError | None = None

    def _page(self, kind: Any, items: list[Any], after: str) -> Any:
        self.calls += 1
        if self.calls == self.fails_at:
            raise Unavailable("away for a moment")
        place = int(after or 0)
        return kind(items=items[place : place + 1], next=str(place + 1) if place + 1 < len(items) else "")

    async def engagements(self, after: str) -> EngagementPage:
        return self._page(EngagementPage, [self.engaged], after)

    async def engagement(self, number: str) -> Engagement | None:
        return self.engaged

    async def claimed_invoices(self, span: Any, after: str) -> InvoiceDetailsPage:
        return InvoiceDetailsPage(items=[])

    async def claimed_of_project(self, number: str) -> list[Any]:
        return []

    async def deal_standings(self, span: Any, after: str) -> DealPage:
        return self._page(DealPage, [self.view.deal], after)

    async def deal(self, deal_id: str) -> Any:
        raise NotFound(f"Nobody asks for more of {deal_id} than its standing.")

    async def find_progress(self, deal_id: str) -> Any:
        return self.view.deal.progress

    async def project_standings(self, after: str) -> ProjectStandingPage:
        return self._page(ProjectStandingPage, [self.view.psa], after)

    async def find_project(self, *about: str) -> Any:
        return self.view.psa.project if len(about) == 1 else self.view.erp

    async def find_billing(self, number: str) -> Any:
        if self.refuses:
            raise self.refuses
        return self.view.psa.billing

    async def work_entries(self, span: Any, number: str, after: str) -> WorkPage:
        return self._page(WorkPage, self.view.work, after)

    async def customers(self, entity: str, after: str) -> CustomerPage:
        return self._page(CustomerPage, [self.linked] if self.linked else [], after)

    async def find_customer(self, entity: str, account: str) -> Customer | None:
        return self.linked

    async def projects(self, entity: str, after: str) -> ProjectPage:
        return self._page(ProjectPage, [self.view.erp] if self.view.erp else [], after)

    async def invoices(self, entity: str, span: Any, after: str) -> InvoicePage:
        return self._page(InvoicePage, self.view.invoices, after)

    async def project_invoices(self, entity: str, number: str) -> list[Any]:
        return list(self.view.invoices)

    async def repair(self, run_id: str, one: Any) -> None:
        if self.repairs_refused:
            raise self.repairs_refused
        self.told.append(f"{run_id}:{one.drift_id}")


@pytest.fixture
def firm(make_view, make_contract):
    """A firm whose work is not billed yet, as all systems say."""
    view = make_view(invoices=[], claimed=[])
    view.work = [replace(entry, invoice_number="", on=TODAY) for entry in view.work]
    silent = {"invoiced": None, "paid": None}
    view.deal = replace(view.deal, progress=replace(view.deal.progress, **silent))
    view.psa = replace(view.psa, billing=None)
    return Firm(view, make_contract("time_and_materials"))


@pytest.fixture
def kept(database):
    rows = Rows(database)
    return Kept(Runs(database, rows), rows, Findings(database), Drifts(database))


@pytest.fixture
def make_steps(database, firm, kept):
    """Makes the steps of a worker; `at_work` are the processes under way."""

    def make(at_work: tuple[str, ...] = ()) -> ReconciliationSteps:
        systems = Systems(firm, firm, firm, firm, firm, ["US"])
        cases = Cases(database)

        async def unfinished(beginnings: Any) -> list[str]:
            return [one for one in at_work if one.startswith(tuple(beginnings))]

        mending = Mending(kept.drifts, cases, firm, SETTINGS.repair, Restores(database))
        return ReconciliationSteps(systems, kept, AtWork(cases, unfinished), mending, SETTINGS, lambda: TODAY)

    return make


async def go(make_steps, run_id: str = "asked-1", at_work: tuple[str, ...] = (), **order: Any) -> int:
    return await reconcile(make_steps(at_work), Run(id=run_id, order=replace(ORDER, **order)))


def tell_wrongly(firm: Firm) -> None:
    """The PSA says that something was billed."""
    progress = replace(firm.view.deal.progress, invoiced=firm.view.work[0].amount)
    firm.view.deal = replace(firm.view.deal, progress=progress)


@either
async def test_a_run_that_stops_anywhere_goes_on_and_comes_to_the_same(make_steps, kept, firm, database):
    """Whichever page cannot be read, the run that is taken up again counts, finds and repairs everything once."""
    firm.view.erp = None
    tell_wrongly(firm)
    await go(make_steps, "asked-0")
    expected, pages = await kept.runs.get("asked-0"), firm.calls
    assert (expected.found, expected.repaired, expected.cases) == (2, 1, 1)
    for stop in range(1, pages + 1):
        run_id, firm.calls, firm.fails_at = f"asked-{stop}", 0, stop
        with pytest.raises(Unavailable):
            await go(make_steps, run_id)
        await go(make_steps, run_id)
        done = await kept.runs.get(run_id)
        assert [(one.source, one.rows) for one in done.sources] == [(one.source, one.rows) for one in expected.sources]
        assert (done.found, done.repaired + done.cases) == (2, 2)
        assert firm.told.count(f"{run_id}:status_not_told:PRJ-D1") == done.repaired
    assert len(await Cases(database).list(CaseStatus.OPEN)) == 2


@either
async def test_a_drift_lasts_until_it_is_gone(make_steps, kept, firm, database):
    """Found again it is the same drift and the same case; once gone both are closed, and it may come back."""
    there, firm.view.erp = firm.view.erp, None
    for run_id in ("asked-1", "asked-2"):
        assert await go(make_steps, run_id) == 1
    (drift,) = (await kept.drifts.page(None, None, "")).items
    assert (drift.id, drift.status, drift.run_id) == ("project_missing_in_erp:PRJ-D1", DriftStatus.OPEN, "asked-2")
    (case,) = await Cases(database).list()
    assert (case.process_id, case.subject) == (f"drift:{drift.id}", "PRJ-D1")
    firm.view.erp = there
    assert await go(make_steps, "asked-3") == 0
    closed = await kept.drifts.find(drift.id)
    assert (closed.status, (await Cases(database).get(case.id)).status) == (DriftStatus.CLOSED, CaseStatus.RESOLVED)
    firm.view.erp = None
    assert await go(make_steps, "asked-4") == 1
    again = await kept.drifts.find(drift.id)
    assert (again.status, again.closed_at) == (DriftStatus.OPEN, None)
    assert again.first_found_at > closed.closed_at


async def test_what_repairs_do_not_mend_becomes_a_case(make_steps, kept, firm, database):
    """After two repairs that changed nothing, somebody has to look."""
    tell_wrongly(firm)
    for number in range(4):
        await go(make_steps, f"asked-{number}")
    drift = await kept.drifts.find("status_not_told:PRJ-D1")
    assert (drift.repairs, drift.handling, len(firm.told)) == (2, Handling.CASE, 2)
    assert len(await Cases(database).list(CaseStatus.OPEN)) == 1


async def test_what_somebody_accepted_is_not_asked_again(make_steps, firm, database):
    """A case that was given up stays so while systems say the same, and is opened again when they say something new."""
    firm.view.erp = None
    await go(make_steps, "asked-1")
    cases = Cases(database)
    (case,) = await cases.list()
    await cases.cancel(case.id, "finance")
    await go(make_steps, "asked-2")
    assert await cases.list(CaseStatus.OPEN) == []
    firm.view.psa = replace(firm.view.psa, project=replace(firm.view.psa.project, status="On Hold"))
    await go(make_steps, "asked-3")
    assert len(await cases.list(CaseStatus.OPEN)) == 1


@pytest.mark.parametrize(
    ("process_id", "left"),
    [
        ("project-activation:D1", 1),
        ("collections:PRJ-D1:posted:1", 0),
        ("project-activation:D2", 0),
    ],
)
async def test_what_a_process_is_about_to_settle_is_left_to_it(make_steps, kept, firm, database, process_id, left):
    """Only the process that would bring it about makes it no drift."""
    firm.view.erp = None
    await go(make_steps, at_work=(process_id,))
    done = await kept.runs.get("asked-1")
    assert (done.left, done.found) == (left, 1 - left)
    assert len(await Cases(database).list()) == 1 - left


async def test_absence_counts_at_the_second_look_only(make_steps, kept, firm):
    """What shows itself between the two looks was no drift."""
    there, firm.view.erp = firm.view.erp, None
    steps = make_steps()
    settle = steps.settle

    async def settled(run: Run) -> None:
        firm.view.erp = there
        await settle(run)

    steps.settle = settled
    assert await reconcile(steps, Run(id="asked-1", order=ORDER)) == 0
    done = await kept.runs.get("asked-1")
    assert (done.found, done.gone, done.cases) == (0, 1, 0)


@either
@pytest.mark.parametrize("error", [Rejected("The PSA holds it back."), ContractDrift("Its status is no text.")])
async def test_a_project_that_cannot_be_read_ends_no_run(make_steps, kept, firm, database, error):
    """That is a case of its own, what is suspected of the project waits for it, and all else is compared."""
    there, firm.view.erp, firm.refuses = firm.view.erp, None, error
    firm.linked = None
    assert await go(make_steps, "asked-1") == await go(make_steps, "asked-2") == 2
    done = await kept.runs.get("asked-2")
    assert (done.left, done.suspected) == (1, 0)
    found = {case.process_id: case for case in await Cases(database).list(CaseStatus.OPEN)}
    assert sorted(found) == ["drift:customer_missing:US:A1", "drift:unreadable:project:PRJ-D1"]
    case = found["drift:unreadable:project:PRJ-D1"]
    assert (case.subject, error.detail in case.summary) == ("PRJ-D1", True)
    firm.refuses, firm.view.erp = None, there
    assert await go(make_steps, "asked-3") == 1
    assert (await Cases(database).get(case.id)).status is CaseStatus.RESOLVED


async def test_a_platform_that_is_away_is_asked_again(make_steps, kept, firm):
    """What fails for the moment is no finding: the run is taken up again where it stopped."""
    firm.view.erp, firm.refuses = None, Unavailable("Away.")
    with pytest.raises(Unavailable):
        await go(make_steps)
    firm.refuses = None
    assert await go(make_steps) == 1
    assert [one.drift_id for one in (await kept.findings.page("asked-1", "")).items] == [
        "project_missing_in_erp:PRJ-D1"
    ]


async def test_a_repair_that_is_refused_becomes_a_case(make_steps, kept, firm, database):
    """The run goes on, and somebody has to look."""
    tell_wrongly(firm)
    firm.repairs_refused = Rejected("The project is locked.")
    assert await go(make_steps) == 1
    (case,) = await Cases(database).list(CaseStatus.OPEN)
    assert "The project is locked." in case.summary
    assert (await kept.runs.get("asked-1")).cases == 1


async def test_only_the_kinds_that_are_asked_for(make_steps, kept, firm):
    """Other kinds are neither found nor closed, and what they alone need is not read."""
    firm.view.erp = None
    await go(make_steps, "asked-1")
    assert await go(make_steps, "asked-2", kinds=[DriftKind.CUSTOMER_MISSING]) == 0
    assert (await kept.drifts.find("project_missing_in_erp:PRJ-D1")).status is DriftStatus.OPEN
    sources = [one.source for one in (await kept.runs.get("asked-2")).sources]
    assert sources == ["erp-customers:US", "tollway-engagements"]


class Started:
    """Notes which runs are begun."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.orders: list[ReconciliationOrder] = []

    async def start(self, run_id: str, order: ReconciliationOrder) -> None:
        await self.kept.runs.begin(run_id, order)
        self.orders.append(order)


async def test_one_worker_begins_a_run_when_one_is_due(database, kept, firm):
    """The first scheduled run comes a pause after the first engagement, the next a pause after it, by one of all."""
    started = Started(kept)
    workers = [Schedule(started, kept, firm, Leases(database, name), SETTINGS) for name in ("a", "b")]
    firm.engaged = replace(firm.engaged, started_at=dt.datetime.now(dt.UTC))
    assert [await worker.turn() for worker in workers] == [False, False]
    firm.engaged = replace(firm.engaged, started_at=dt.datetime.now(dt.UTC) - dt.timedelta(hours=25))
    assert [await worker.turn() for worker in workers] == [True, False]
    assert [await worker.turn() for worker in workers] == [False, False]
    (order,) = started.orders
    assert (order.end - order.start, order.dry_run) == (dt.timedelta(days=90), False)


async def test_old_runs_are_forgotten_and_drifts_are_not(make_steps, kept, firm):
    """After the time they are kept for, runs go with their findings, and what is still open stays."""
    firm.view.erp = None
    await go(make_steps)
    await kept.runs.forget(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
    assert await kept.runs.latest(100) == []
    assert (await kept.findings.page("asked-1", "")).items == []
    assert len((await kept.drifts.page(DriftStatus.OPEN, None, "")).items) == 1


def test_only_what_has_a_repair_may_be_repaired():
    """A setting that asks for the repair of money is refused by its name."""
    check(ReconciliationSettings())
    with pytest.raises(StartupError, match=r"reconciliation\.repair names invoice_doubled"):
        check(msgspec.convert({"repair": ["status_not_told", "invoice_doubled"]}, ReconciliationSettings))


def test_without_repairs_everything_is_a_case(make_view, rules):
    """Nothing is repaired that the settings do not name."""
    view = make_view(deal=None, erp=None)
    for one in compare_project(view, rules):
        assert handling_of(one, None, ()) is Handling.CASE


async def test_a_lost_invoice_is_looked_into_again_while_its_case_is_open(
    make_steps, firm, kept, database, make_invoice
):
    """After a restore it may become known at any time; somebody is asked only when it was tried in vain."""
    reference = f"{firm.view.number}-001"
    firm.view.invoices = [replace(make_invoice(1, "1600.00"), reference=reference)]
    drift_id = f"invoice_unknown:{reference}"
    handled = []
    for number in range(1, 5):
        await go(make_steps, f"asked-{number}", kinds=[DriftKind.INVOICE_UNKNOWN])
        handled.append((await kept.drifts.find(drift_id)).handling)
        if number == 1:
            async with database.transaction() as connection:
                await restores.record(connection, "restore-1", dt.datetime.now(dt.UTC), "0:")
    assert handled == [Handling.CASE, Handling.REPAIR, Handling.REPAIR, Handling.CASE]
    assert firm.told == [f"asked-{number}:{drift_id}" for number in (2, 3, 4)]


class Idle:
    """An engine that has processes begin, and none of them do anything."""

    def __init__(self) -> None:
        self.begun: dict[str, ProcessStatus] = {}

    async def start(self, name: str, process_id: str, argument: Run) -> None:
        self.begun.setdefault(process_id, ProcessStatus.RUNNING)

    async def state(self, process_id: str) -> ProcessState:
        status = found(self.begun.get(process_id), process_id)
        return ProcessState(process_id=process_id, process="reconciliation", status=status, steps=[])


@pytest.fixture
def engine():
    return Idle()


@pytest.fixture
def service(kept, firm, database, engine):
    """What people ask for."""
    look = SecondLook(Systems(firm, firm, firm, firm, firm, ["US"]))
    return SystemReconciliations(engine, kept, look, Cases(database), SETTINGS)


async def test_a_run_is_under_way_until_it_ends_or_is_cancelled(service, kept, engine):
    """One that was noted by a worker that died then is begun by whoever asks."""
    await kept.runs.begin("restore-1", ORDER)
    run = await kept.runs.get("restore-1")
    assert [await service.is_under_way(run), list(engine.begun)] == [True, [run.process_id]]
    assert await service.is_under_way(run)
    engine.begun[run.process_id] = ProcessStatus.CANCELLED
    assert not await service.is_under_way(run)
    await kept.runs.finish("restore-1")
    engine.begun.clear()
    assert not await service.is_under_way(await kept.runs.get("restore-1"))


async def test_comparing_is_a_matter_of_finance_and_integration(service, kept, acting):
    """Other desks begin no run."""
    for roles in ((), ("sales_operations", "delivery")):
        with acting(*roles), pytest.raises(Forbidden, match="finance operations"):
            await service.reconcile(ORDER)
    for role in ("finance_operations", "integration", "operations_lead"):
        with acting(role):
            await service.reconcile(ORDER)
    assert len(await kept.runs.latest(10)) == 3


async def test_a_drift_is_looked_at_again_by_whose_case_it_is(service, make_steps, kept, firm, database, acting):
    """Once its case is closed, whoever may compare may look again."""
    firm.view.erp = None
    await go(make_steps)
    (drift,), (case,) = (await kept.drifts.page(None, None, "")).items, await Cases(database).list()
    assert case.owner_role == "finance_operations"
    with acting("integration"), pytest.raises(Forbidden, match=case.id):
        await service.recheck(drift.id)
    with acting("finance_operations"):
        assert (await service.recheck(drift.id)).status is DriftStatus.OPEN
    await Cases(database).cancel(case.id, "finance")
    with acting("integration"):
        assert (await service.recheck(drift.id)).status is DriftStatus.OPEN
    with acting("delivery"), pytest.raises(Forbidden):
        await service.recheck(drift.id)
