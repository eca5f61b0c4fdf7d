"""Every service there is: its name, its layer, and the handlers of its HTTP face."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from litestar.handlers import HTTPRouteHandler

import experience_apis.events.api
import experience_apis.finance.api
import experience_apis.inbound.api
import experience_apis.operations.api
import experience_apis.sales.api
import experience_apis.webhooks.api
import process_apis.casework.api
import process_apis.collections.api
import process_apis.customer_onboarding.api
import process_apis.event_delivery.api
import process_apis.history.api
import process_apis.ingress.api
import process_apis.invoice_generation.api
import process_apis.project_activation.api
import process_apis.reconciliation.api
import system_apis.crm.api
import system_apis.erp.api
import system_apis.psa.api

GATEWAY = "gateway"
CONTRACTS = Path(__file__).parents[2] / "openapi"
"""The folder of published contracts."""


class Entry(msgspec.Struct, frozen=True):
    """A service of a layer."""

    layer: Literal["system", "process", "experience"]
    title: str
    handlers: Sequence[HTTPRouteHandler]
    major: int = 1

    def contract(self, name: str) -> str:
        """The file of its published contract, below the folder of contracts."""
        return f"{self.layer}/{name}.v{self.major}.yaml"


SERVICES: Mapping[str, Entry] = {
    "crm": Entry("system", "CRM", system_apis.crm.api.HANDLERS),
    "psa": Entry("system", "PSA", system_apis.psa.api.HANDLERS),
    "erp": Entry("system", "ERP", system_apis.erp.api.HANDLERS),
    "customer-onboarding": Entry("process", "Customer onboarding", process_apis.customer_onboarding.api.HANDLERS),
    "project-activation": Entry("process", "Project activation", process_apis.project_activation.api.HANDLERS),
    "invoice-generation": Entry("process", "Invoice generation", process_apis.invoice_generation.api.HANDLERS),
    "collections": Entry("process", "Collections", process_apis.collections.api.HANDLERS),
    "reconciliation": Entry("process", "Reconciliation", process_apis.reconciliation.api.HANDLERS),
    "history": Entry("process", "History", process_apis.history.api.HANDLERS),
    "casework": Entry("process", "Casework", process_apis.casework.api.HANDLERS),
    "event-delivery": Entry("process", "Event delivery", process_apis.event_delivery.api.HANDLERS),
    "ingress": Entry("process", "Ingress", process_apis.ingress.api.HANDLERS),
    "sales": Entry("experience", "Sales", experience_apis.sales.api.HANDLERS),
    "finance": Entry("experience", "Finance", experience_apis.finance.api.HANDLERS, major=2),
    "operations": Entry("experience", "Operations", experience_apis.operations.api.HANDLERS),
    "inbound": Entry("experience", "Inbound", experience_apis.inbound.api.HANDLERS),
    "webhooks": Entry("experience", "Webhooks", experience_apis.webhooks.api.HANDLERS),
    "events": Entry("experience", "Events", experience_apis.events.api.HANDLERS),
}


def of_layer(layer: str) -> list[str]:
    """The names of a layer's services."""
    return [name for name, entry in SERVICES.items() if entry.layer == layer]
