"""What a connection to Tryton needs to be told."""

from typing import Any

import msgspec

from tollway.quota import QuotaSettings
from tollway.settings import Table, convert

EUROPEAN_UNION = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)


def _identifier_types() -> dict[str, str]:
    return {"US": "us_ein", "GB": "gb_vat"} | dict.fromkeys(EUROPEAN_UNION, "eu_vat")


class TrytonSettings(Table):
    """A Tryton database, the login that the integration has there, and the names of what our codes stand for."""

    platform: str = "tryton"
    url: str
    """The server's base URL, without the database."""
    database: str
    """The name of the database."""
    user: str
    """The login of a user who is in the groups of what is integrated and sees all companies (`company_filter`)."""
    password: str
    """That user's password."""

    legal_entities: dict[str, str]
    """The name of each legal entity's company in Tryton, by the legal entity's code."""
    products: dict[str, str]
    """Codes of the service products that `time` and `milestone` are billed as."""
    terms: dict[int, str]
    """Names of payment terms by the days until payment is due."""
    identifier_types: dict[str, str] = msgspec.field(default_factory=_identifier_types)
    """Which of Tryton's identifier types a customer's tax registration is, by its country."""
    tax_exempt_rule: str = ""
    """The name of the tax rule, in every company, of customers who pay no tax; empty refuses such customers."""

    certificate_authority: str = ""
    """A file of certificates to trust instead of the usual ones."""
    timeout_seconds: float = 30.0
    """How long one call may take; posting an invoice takes a second or two."""
    quota: QuotaSettings = QuotaSettings()
    """What the server may be asked for; of itself it has no limits."""


def tryton_settings(name: str, tables: dict[str, Any]) -> TrytonSettings:
    """The settings of connection `name`; raises StartupError."""
    return convert(tables, TrytonSettings, f"connections.{name}")
