"""The ERP platforms: add a folder here, and one line below."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from system_apis.erp.netsuite.operations import build_netsuite
from system_apis.erp.tryton.operations import build_tryton
from tollway.ports.connection import Connection, Shared
from tollway.ports.erp import Erp


class ErpConnection(Erp, Connection, Protocol):
    """A connected account of an ERP."""


PLATFORMS: Mapping[str, Callable[[str, dict[str, Any], Shared], ErpConnection]] = {
    "netsuite": build_netsuite,
    "tryton": build_tryton,
}
