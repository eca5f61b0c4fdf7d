"""The configuration: one TOML file, overridden by environment variables, checked before anything starts.

`TOLLWAY_GATEWAY__PORT=9000` overrides `port` in `[gateway]`; two underscores go one table deeper.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from tollway import case_settings, reconciliation_settings
from tollway.case_settings import CaseSettings
from tollway.effects.settings import EffectSettings
from tollway.engine_settings import EngineSettings
from tollway.events.settings import EventsSettings
from tollway.ingress.settings import WebhookSettings
from tollway.oauth.settings import IssuerSettings
from tollway.problems import StartupError
from tollway.reconciliation_settings import ReconciliationSettings
from tollway.retention_settings import RetentionSettings
from tollway.retries import RetrySettings
from tollway.setting_names import sentence
from tollway.strict import Strict
from tollway.telemetry.settings import TelemetrySettings

PREFIX = "TOLLWAY_"
T = TypeVar("T")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Table(Strict):
    """A table of the configuration, which refuses settings it does not know."""


class StorageSettings(Table):
    """Where business data and the engine's state are kept."""

    folder: str = ".tollway"
    """The folder of SQLite files, sandbox states and generated keys of the embedded form."""
    url: str = ""
    """`postgresql://…` for the distributed form; empty keeps SQLite files in `folder`."""


class IdentitySettings(Table):
    """How services know one another."""

    key: str = ""
    """A secret of 32 characters or more that all services share; the embedded form makes and keeps its own."""


class GatewaySettings(Table):
    """The one address that callers see."""

    host: str = "127.0.0.1"
    port: Port = 8080
    routes: str = ""
    """The file of API products and plans, taken into use whenever it changes; empty is the one that is shipped."""
    issuer: str = ""
    """The OAuth issuer whose tokens are taken, found by RFC 8414 metadata; empty is the embedded development one."""
    audience: str = "tollway"
    """What a token's `aud` must contain."""
    issuers: dict[str, IssuerSettings] = {}
    """More issuers whose tokens are taken, each under a name of our choice."""
    tls_terminators: list[str] = []
    """The networks, such as `10.0.0.0/28`, of those in front of the gateway that end TLS. They say by `X-Forwarded-For`
    who calls, and may pass on client certificates (RFC 9440); from anywhere else both headers count for nothing."""
    public_url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[A-Za-z0-9.\-\[\]:]+)?$")] = ""
    """The address by which callers know the gateway, say `https://api.example.com`: links begin with it, and https has
    browsers keep to https. Empty has links that are relative; a caller's Host header makes none."""

    @property
    def trusted_issuers(self) -> list[IssuerSettings]:
        """Every issuer whose tokens are taken; none leaves the development issuer."""
        named = list(self.issuers.values())
        return [IssuerSettings(url=self.issuer), *named] if self.issuer else named


class RedisSettings(Table):
    """Where all gateways count together what their callers take."""

    url: str = ""
    """`redis://…` or `rediss://…`, of Redis or Valkey; empty counts in the memory of each gateway by itself."""
    timeout: Annotated[float, msgspec.Meta(gt=0)] = 0.25
    """Seconds it may take to count a request; beyond them it is away."""
    lease: Annotated[int, msgspec.Meta(ge=1)] = 1000
    """Permits of a limit that a gateway fetches at a time, at most, where limits are counted by leases; never more than
    a tenth of the limit."""


class ServiceSettings(Table):
    """Where one service answers, in the distributed form."""

    url: str
    """Its base URL, as the other services reach it; where it runs several times all of them, with spaces between."""


class DomainSettings(Table):
    """Which platform serves a domain."""

    platform: str
    """`salesforce` for crm, `certinia` for psa."""
    connection: str
    """The name of a table in `[connections]`."""


class LegalEntity(Table):
    """A firm of our group that sells and bills."""

    name: str
    country: str
    currencies: list[str]
    """The ISO 4217 currencies it bills in."""
    erp: str
    """The connection whose platform is its ERP."""
    tax_registration_required: bool = True
    """Whether its customers' tax registration must be known before billing, unless they are tax exempt."""


class ServiceLine(Table):
    """A kind of service that is sold."""

    name: str
    cost_centre: str
    """The cost centre that delivers it, unless the deal names another."""


