"""The desk of cases put together: what is decided on it, who is asked, and what is looked for beside it."""

import secrets
from collections.abc import Sequence
from functools import partial

from process_apis.casework.processes import ProcessDesk
from process_apis.casework.remedies import Remedies
from process_apis.casework.service import DealCasework
from process_apis.casework.undoing import Undoing
from process_apis.casework.waiting import Waiting
from process_apis.collections.steps import SKIPPABLE as COLLECTIONS
from process_apis.project_activation.steps import SKIPPABLE as ACTIVATION
from process_apis.project_activation.steps import SKIPPABLE_WHEN_CANCELLED as CANCELLATION
from tollway.background import Background
from tollway.case_settings import CaseSettings
from tollway.cases import Cases
from tollway.cases.desk import Desk
from tollway.cases.escalation import Escalation
from tollway.cases.observing import Observer
from tollway.cases.overlays import Overlays
from tollway.cases.skips import Skips
from tollway.cases.waking import Waking
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.http.services import Services
from tollway.remotes.ingress import RemoteIngress
from tollway.remotes.processes import RemoteActivation, RemoteInvoicing, RemoteOnboarding
from tollway.storage import Database
from tollway.storage.leases import Leases

SERVICE = "casework"
SKIPPABLE = {
    "collections": COLLECTIONS,
    "project-activation": ACTIVATION,
    "activation-cancellation": CANCELLATION,
}
"""The steps that people may leave out, by process."""


def casework(
    services: Services,
    database: Database,
    cases: Cases,
    engine: Engine,
    effects: Effects,
    observers: Sequence[Observer],
) -> DealCasework:
    """The desk, over the process services that it asks."""
    client = partial(services.client, SERVICE)
    activation, invoicing = (
        RemoteActivation(client("project-activation")),
        RemoteInvoicing(client("invoice-generation")),
    )
    undoing = Undoing(engine, effects, activation, invoicing)
    waiting = Waiting(engine, RemoteIngress(client("ingress")), undoing)
    remedies = Remedies(cases, Skips(database), RemoteOnboarding(client("customer-onboarding")), waiting, SKIPPABLE)
    processes = ProcessDesk(database, engine, cases, undoing, remedies)
    return DealCasework(cases, Desk(database, observers), engine, effects, Overlays(database), remedies, processes)


def waking(database: Database, cases: Cases, engine: Engine) -> Background:
    """What retries processes that waited for a platform only."""
    leases = Leases(database, f"{SERVICE}:{secrets.token_hex(6)}")
    return Waking(database, leases, cases, engine.retry).repeated()


def escalation(database: Database, settings: CaseSettings, observers: Sequence[Observer]) -> Background:
    """What calls in the lead of operations when cases are not closed in time."""
    leases = Leases(database, f"{SERVICE}:{secrets.token_hex(6)}")
    return Escalation(database, leases, settings, observers).repeated()
