"""What our codes stand for in the Tryton database of one connection, and how its records are read."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, TypeVar

import msgspec

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.models import Id, Shown, paths
from system_apis.erp.tryton.settings import TrytonSettings
from tollway.canonical.case import Category
from tollway.problems import ContractDrift, Malformed, ProblemError, Rejected, UnknownOutcome

R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T", bound=Shown)
PAGE = 200
"""Records of a page."""


class Account:
    """Looks codes up in the settings and in Tryton; what is missing is a refusal that says where to add it."""

    def __init__(self, name: str, settings: TrytonSettings, client: TrytonClient) -> None:
        self.client = client
        self.settings = settings
        self.creating: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By company: held from looking for what has no unique key in Tryton until it is created."""
        self._where = f"connections.{name}"
        self._known: dict[tuple[str, str, str, int | None], int] = {}

    async def company(self, legal_entity: str) -> int:
        """The company of a legal entity."""
        if legal_entity not in self.settings.legal_entities:
            raise Rejected(
                f"Tryton has no company for legal entity {legal_entity}; "
                f"name one in the setting {self._where}.legal_entities.{legal_entity}.",
                category=Category.UNMAPPED_LEGAL_ENTITY,
            )
        return await self.client.company(legal_entity)

    async def currency(self, code: str) -> int:
        """The currency with this code."""
        return await self._known_as("currency.currency", "code", code)

    async def terms(self, payment_days: int) -> int:
        """The payment terms of so many days."""
        names = {str(days): name for days, name in self.settings.terms.items()}
        return await self._known_as(
            "account.invoice.payment_term", "name", self._set("terms", names, str(payment_days))
        )

    async def product(self, kind: str) -> int:
        """The service product of a kind of line."""
        return await self._known_as("product.product", "code", self._set("products", self.settings.products, kind))

    async def tax_exemption(self, company: int) -> int:
        """The company's tax rule of customers who pay no tax."""
        if not self.settings.tax_exempt_rule:
            raise _refused(
                f"Nobody told which rule frees from tax in Tryton; name it in {self._where}.tax_exempt_rule."
            )
        return await self._known_as("account.tax.rule", "name", self.settings.tax_exempt_rule, company)

    async def country(self, code: str) -> int:
        """The country with this code."""
        return await self._known_as("country.country", "code", code)

    def identifier_type(self, country: str) -> str:
        """What kind of number a country's tax registrations are."""
        return self._set("identifier_types", self.settings.identifier_types, country)

    async def read(
        self,
        kind: type[T],
        model: str,
        domain: list[Any],
        *,
        company: int | None = None,
        limit: int | None = None,
        order: list[tuple[str, str]] | None = None,
        inactive: bool = False,
    ) -> list[T]:
        """The records that a domain finds, `inactive` ones too when wanted."""
        found = await self.client.call(
            f"model.{model}.search_read",
            *(domain, 0, limit, order or [("id", "ASC")], paths(kind)),
            company=company,
            context={"active_test": not inactive},
        )
        return [converted(record, kind, model) for record in found]

    async def _known_as(self, model: str, field: str, name: str, company: int | None = None) -> int:
        """The one record with this name, which is asked for once."""
        key = (model, field, name, company)
        if key not in self._known:
            domain: list[Any] = [(field, "=", name)]
            found = await self.read(Id, model, domain + ([("company", "=", company)] if company else []), limit=1)
            if not found:
                raise _refused(f"Tryton has no {model} with the {field} {name}; add it there or mend the settings.")
            self._known[key] = found[0].id
        return self._known[key]

    def _set(self, table: str, names: dict[str, str], code: str) -> str:
        if code not in names:
            raise _refused(
                f"Nobody told what {code} is in Tryton; name it in the setting {self._where}.{table}.{code}."
            )
        return names[code]


def place(after: str) -> int:
    """The id that a listing continues behind; raises Malformed when it is none."""
    if after and not (after.isascii() and after.isdigit()):
        raise Malformed(f"The place to continue from, {after}, is none of Tryton's: they are numbers.")
    return int(after or 0)


def converted(found: Any, kind: type[S], what: str) -> S:
    """An answer in the shape that it should have; raises ContractDrift."""
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise ContractDrift(f"Tryton's answer about {what} has another shape than expected: {error}.") from error


async def written(finding: Awaitable[R | None], what: str) -> R:
    """What was just written; that it cannot be read leaves open what became of it."""
    try:
        found = await finding
    except ProblemError as error:
        raise UnknownOutcome(f"{what} was written but not read back: {error.detail}") from error
    if found is None:
        raise UnknownOutcome(f"{what} was written but is not found.")
    return found


def _refused(reason: str) -> Rejected:
    return Rejected(reason, category=Category.PLATFORM_REFUSED)
