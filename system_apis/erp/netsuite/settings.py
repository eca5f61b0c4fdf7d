"""What a connection to NetSuite needs to be told."""

from typing import Annotated, Any, ClassVar

import msgspec

from tollway.problems import StartupError
from tollway.quota import QuotaSettings
from tollway.settings import Table, convert

InternalId = Annotated[str, msgspec.Meta(pattern="^-?[0-9]+$", description="An id that NetSuite gave a record.")]


class Subsidiary(Table):
    """The NetSuite subsidiary that is one of our legal entities."""

    subsidiary: InternalId
    """Its internal id."""
    tax_code: InternalId | None = None
    """Internal id of the tax code that new taxable customers get; without it, NetSuite's nexus decides."""


class NetSuiteQuota(QuotaSettings):
    """What an account may be asked for, by all its integrations together.

    Source: NetSuite Help, "Web Services and RESTlet Concurrency Governance": 5 calls at once in the smallest service
    tier without SuiteCloud Plus; an account tells how many it has.
    """

    assumed_concurrency: ClassVar[int | None] = 5


class NetSuiteSettings(Table):
    """A NetSuite account, how to log in there, and the internal ids of what our codes stand for."""

    platform: str = "netsuite"
    account: str
    """The account id as NetSuite shows it, such as `1234567` or `1234567_SB1`."""
    url: str = ""
    """The base URL of the REST web services; empty is the account's own at suitetalk.api.netsuite.com."""

    client_id: str = ""
    """The client id of the integration record, for OAuth 2.0 machine to machine."""
    certificate_id: str = ""
    """The id NetSuite gave the certificate that was uploaded for the integration."""
    private_key: str = ""
    """Path of the certificate's private key (PEM; RSA of 3072 bits or more, or an elliptic curve)."""

    consumer_key: str = ""
    """The consumer key of the integration record, for token-based authentication instead."""
    consumer_secret: str = ""
    """The secret that belongs to the consumer key."""
    token_id: str = ""
    """The id of the access token issued to the integration's role."""
    token_secret: str = ""
    """The secret that belongs to the token id."""

    legal_entities: dict[str, Subsidiary]
    """The subsidiaries by the code of the legal entity."""
    items: dict[str, InternalId]
    """Internal ids of the service items that `time` and `milestone` are billed as."""
    terms: dict[int, InternalId]
    """Internal ids of payment terms by the days until payment is due."""
    departments: dict[str, InternalId] = {}
    """Internal ids of departments by cost centre; without any, documents carry no department."""
    classes: dict[str, InternalId] = {}
    """Internal ids of classes by service line; without any, documents carry no class."""
    closed_project_status: InternalId
    """Internal id of the project status that means closed."""
    approve_invoices: bool = False
    """Whether the account routes invoices for approval: they are then created pending and approved by posting."""

    certificate_authority: str = ""
    """A file of certificates to trust instead of the usual ones."""
    timeout_seconds: float = 60.0
    """How long one call may take."""
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    """Rows per page of a query; NetSuite gives 1,000 at most."""
    quota: NetSuiteQuota = NetSuiteQuota()
    """What the account may be asked for."""

    @property
    def base_url(self) -> str:
        """Where the account's REST web services answer."""
        host = self.account.lower().replace("_", "-")
        return self.url.rstrip("/") or f"https://{host}.suitetalk.api.netsuite.com"

    @property
    def machine_to_machine(self) -> bool:
        """Whether OAuth 2.0 is used, as opposed to token-based authentication."""
        return bool(self.client_id)


_MACHINE = ("client_id", "certificate_id", "private_key")
_TOKEN = ("consumer_key", "consumer_secret", "token_id", "token_secret")


def netsuite_settings(name: str, tables: dict[str, Any]) -> NetSuiteSettings:
    """The settings of connection `name`; raises StartupError unless exactly one way to log in is complete."""
    where = f"connections.{name}"
    settings = convert(tables, NetSuiteSettings, where)
    machine, token = _given(settings, _MACHINE), _given(settings, _TOKEN)
    if machine and token:
        raise StartupError(
            f"The setting {where}.{token[0]} is one login too many beside {machine[0]}: "
            "give either client_id, certificate_id and private_key, or the consumer and token settings."
        )
    wanted = _TOKEN if token else _MACHINE
    missing = next((setting for setting in wanted if setting not in (*machine, *token)), None)
    if missing:
        raise StartupError(f"The setting {where}.{missing} is missing: NetSuite needs {', '.join(wanted)} to log in.")
    return settings


def _given(settings: NetSuiteSettings, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(settings, name)]
