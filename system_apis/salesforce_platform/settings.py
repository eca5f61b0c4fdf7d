"""How a Salesforce org is reached: the settings that its CRM and its Certinia PSA share."""

from typing import Annotated, Any, ClassVar

import msgspec

from tollway.problems import StartupError
from tollway.quota import QuotaSettings
from tollway.settings import Table, convert


class OrgQuota(QuotaSettings):
    """What an org may be asked for; it tells its calls of 24 hours in every answer.

    Source: 'Salesforce Developer Limits: API Request Limits and Allocations', 25 calls of 20 seconds or more at once.
    """

    assumed_concurrency: ClassVar[int | None] = 25


class OrgSettings(Table):
    """A connected app of an org, with the client credentials flow or the JWT bearer flow."""

    url: str = "https://login.salesforce.com"
    """The login host: the org's My Domain (which client credentials need), or the login host of its kind."""
    client_id: str
    """The consumer key of the connected app."""
    client_secret: str = ""
    """The consumer secret, for the client credentials flow."""
    private_key: str = ""
    """The PEM file of the key whose certificate the connected app trusts, for the JWT bearer flow."""
    username: str = ""
    """The integration user, for the JWT bearer flow."""
    audience: str = ""
    """Whom the assertion of the JWT bearer flow is for; empty is `url`."""
    api_version: Annotated[str, msgspec.Meta(pattern=r"^(4[6-9]|[5-9]\d)\.0$")] = "62.0"
    """The version of the REST API; upserts tell of the record they changed from 46.0 on."""
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """The longest wait for an answer."""
    certificate_authority: str = ""
    """A file of certificates to trust instead of the usual ones."""
    quota: OrgQuota = OrgQuota()
    """What the org may be asked for."""
    events: bool = False
    """Whether to subscribe to the org's change events; it has to have Opportunity selected for Change Data Capture."""
    events_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+$")] = "https://api.pubsub.salesforce.com:7443"
    """Where the org's Pub/Sub API answers; its other endpoint is `https://api.deu.pubsub.salesforce.com:7443`."""


def read_settings(name: str, tables: dict[str, Any]) -> OrgSettings:
    """The settings of the connection `name`; raises StartupError with one sentence that names what is wrong."""
    where = f"connections.{name}"
    settings = convert({key: value for key, value in tables.items() if key != "platform"}, OrgSettings, where)
    if bool(settings.client_secret) == bool(settings.private_key):
        raise StartupError(f"The settings {where} need either client_secret or private_key, and not both.")
    if bool(settings.private_key) != bool(settings.username):
        raise StartupError(f"The settings {where}.private_key and {where}.username belong together.")
    return settings
