"""Reconciliation as the other services see it, and its schedule."""

import contextlib
import datetime as dt
import secrets

from process_apis.reconciliation.handling import case_key
from process_apis.reconciliation.runs import PROCESS, SCHEDULED
from process_apis.reconciliation.second_look import SecondLook
from process_apis.reconciliation.steps import Kept, Run
from process_apis.reconciliation.views import Rules
from tollway import context
from tollway.canonical.case import OwnerRole
from tollway.canonical.listing import EVER
from tollway.canonical.process import ProcessStatus
from tollway.canonical.reconciliation import (
    Drift,
    DriftKind,
    DriftPage,
    DriftStatus,
    FindingPage,
    Reconciliation,
    ReconciliationOrder,
)
from tollway.cases import Cases
from tollway.cases.actors import Actor, actor
from tollway.engine import Engine
from tollway.ports.activation import Activation
from tollway.problem_document import Violation
from tollway.problems import Invalid, NotFound, found
from tollway.reconciliation_settings import ReconciliationSettings
from tollway.storage.leases import Leases

LEASE_SECONDS = 120.0
"""How long one worker alone looks whether a run is due."""


class SystemReconciliations:
    """Implements the reconciliation port."""

    def __init__(
        self, engine: Engine, kept: Kept, look: SecondLook, cases: Cases, settings: ReconciliationSettings
    ) -> None:
        self._engine = engine
        self._kept = kept
        self._look = look
        self._cases = cases
        self._settings = settings

    async def reconcile(self, order: ReconciliationOrder) -> Reconciliation:
        if order.end < order.start:
            wrong = Violation(pointer="/to", message=f"{order.end} is before {order.start}")
            raise Invalid("The last day to compare is before the first.", violations=[wrong])
        _require_reconciler(actor())
        return await self.start(f"asked-{secrets.token_hex(6)}", order)

    async def start(self, run_id: str, order: ReconciliationOrder) -> Reconciliation:
        """Begin a run, once under its id."""
        await self._kept.runs.begin(run_id, order)
        await self._engine.start(PROCESS, f"{PROCESS}:{run_id}", Run(id=run_id, order=order))
        return await self._kept.runs.get(run_id)

    async def is_under_way(self, run: Reconciliation) -> bool:
        """Whether a run is yet to come to its end; one whose worker died before it began is begun."""
        if run.finished_at is not None:
            return False
        try:
            state = await self._engine.state(run.process_id)
        except NotFound:
            await self.start(run.id, run.order)
            return True
        return state.status is not ProcessStatus.CANCELLED

    async def runs(self, limit: int) -> list[Reconciliation]:
        return await self._kept.runs.latest(limit)

    async def run(self, run_id: str) -> Reconciliation | None:
        with contextlib.suppress(NotFound):
            return await self._kept.runs.get(run_id)
        return None

    async def findings(self, run_id: str, after: str) -> FindingPage:
        await self._kept.runs.get(run_id)
        return await self._kept.findings.page(run_id, after)

    async def drifts(self, status: DriftStatus | None, kind: DriftKind | None, after: str) -> DriftPage:
        return await self._kept.drifts.page(status, kind, after)

    async def drift(self, drift_id: str) -> Drift | None:
        return await self._kept.drifts.find(drift_id)

    async def recheck(self, drift_id: str) -> Drift:
        drift, by = found(await self._kept.drifts.find(drift_id), f"drift {drift_id}"), actor()
        case = await self._cases.open_case(case_key(drift_id))
        if case is not None:
            by.require(case)
        else:
            _require_reconciler(by)
        if drift.status is DriftStatus.OPEN:
            today = dt.datetime.now(dt.UTC).date()
            rules = Rules(today, EVER, self._settings.since or EVER.start, self._settings.unbilled_days)
            there = await self._look.at(drift.discrepancy, rules)
            if drift_id not in {one.drift_id for one in there}:
                await self._cases.resolve(case_key(drift_id))
                await self._kept.drifts.close(drift.run_id, drift_id)
        return found(await self._kept.drifts.find(drift_id), f"drift {drift_id}")


def _require_reconciler(by: Actor) -> None:
    """Raise Forbidden unless it is on somebody's desk to compare what systems say: finance's, or integration's."""
    if OwnerRole.INTEGRATION not in by.roles:
        by.require_role(OwnerRole.FINANCE_OPERATIONS, "Reconciliation")


class Schedule:
    """Begins a run when the last scheduled one is long enough ago, by one worker of all."""

    def __init__(
        self,
        service: SystemReconciliations,
        kept: Kept,
        activation: Activation,
        leases: Leases,
        settings: ReconciliationSettings,
    ) -> None:
        self._service = service
        self._kept = kept
        self._activation = activation
        self._leases = leases
        self._settings = settings

    async def turn(self) -> bool:
        """Look whether a run is due, and begin it; answers whether one was."""
        token = context.enter(context.new_context())
        try:
            if not await self._leases.take("reconciliation-schedule", LEASE_SECONDS):
                return False
            now = dt.datetime.now(dt.UTC)
            await self._kept.runs.forget(now - dt.timedelta(days=self._settings.keep_days))
            last = await self._kept.runs.last_scheduled() or await self._first_engagement()
            if last is None or now - last < dt.timedelta(hours=self._settings.every_hours):
                return False
            today = now.date()
            order = ReconciliationOrder(start=today - dt.timedelta(days=self._settings.window_days), end=today)
            await self._service.start(f"{SCHEDULED}{now:%Y%m%dT%H%M%S}", order)
            return True
        finally:
            context.leave(token)

    async def _first_engagement(self) -> dt.datetime | None:
        """Before there is a project there is nothing to compare; the first run comes a whole pause after it."""
        started, after = [], ""
        while True:
            page = await self._activation.engagements(after)
            started += [engagement.started_at for engagement in page.items]
            if not (after := page.next):
                return min(started, default=None)