class PollingSettings(Table):
    """How often platforms are asked for what they did not tell us."""

    seconds: float = 30.0
    """Pause between two looks."""
    overlap_seconds: float = 120.0
    """How far each look reaches back, for changes that became visible late."""


class OnboardingSettings(Table):
    """The rules a deal is checked against."""

    payment_terms: dict[str, int] = {}
    """The names that the CRM uses for payment terms, and the days each means."""
    service_lines: dict[str, ServiceLine] = {}


class SandboxSettings(Table):
    """A sandbox that the embedded form starts in the place of a real platform."""

    port: Port
    client_id: str = "sandbox"
    """The client id (for NetSuite the consumer key and token id) that the sandbox accepts."""
    client_secret: str = "sandbox"  # noqa: S105 - a sandbox holds nothing to protect
    """The secret that the sandbox accepts with it."""
    events_port: Port = 0
    """Where Salesforce's sandbox serves the Pub/Sub API; 0 has it capture no changes."""


class Settings(Table):
    """All settings."""

    storage: StorageSettings = StorageSettings()
    identity: IdentitySettings = IdentitySettings()
    gateway: GatewaySettings = GatewaySettings()
    redis: RedisSettings = RedisSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    services: dict[str, ServiceSettings] = {}
    """The services by name; those not named answer in this process."""
    crm: DomainSettings
    psa: DomainSettings
    connections: dict[str, dict[str, Any]]
    """The platform accounts by name; each has `platform` and what that platform's `settings.py` says."""
    legal_entities: dict[str, LegalEntity]
    onboarding: OnboardingSettings = OnboardingSettings()
    cases: CaseSettings = CaseSettings()
    polling: PollingSettings = PollingSettings()
    webhooks: dict[str, WebhookSettings] = {}
    """What platforms call that sign what they send, by the name that ends the address."""
    engine: EngineSettings = EngineSettings()
    retention: RetentionSettings = RetentionSettings()
    effects: EffectSettings = EffectSettings()
    retries: RetrySettings = RetrySettings()
    events: EventsSettings = EventsSettings()
    reconciliation: ReconciliationSettings = ReconciliationSettings()
    sandboxes: dict[str, SandboxSettings] = {}
    """Sandboxes by platform, which `tollway up` starts; without the table none is."""

    @property
    def folder(self) -> Path:
        """The state folder."""
        return Path(self.storage.folder)


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read, override and check the configuration; raises StartupError with one sentence that names what is wrong."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StartupError(f"There is no configuration file {path}; name one with --config.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartupError(f"The configuration file {path} cannot be read: {error}.") from error
    return check(overridden(tables, environment))


def check(tables: dict[str, Any]) -> Settings:
    """Settings from plain tables; raises StartupError."""
    settings = convert(tables, Settings, "")
    for code, entity in settings.legal_entities.items():
        if entity.erp not in settings.connections:
            raise StartupError(
                f"The setting legal_entities.{code}.erp names no table in [connections]: {entity.erp!r}."
            )
    case_settings.check(settings.cases, settings.legal_entities)
    reconciliation_settings.check(settings.reconciliation)
    for domain, chosen in (("crm", settings.crm), ("psa", settings.psa)):
        if chosen.connection not in settings.connections:
            raise StartupError(
                f"The setting {domain}.connection names no table in [connections]: {chosen.connection!r}."
            )
    return settings


def convert(tables: Any, kind: type[T], where: str) -> T:
    """Tables as a struct; raises StartupError that names the setting below the table `where`."""
    try:
        return msgspec.convert(tables, kind, strict=False)
    except msgspec.ValidationError as error:
        raise StartupError(sentence(str(error), tables, kind, where)) from None


def overridden(tables: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The tables with every `TOLLWAY_…` variable laid over them; names match without regard to case."""
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        *path, last = variable.removeprefix(PREFIX).split("__")
        table = tables
        for part in path:
            table = table.setdefault(_key(table, part), {})
            if not isinstance(table, dict):
                raise StartupError(f"The variable {variable} overrides a setting that is not a table.")
        table[_key(table, last)] = value
    return tables


def _key(table: dict[str, Any], part: str) -> str:
    wanted = part.lower().replace("-", "_")
    return next((key for key in table if key.lower().replace("-", "_") == wanted), part.lower())
