"""The system layer put together: adapters for the configured connections, each made once."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

import system_apis.crm.registry
import system_apis.erp.registry
import system_apis.psa.registry
from system_apis.erp.by_entity import ErpByLegalEntity
from tollway.ports.connection import Connection, Shared
from tollway.problems import StartupError, Throttled
from tollway.quota import Quotas
from tollway.service import DEGRADED
from tollway.settings import Settings

if TYPE_CHECKING:  # Redis' library is loaded where there is one
    from tollway.limits.connection import SharedRates

T = TypeVar("T")
log = structlog.get_logger()
CHECK_SECONDS, RECHECK_SECONDS = 60.0, 5.0
"""How long connections count as well, and as not well."""


class Platforms:
    """The adapters of the system services that this process hosts."""

    def __init__(self, settings: Settings, shared_rates: "SharedRates | None" = None, *, alone: bool = True) -> None:
        """`shared_rates` is where all workers count what they ask of an account; without it this process does.

        `alone`: there are no other workers.
        """
        self._settings = settings
        self._uncounted = shared_rates is None and not alone
        self.quotas = Quotas(shared_rates)
        self._shared = Shared(self.quotas)
        self._states: dict[str, str] = {}
        self._checked = float("-inf")
        self.connected: dict[str, Connection] = {}
        """Adapters by what they serve, such as `crm (salesforce)`."""

    def ports(self, service: str) -> dict[str, Any]:
        """What the handlers of a system service depend on; raises StartupError."""
        if self._uncounted:
            log.warning("quotas counted by this worker alone", service=service, missing="redis.url")
        match service:
            case "crm":
                return {"crm": self._domain("crm", system_apis.crm.registry.PLATFORMS)}
            case "psa":
                return {"psa": self._domain("psa", system_apis.psa.registry.PLATFORMS)}
            case "erp":
                return {"erp": self._erps()}
        raise StartupError(f"There is no system service {service}.")

    async def check(self) -> dict[str, str]:
        """How each connection is: `ok`, or why it is not; asked once a minute while well, for it costs quota."""
        well = all(state == "ok" for state in self._states.values())
        if time.monotonic() - self._checked > (CHECK_SECONDS if well else RECHECK_SECONDS):
            self._states, self._checked = await self._ask(), time.monotonic()
        return self._states

    async def _ask(self) -> dict[str, str]:
        states = {}
        for name, connection in self.connected.items():
            try:
                await connection.check()
                states[name] = "ok"
            except Throttled as error:  # the platform is well, so the service stays, and tells callers to come later
                states[name] = DEGRADED + error.detail
            except Exception as error:  # noqa: BLE001 - whatever it is, the connection is not well
                states[name] = str(error)
        return states

    async def close(self) -> None:
        """Close every connection."""
        for connection in self.connected.values():
            await connection.close()
        await self._shared.close()

    def _domain(self, domain: str, platforms: Mapping[str, Any]) -> Any:
        chosen = self._settings.crm if domain == "crm" else self._settings.psa
        build = _known(platforms, chosen.platform, f"{domain}.platform")
        adapter = build(chosen.connection, self._settings.connections[chosen.connection], self._shared)
        self.connected[f"{domain} ({chosen.connection})"] = adapter
        return adapter

    def _erps(self) -> ErpByLegalEntity:
        adapters = {}
        for name in sorted({entity.erp for entity in self._settings.legal_entities.values()}):
            tables = self._settings.connections[name]
            build = _known(
                system_apis.erp.registry.PLATFORMS, tables.get("platform", ""), f"connections.{name}.platform"
            )
            adapters[name] = build(name, tables, self._shared)
            self.connected[f"erp ({name})"] = adapters[name]
        return ErpByLegalEntity(self._settings.legal_entities, adapters)


def crm_tells(settings: Settings) -> bool:
    """Whether the CRM is set up to tell of changes by itself; raises StartupError."""
    chosen = settings.crm
    tells = system_apis.crm.registry.TELLING.get(chosen.platform)
    return tells is not None and tells(chosen.connection, settings.connections[chosen.connection])


def _known(platforms: Mapping[str, T], platform: str, setting: str) -> T:
    if platform not in platforms:
        raise StartupError(f"The setting {setting} is {platform!r}; there are: {', '.join(platforms)}.")
    return platforms[platform]
