"""The process layer put together: the engine with every process, the services that start them, and the pollers."""

from functools import partial
from typing import Any

from process_apis.casework.service import DealCasework
from process_apis.collections.process import collections_process
from process_apis.collections.service import BillingCollections
from process_apis.collections.steps import CollectionsSteps
from process_apis.customer_onboarding.process import onboarding_process
from process_apis.customer_onboarding.service import CustomerOnboarding
from process_apis.customer_onboarding.steps import OnboardingSteps
from process_apis.customer_onboarding.terms import Terms
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.process import invoicing_process
from process_apis.invoice_generation.service import InvoiceGeneration
from process_apis.invoice_generation.steps import InvoicingSteps
from process_apis.project_activation.engagements import Engagements, KeptPlans
from process_apis.project_activation.process import activation_process, cancellation_process
from process_apis.project_activation.service import ProjectActivation
from process_apis.project_activation.steps import ActivationSteps
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import Engine, Process
from tollway.http.services import Services
from tollway.inbox import Inbox
from tollway.polling import Poller
from tollway.remotes.crm import RemoteCrm
from tollway.remotes.erp import RemoteErp
from tollway.remotes.processes import RemoteActivation, RemoteCollections, RemoteInvoicing, RemoteOnboarding
from tollway.remotes.psa import RemotePsa
from tollway.settings import Settings
from tollway.storage import Database


class Processes:
    """Every process and every process service, over one database and one engine."""

    def __init__(self, settings: Settings, services: Services, database: Database) -> None:
        self._settings = settings
        self._services = services
        self._database = database
        self._effects = Effects(database)
        self._terms = Terms(settings.legal_entities, settings.onboarding)
        self._inbox = Inbox(database)
        self._engagements = Engagements(database)
        self.cases = Cases(database)
        self.engine = Engine(self.cases, self._processes())

    def ports(self, service: str) -> dict[str, Any]:
        """What the handlers of a process service depend on."""
        client = partial(self._services.client, service)
        match service:
            case "customer-onboarding":
                return {"onboarding": self._onboarding()}
            case "project-activation":
                erp, kept = RemoteErp(client("erp")), KeptPlans(self._database)
                return {"activation": ProjectActivation(erp, self.engine, self._engagements, kept)}
            case "invoice-generation":
                return {"invoicing": self._invoicing()}
            case "collections":
                return {"collections": self._collections()}
            case _:
                activation = RemoteActivation(client("project-activation"))
                invoicing = RemoteInvoicing(client("invoice-generation"))
                return {"casework": DealCasework(self.cases, self.engine, activation, invoicing)}

    def pollers(self, service: str) -> list[Poller]:
        """What a process service asks platforms for by itself."""
        client = partial(self._services.client, service)
        poller = partial(Poller, database=self._database, settings=self._settings.polling)
        if service == "customer-onboarding":
            return [poller("won-deals", RemoteCrm(client("crm")).won_deals, self._onboarding().won_deal_changed)]
        if service == "invoice-generation":
            return [poller("approved-work", RemotePsa(client("psa")).work_changes, self._invoicing().work_changed)]
        if service == "collections":
            erp, handle = RemoteErp(client("erp")), self._collections().invoice_changed
            return [
                poller(f"invoices:{entity}", partial(erp.invoice_changes, entity), handle)
                for entity in self._settings.legal_entities
            ]
        return []

    def _onboarding(self) -> CustomerOnboarding:
        crm = RemoteCrm(self._services.client("customer-onboarding", "crm"))
        return CustomerOnboarding(crm, self.engine, self._inbox, self._terms)

    def _invoicing(self) -> InvoiceGeneration:
        client = partial(self._services.client, "invoice-generation")
        return InvoiceGeneration(
            RemotePsa(client("psa")),
            RemoteErp(client("erp")),
            RemoteActivation(client("project-activation")),
            self.engine,
            self._inbox,
            Claims(self._database),
        )

    def _collections(self) -> BillingCollections:
        invoicing = RemoteInvoicing(self._services.client("collections", "invoice-generation"))
        return BillingCollections(self.engine, self._inbox, invoicing)

    def _processes(self) -> list[Process]:
        activation = self._activation_steps()
        return [
            onboarding_process(self._onboarding_steps()),
            activation_process(activation),
            cancellation_process(activation),
            invoicing_process(self._invoicing_steps()),
            collections_process(self._collections_steps()),
        ]

    def _onboarding_steps(self) -> OnboardingSteps:
        client = partial(self._services.client, "customer-onboarding")
        activation = RemoteActivation(client("project-activation"))
        return OnboardingSteps(
            RemoteCrm(client("crm")), RemoteErp(client("erp")), activation, self._effects, self._terms
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
        )

    def _invoicing_steps(self) -> InvoicingSteps:
        client = partial(self._services.client, "invoice-generation")
        return InvoicingSteps(
            RemotePsa(client("psa")),
            RemoteErp(client("erp")),
            RemoteActivation(client("project-activation")),
            RemoteCollections(client("collections")),
            self._effects,
            Claims(self._database),
        )

    def _collections_steps(self) -> CollectionsSteps:
        client = partial(self._services.client, "collections")
        invoicing = RemoteInvoicing(client("invoice-generation"))
        return CollectionsSteps(RemoteCrm(client("crm")), RemotePsa(client("psa")), invoicing, self._effects)
