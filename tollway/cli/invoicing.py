"""Invoice generation put together: its port, and the processes that bill and cancel."""

from functools import partial

from process_apis.invoice_generation.cancelling import CancellingSteps
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.process import cancelling_process, invoicing_process
from process_apis.invoice_generation.recollection import Recollection
from process_apis.invoice_generation.service import InvoiceGeneration
from process_apis.invoice_generation.steps import InvoicingSteps
from tollway.backup.restores import Restores
from tollway.effects import Effects
from tollway.engine import Engine, Process
from tollway.http.services import Services
from tollway.remotes.erp import RemoteErp
from tollway.remotes.processes import RemoteActivation, RemoteCollections
from tollway.remotes.psa import RemotePsa
from tollway.storage import Database


class InvoicingParts:
    """What invoice generation is made of, over the services that it calls."""

    def __init__(self, services: Services, database: Database) -> None:
        client = partial(services.client, "invoice-generation")
        self._psa, self._erp = RemotePsa(client("psa")), RemoteErp(client("erp"))
        self._activation = RemoteActivation(client("project-activation"))
        self._collections = RemoteCollections(client("collections"))
        self._claims = Claims(database)
        ports = (self._psa, self._erp, self._activation)
        self._recollection = Recollection(*ports, self._claims, Restores(database))

    def port(self, engine: Engine) -> InvoiceGeneration:
        """The service as others see it."""
        ports = (self._psa, self._erp, self._activation)
        return InvoiceGeneration(*ports, engine, self._claims, self._recollection)

    def processes(self, effects: Effects) -> list[Process]:
        """Billing runs, and what cancels their invoices."""
        ports = (self._psa, self._erp, self._activation, self._collections)
        billing = InvoicingSteps(*ports, effects, self._claims, self._recollection)
        cancelling = CancellingSteps(self._psa, self._erp, self._collections, effects, self._claims)
        return [invoicing_process(billing), cancelling_process(cancelling)]
