"""After a restore it is reconciled until nothing is amiss, by one worker, with one run at a time."""

import datetime as dt

import pytest

from process_apis.reconciliation.findings import Findings
from process_apis.reconciliation.restored import AfterRestore
from process_apis.reconciliation.rows import Rows
from process_apis.reconciliation.runs import Runs
from tollway.backup import restores
from tollway.backup.restores import Restores
from tollway.canonical.reconciliation import Discrepancy, DriftKind, Outcome
from tollway.storage.leases import Leases

AGO = dt.timedelta(days=3)
DRIFT = Discrepancy(kind=DriftKind.INVOICE_UNKNOWN, object_id="PRJ-1-001", subject="PRJ-1", summary="unknown")


class Service:
    """Takes runs on, and runs none."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.started = []
        self.cancelled = set()

    async def start(self, run_id, order):
        await self._runs.begin(run_id, order)
        self.started.append((run_id, order))

    async def is_under_way(self, run):
        return run.finished_at is None and run.id not in self.cancelled


@pytest.fixture
def runs(database):
    return Runs(database, Rows(database))


@pytest.fixture
def service(runs):
    return Service(runs)


@pytest.fixture
async def restored(database):
    """A database that was restored from a backup of three days ago."""
    async with database.transaction() as connection:
        await restores.record(connection, "restore-1", dt.datetime.now(dt.UTC) - AGO, "0:")
    return Restores(database)


@pytest.fixture
def make_worker(database, runs, service):
    """Makes a worker's part; `pause` comes before a further run."""

    def make(pause: float = 0.0, name: str = "one") -> AfterRestore:
        return AfterRestore(service, runs, Restores(database), Leases(database, name), pause)

    return make


async def end(database, runs, run_id: str, *outcomes: Outcome) -> None:
    """A run comes to its end with these findings."""
    findings = Findings(database)
    if outcomes:
        await findings.suspect(run_id, [DRIFT])
        await findings.judge(run_id, [(DRIFT, outcome) for outcome in outcomes])
    await runs.finish(run_id)


async def test_the_time_since_the_backup_is_reconciled_at_once(restored, make_worker, service):
    """The first turn begins a run over all of it and a day more; as long as that goes on, there is no other."""
    worker = make_worker()
    await worker.turn()
    await worker.turn()
    ((run_id, order),) = service.started
    today = dt.datetime.now(dt.UTC).date()
    assert (run_id, order.end, order.dry_run, order.kinds) == ("restore-1-1", today, False, [])
    assert order.start <= today - AGO - dt.timedelta(days=1)


async def test_a_run_that_finds_nothing_ends_the_doubt(restored, make_worker, service, runs, database):
    """Then everything that happened is in the records."""
    worker = make_worker()
    await worker.turn()
    await end(database, runs, "restore-1-1")
    assert await restored.forgotten() is not None
    await worker.turn()
    assert await restored.forgotten() is None
    await worker.turn()
    assert len(service.started) == 1


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.LEFT])
async def test_what_was_found_is_looked_at_again(restored, make_worker, service, runs, database, outcome):
    """A run that found something, or left it to a process, is followed by another after a pause."""
    await make_worker().turn()
    await end(database, runs, "restore-1-1", outcome)
    await make_worker(pause=600).turn()
    assert len(service.started) == 1
    await make_worker().turn()
    assert [run_id for run_id, _ in service.started] == ["restore-1-1", "restore-1-2"]
    await end(database, runs, "restore-1-2", Outcome.GONE)
    await make_worker().turn()
    assert await restored.forgotten() is None


async def test_a_run_that_somebody_cancels_is_followed_by_another(restored, make_worker, service, runs, database):
    """It says nothing of what happened: only one that comes to its end finding nothing ends the doubt."""
    worker = make_worker()
    await worker.turn()
    service.cancelled = {"restore-1-1"}
    await make_worker(pause=600).turn()
    assert len(service.started) == 1
    await worker.turn()
    assert [run_id for run_id, _ in service.started] == ["restore-1-1", "restore-1-2"]
    assert await restored.forgotten() is not None
    await end(database, runs, "restore-1-2")
    await worker.turn()
    assert await restored.forgotten() is None


async def test_one_worker_looks(restored, make_worker, service):
    """Another one leaves it to the first."""
    await make_worker(name="one").turn()
    service.started.clear()
    await make_worker(name="two").turn()
    assert service.started == []


async def test_without_a_restore_nothing_begins(make_worker, service):
    """A system that was never restored is not touched."""
    await make_worker().turn()
    assert service.started == []
