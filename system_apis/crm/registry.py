"""The CRM platforms that can be chosen, one line each."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from system_apis.crm.salesforce.operations import build_salesforce_crm, tells_events
from tollway.ports.connection import Connection, Shared
from tollway.ports.crm import Crm


class CrmAdapter(Crm, Connection, Protocol):
    """The port on a connected platform."""


TELLING: Mapping[str, Callable[[str, dict[str, Any]], bool]] = {
    "salesforce": tells_events,
}
"""The platforms that tell of changes by themselves, if the settings of a connection say so."""

PLATFORMS: Mapping[str, Callable[[str, dict[str, Any], Shared], CrmAdapter]] = {
    "salesforce": build_salesforce_crm,
}
