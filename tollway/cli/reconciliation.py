"""Reconciliation put together: what it compares, how it mends, and its schedule."""

import secrets
from collections.abc import Callable, Sequence
from functools import cached_property, partial

from process_apis.reconciliation.at_work import AtWork
from process_apis.reconciliation.drifts import Drifts
from process_apis.reconciliation.findings import Findings
from process_apis.reconciliation.mending import Mending
from process_apis.reconciliation.process import reconciliation_process
from process_apis.reconciliation.reading import Systems
from process_apis.reconciliation.repairs import Repairs
from process_apis.reconciliation.restored import AfterRestore
from process_apis.reconciliation.rows import Rows
from process_apis.reconciliation.runs import PROCESS, Runs
from process_apis.reconciliation.second_look import SecondLook
from process_apis.reconciliation.service import Schedule, SystemReconciliations
from process_apis.reconciliation.steps import Kept, ReconciliationSteps
from tollway.background import Background, Repeated
from tollway.backup.restores import Restores
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import Engine, Process
from tollway.http.services import Services
from tollway.remotes.crm import RemoteCrm
from tollway.remotes.erp import RemoteErp
from tollway.remotes.processes import RemoteActivation, RemoteCollections, RemoteInvoicing, RemoteOnboarding
from tollway.remotes.psa import RemotePsa
from tollway.settings import Settings
from tollway.storage import Database
from tollway.storage.leases import Leases

LOOK_SECONDS = 60.0
"""Pause between two looks whether a run is due."""
RESTORED_SECONDS = 2.0
"""The same after a restore."""


class ReconciliationParts:
    """The parts of reconciliation, in whichever process they are."""

    def __init__(self, settings: Settings, services: Services, database: Database) -> None:
        self._settings = settings
        self._client = partial(services.client, PROCESS)
        self._database = database
        self._restores = Restores(database)
        rows = Rows(database)
        self._kept = Kept(Runs(database, rows), rows, Findings(database), Drifts(database))

    def process(self, cases: Cases, effects: Effects, engine: Callable[[], Engine]) -> Process:
        """The durable process; the engine that it asks is the one that it will be given to."""
        settings, systems, client = self._settings.reconciliation, self._systems, self._client
        repairs = Repairs(
            systems.psa,
            systems.erp,
            RemoteOnboarding(client("customer-onboarding")),
            systems.invoicing,
            RemoteCollections(client("collections")),
            effects,
        )
        at_work = AtWork(cases, lambda beginnings: engine().unfinished(beginnings))
        mending = Mending(self._kept.drifts, cases, repairs, settings.repair, self._restores)
        return reconciliation_process(ReconciliationSteps(systems, self._kept, at_work, mending, settings))

    def port(self, cases: Cases, engine: Engine) -> SystemReconciliations:
        """What the handlers depend on."""
        look = SecondLook(self._systems)
        return SystemReconciliations(engine, self._kept, look, cases, self._settings.reconciliation)

    def background(self, cases: Cases, engine: Engine) -> Sequence[Background]:
        """What begins the runs after a restore, and the scheduled ones where there are any."""
        settings = self._settings.reconciliation
        leases = Leases(self._database, f"reconciliation-{secrets.token_hex(6)}")
        pause = settings.settle_seconds
        after = AfterRestore(self.port(cases, engine), self._kept.runs, self._restores, leases, pause)
        restored = Repeated("reconciliation after a restore", after.turn, RESTORED_SECONDS)
        if not settings.every_hours:
            return [restored]
        schedule = Schedule(self.port(cases, engine), self._kept, self._systems.activation, leases, settings)
        return [restored, Repeated("reconciliation schedule", schedule.turn, LOOK_SECONDS)]

    @cached_property
    def _systems(self) -> Systems:
        client = self._client
        return Systems(
            crm=RemoteCrm(client("crm")),
            psa=RemotePsa(client("psa")),
            erp=RemoteErp(client("erp")),
            activation=RemoteActivation(client("project-activation")),
            invoicing=RemoteInvoicing(client("invoice-generation")),
            legal_entities=list(self._settings.legal_entities),
        )
