"""The process layer put together: the engine with every process, the services that start them, and the pollers."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from process_apis.casework.service import DealCasework
from process_apis.collections.process import collections_process
from process_apis.collections.service import BillingCollections
from process_apis.collections.steps import CollectionsSteps
from process_apis.customer_onboarding.corrections import CorrectedDeals
from process_apis.customer_onboarding.process import onboarding_process
from process_apis.customer_onboarding.service import KIND, WON, CustomerOnboarding
from process_apis.customer_onboarding.steps import OnboardingSteps
from process_apis.customer_onboarding.terms import Terms
from process_apis.history.service import DealHistory
from process_apis.project_activation.engagements import Engagements, KeptPlans
from process_apis.project_activation.process import activation_process, cancellation_process
from process_apis.project_activation.service import ProjectActivation
from process_apis.project_activation.steps import ActivationSteps
from tollway.audit.effects import EffectAudit
from tollway.background import Background
from tollway.cases import Cases
from tollway.cases.choices import CustomerChoices
from tollway.cases.matters import Matters
from tollway.cases.overlays import Overlays
from tollway.cases.skips import Skips
from tollway.cli.casework import casework, escalation, waking
from tollway.cli.events import EventParts
from tollway.cli.history import history
from tollway.cli.ingress import IngressParts
from tollway.cli.invoicing import InvoicingParts
from tollway.cli.lineage import MAPPINGS
from tollway.cli.platforms import crm_tells
from tollway.cli.reconciliation import ReconciliationParts
from tollway.effects import Effects
from tollway.engine import Engine, Overlooked, Process, Retention
from tollway.events.of_cases import EventsOfCases
from tollway.events.of_effects import EventsOfEffects
from tollway.http.services import Services
from tollway.ingress.changes import taking
from tollway.lineage.observer import LineageWriter
from tollway.remotes.crm import RemoteCrm
from tollway.remotes.erp import RemoteErp
from tollway.remotes.processes import RemoteActivation, RemoteInvoicing, RemoteOnboarding
from tollway.remotes.psa import RemotePsa
from tollway.retries import Retries
from tollway.settings import Settings
from tollway.storage import Database


class Processes:
    """Every process and every process service, over one database and one engine."""

    def __init__(self, settings: Settings, services: Services, database: Database) -> None:
        self._settings = settings
        self._services = services
        self._database = database
        self._events = EventParts(settings, database, services.identity)
        self._effects = Effects(
            database,
            settings.effects.read_back_after,
            read_back_after_of=settings.effects.read_back_after_of,
            lease_seconds=settings.effects.lease_seconds,
            observers=[EventsOfEffects(self._events.log), EffectAudit(LineageWriter(MAPPINGS).write)],
        )
        self._terms = Terms(settings.legal_entities, settings.onboarding)
        self._engagements = Engagements(database, self._events.log)
        self._invoicing = InvoicingParts(services, database)
        self._case_observers = [EventsOfCases(self._events.log, lambda: self.engine.kinds)]
        self.cases = Cases(database, settings.cases, self._case_observers)
        self._skips, self._matters, self._choices = Skips(database), Matters(database), CustomerChoices(database)
        self._ingress = IngressParts(settings, database, self.cases)
        self._reconciliation = ReconciliationParts(settings, services, database)
        self.engine = Engine(self.cases, self._processes(), retries=Retries(settings.retries))
        self.engine.recorders.append(self._events.finished)

    def ports(self, service: str) -> dict[str, Any]:
        """What the handlers of a process service depend on."""
        client = partial(self._services.client, service)
        made: dict[str, Callable[[], dict[str, Any]]] = {
            "customer-onboarding": lambda: {"onboarding": self._onboarding()},
            "project-activation": lambda: {"activation": self._activation(RemoteErp(client("erp")))},
            "invoice-generation": lambda: {"invoicing": self._invoicing.port(self.engine)},
            "collections": lambda: {"collections": self._collections()},
            "event-delivery": lambda: {"events": self._events.port()},
            "ingress": lambda: {"ingress": self._ingress.port()},
            "reconciliation": lambda: {"reconciliations": self._reconciliation.port(self.cases, self.engine)},
            "history": lambda: {"history": self._history()},
            "casework": lambda: {"casework": self._casework()},
        }
        return made[service]()

    def background(self, service: str) -> Sequence[Background]:
        """What a process service does beside answering requests."""
        client = partial(self._services.client, service)
        made: dict[str, Callable[[], Sequence[Background]]] = {
            "customer-onboarding": lambda: self._won_deals(RemoteCrm(client("crm"))),
            "invoice-generation": lambda: self._approved_work(RemotePsa(client("psa"))),
            "collections": lambda: self._changed_invoices(RemoteErp(client("erp"))),
            "casework": lambda: [
                escalation(self._database, self._settings.cases, self._case_observers),
                waking(self._database, self.cases, self.engine),
            ],
            "event-delivery": lambda: self._events.background(self.cases),
            "ingress": self._ingress.background,
            "reconciliation": lambda: self._reconciliation.background(self.cases, self.engine),
        }
        return made[service]() if service in made else ()

    def _won_deals(self, crm: RemoteCrm) -> Sequence[Background]:
        reads, onboard = {"won-deals": crm.won_deals}, self._onboarding().onboard
        polling = self._ingress.polled("customer-onboarding", KIND, WON, reads, onboard)
        if not crm_tells(self._settings):
            return polling
        telling = self._ingress.subscribed(KIND, WON, "won-deal-events", crm.won_deal_events, crm.won_deals)
        return [telling, *polling]

    def _approved_work(self, psa: RemotePsa) -> Sequence[Background]:
        reads, bill = {"approved-work": psa.work_changes}, taking(self._invoicing.port(self.engine).work_changed)
        return self._ingress.polled("invoice-generation", "psa", "work.changed", reads, bill)

    def _changed_invoices(self, erp: RemoteErp) -> Sequence[Background]:
        entities = self._settings.legal_entities
        reads = {f"invoices:{entity}": partial(erp.invoice_changes, entity) for entity in entities}
        tell = taking(self._collections().invoice_changed)
        return self._ingress.polled("collections", "erp", "invoice.changed", reads, tell)

    def _activation(self, erp: RemoteErp) -> ProjectActivation:
        return ProjectActivation(erp, self.engine, self._engagements, KeptPlans(self._database))

    def _casework(self) -> DealCasework:
        observers = self._case_observers
        return casework(self._services, self._database, self.cases, self.engine, self._effects, observers)

    def upkeep(self) -> Sequence[Background]:
        """What the engine needs beside running processes, once it was launched."""
        retention = Retention(self._settings.retention, self._database, self.engine)
        return [retention.repeated(), Overlooked(self._database, self.cases, self.engine).repeated()]

    def _history(self) -> DealHistory:
        return history(
            self._database,
            inbox=self._ingress.inbox,
            engine=self.engine,
            effects=self._effects,
            cases=self.cases,
            events=self._events.log,
        )

    def _onboarding(self) -> CustomerOnboarding:
        erp = RemoteErp(self._services.client("customer-onboarding", "erp"))
        given = (self._deals(), erp, self.engine, self._ingress.inbox, self._terms, self._choices)
        return CustomerOnboarding(*given, self._events.log)

    def _deals(self) -> CorrectedDeals:
        crm = RemoteCrm(self._services.client("customer-onboarding", "crm"))
        return CorrectedDeals(crm, Overlays(self._database))

    def _collections(self) -> BillingCollections:
        invoicing = RemoteInvoicing(self._services.client("collections", "invoice-generation"))
        return BillingCollections(self.engine, invoicing, self._events.log)

    def _processes(self) -> list[Process]:
        activation = self._activation_steps()
        return [
            onboarding_process(self._onboarding_steps()),
            activation_process(activation),
            cancellation_process(activation),
            *self._invoicing.processes(self._effects),
            collections_process(self._collections_steps()),
            self._reconciliation.process(self.cases, self._effects, lambda: self.engine),
        ]

    def _onboarding_steps(self) -> OnboardingSteps:
        client = partial(self._services.client, "customer-onboarding")
        activation = RemoteActivation(client("project-activation"))
        return OnboardingSteps(
            self._deals(),
            RemoteErp(client("erp")),
            activation,
            self._effects,
            self._terms,
            self._choices,
            self._matters,
        )

    def _activation_steps(self) -> ActivationSteps:
        client = partial(self._services.client, "project-activation")
        return ActivationSteps(
            RemoteCrm(client("crm")),
            RemotePsa(client("psa")),
            RemoteErp(client("erp")),
            RemoteOnboarding(client("customer-onboarding")),
            self._effects,
            self.cases,
            self._engagements,
            KeptPlans(self._database),
            self._skips,
            self._matters,
        )

    def _collections_steps(self) -> CollectionsSteps:
        client = partial(self._services.client, "collections")
        invoicing = RemoteInvoicing(client("invoice-generation"))
        return CollectionsSteps(
            RemoteCrm(client("crm")), RemotePsa(client("psa")), invoicing, self._effects, self._skips
        )
