"""Every older major version that is served by transformation over the next newer one, by its name in the routes."""

from collections.abc import Mapping

from gateway.versions import finance_v1
from gateway.versions.base import VersionChange

CHANGES: Mapping[str, VersionChange] = {"finance_v1": finance_v1.CHANGE}
