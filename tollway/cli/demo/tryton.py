"""The demo's stage with the real ERP: Tryton on PostgreSQL in the place of NetSuite's sandbox."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.mapping import account_marker
from system_apis.erp.tryton.markers import identities
from system_apis.erp.tryton.settings import tryton_settings
from tollway.canonical.invoice import Invoice
from tollway.cli.demo.deals import DemoDeal
from tollway.cli.demo.finance import Books, Finance, counted
from tollway.cli.patience import in_turn
from tollway.cli.tryton_server import TrytonServer, tryton_server
from tollway.http.platforms import PlatformClient
from tollway.settings import Settings

NAME = "tryton"
CACHE = Path(".cache")


@asynccontextmanager
async def tryton_stage(settings: Settings, tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Finance]]:
    """A running Tryton, the settings in which every legal entity's books are there, and finance at work in it."""
    async with tryton_server(CACHE, tell) as server:
        tables = _tables(server, settings)
        entities = {code: replace(entity, erp=NAME) for code, entity in settings.legal_entities.items()}
        sandboxes = {name: sandbox for name, sandbox in settings.sandboxes.items() if name != "netsuite"}
        staged = replace(
            settings,
            connections=settings.connections | {NAME: tables},
            legal_entities=entities,
            sandboxes=sandboxes,
        )
        yield staged, TrytonFinance(tables)


class TrytonFinance:
    """Finance at a Tryton database."""

    def __init__(self, tables: dict[str, Any]) -> None:
        settings = tryton_settings(NAME, tables)
        self._http = PlatformClient("Tryton", settings.url, timeout=settings.timeout_seconds)
        self._client = TrytonClient(settings, self._http)
        self._entities = list(settings.legal_entities)

    async def know(self, deal: DemoDeal) -> None:
        kind = {"US": "us_ein", "GB": "gb_vat"}[deal.legal_entity_country]
        party = {
            "name": deal.known_to_finance_as,
            "code": "FINANCE-0001",
            "identifiers": [["create", [{"type": kind, "code": deal.tax_registration}]]],
            "addresses": [["create", [{"street": "1 Market Street", "city": deal.city, "invoice": True}]]],
        }
        company = await self._client.company(deal.legal_entity)
        await self._client.call("model.party.party.create", [party], company=company)

    async def receive_payment(self, invoice: Invoice) -> None:
        company = await self._client.company(invoice.legal_entity)
        ours = [("company", "=", company)]
        methods = await self._client.call(
            "model.account.invoice.payment.method.search", ours, 0, 1, None, company=company
        )
        today = dt.datetime.now(dt.UTC).date()
        paid = (int(invoice.id), invoice.total.amount, methods[0], today)
        # Tryton books one posting or payment of a company at a time, and sends others away that wait too long.
        await in_turn(lambda: self._client.pay(*paid, company=company))

    async def books(self) -> Books:
        customers = await self._column("party.identifier", [("code", "like", account_marker("%"))], "code")
        registrations = await self._column("party.identifier", [("type", "!=", None)], "code")
        comments = await self._column("project.work", [("type", "=", "project")], "comment")
        projects = [number for comment in comments if (number := identities(comment).get("project"))]
        ours = [("reference", "like", "PRJ-%")]
        invoices = await self._column("account.invoice", ours, "reference")
        paid = await self._column("account.invoice", [*ours, ("state", "=", "paid")], "reference")
        return counted(customers, projects, invoices, paid, registrations)

    async def close(self) -> None:
        await self._http.close()

    async def _column(self, model: str, domain: list[Any], field: str) -> list[str]:
        """A field of the records of all companies; those that belong to none are counted once."""
        found: dict[int, str] = {}
        for entity in self._entities:
            company, method = await self._client.company(entity), f"model.{model}.search_read"
            rows = await self._client.call(method, domain, 0, None, None, [field], company=company)
            found |= {row["id"]: row[field] or "" for row in rows}
        return list(found.values())


def _tables(server: TrytonServer, settings: Settings) -> dict[str, Any]:
    return {
        "platform": NAME,
        "url": server.url,
        "database": server.database,
        "user": server.user,
        "password": server.password,
        "legal_entities": {code: entity.name for code, entity in settings.legal_entities.items()},
        "products": {"time": "CONS-H", "milestone": "FIX-M"},
        "terms": {days: f"Net {days}" for days in (15, 30, 45, 60)},
    }
