"""After a restore: reconciliations of the time that the records do not tell of, until one finds nothing amiss."""

import datetime as dt

import structlog

from process_apis.reconciliation.runs import Runs
from process_apis.reconciliation.service import SystemReconciliations
from tollway import context
from tollway.backup.restores import Forgotten, Restores
from tollway.canonical.reconciliation import Reconciliation, ReconciliationOrder
from tollway.storage.leases import Leases

LEASE_SECONDS = 60.0
LONGEST_PAUSE = dt.timedelta(hours=12)
log = structlog.get_logger()


class AfterRestore:
    """Begins these runs, by one worker of all."""

    def __init__(
        self,
        service: SystemReconciliations,
        runs: Runs,
        restores: Restores,
        leases: Leases,
        first_pause: float,
    ) -> None:
        """`first_pause`: seconds for processes and people to mend what a run found; it doubles each time."""
        self._service = service
        self._runs = runs
        self._restores = restores
        self._leases = leases
        self._first_pause = dt.timedelta(seconds=first_pause)

    async def turn(self) -> None:
        """Look what is to be done now, and do it."""
        forgotten = await self._restores.forgotten()
        if forgotten is None or not await self._leases.take("reconciliation-restored", LEASE_SECONDS):
            return
        token = context.enter(context.new_context())
        try:
            await self._go_on(forgotten)
        finally:
            context.leave(token)

    async def _go_on(self, forgotten: Forgotten) -> None:
        prefix = f"{forgotten.restore_id}-"
        last = await self._runs.latest_of(prefix)
        begun = int(last.id.removeprefix(prefix)) if last else 0
        if last is not None and await self._service.is_under_way(last):
            return
        if last is not None and _nothing_amiss(last):
            await self._restores.caught_up(last.id)
            log.info("caught up after a restore", run=last.id)
        elif last is None or self._rested(last, begun):
            order = ReconciliationOrder(start=forgotten.since.date() - dt.timedelta(days=1), end=_today())
            await self._service.start(f"{prefix}{begun + 1}", order)

    def _rested(self, last: Reconciliation, begun: int) -> bool:
        pause: dt.timedelta = min(self._first_pause * 2 ** min(begun - 1, 30), LONGEST_PAUSE)
        return dt.datetime.now(dt.UTC) - (last.finished_at or last.started_at) >= pause


def _nothing_amiss(run: Reconciliation) -> bool:
    """Whether a run looked at everything and found nothing; one that was cancelled on its way says nothing."""
    return run.finished_at is not None and run.found == run.left == run.suspected == 0


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
