"""The ERP platforms: add a folder here, and one line below."""

from collections.abc import Callable, Mapping
from typing import Any

from system_apis.erp.netsuite.operations import build_netsuite
from system_apis.erp.tryton.operations import build_tryton
from tollway.ports.erp import Erp

PLATFORMS: Mapping[str, Callable[[str, dict[str, Any]], Erp]] = {
    "netsuite": build_netsuite,
    "tryton": build_tryton,
}
