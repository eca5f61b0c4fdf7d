"""Requests to NetSuite's REST web services: records by internal or external id, and SuiteQL.

Sources: SuiteTalk REST Web Services API Guide, "Using the Upsert Operation", "Using External IDs", "Executing SuiteQL
Queries Through REST Web Services". Nothing is repeated here, save once after a refused access token.
"""

from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from system_apis.erp.netsuite import limits
from system_apis.erp.netsuite.errors import problem
from system_apis.erp.netsuite.login import login
from system_apis.erp.netsuite.models import Body
from system_apis.erp.netsuite.rows import CurrencyRow, Row
from system_apis.erp.netsuite.settings import NetSuiteSettings
from tollway.canonical.case import Category
from tollway.http.platforms import PlatformClient
from tollway.problems import ContractDrift, Rejected, UnknownOutcome
from tollway.quota import Quota

T = TypeVar("T")
R = TypeVar("R", bound=Row)
_RECORDS = "/services/rest/record/v1"
_SUITEQL = "/services/rest/query/v1/suiteql"
_encoder = msgspec.json.Encoder(decimal_format="number")


class Page(msgspec.Struct, frozen=True):
    """A page of a query's rows."""

    items: list[dict[str, Any]]
    has_more: bool = msgspec.field(default=False, name="hasMore")


class NetSuiteClient:
    """Sends requests of one connection."""

    def __init__(self, name: str, settings: NetSuiteSettings, quota: Quota | None = None) -> None:
        """`quota` is that of the account; unset, one for this client alone."""
        self.name, self.settings = name, settings
        self._http = PlatformClient(
            "NetSuite",
            settings.base_url,
            timeout=settings.timeout_seconds,
            certificate_authority=settings.certificate_authority,
            quota=quota or Quota(name, "NetSuite", settings.quota),
            heard=limits.heard,
        )
        self._login = login(name, settings, self._http)
        self._currencies: dict[str, str] = {}

    async def read(self, record: str, external_id: str, kind: type[T], subject: str) -> T | None:
        """The record with this external id; None when there is none."""
        answer = await self._send("GET", _address(record, external_id), subject, missing=True)
        return None if answer is None else _decoded(answer, kind, subject)

    async def upsert(self, record: str, external_id: str, body: Body, subject: str, *, replace: str = "") -> str:
        """Create or change the record with this external id and return its internal id.

        The lines of the sublist `replace` are replaced by those of the body; of others, lines are added.
        """
        query = {"replace": replace} if replace else {}
        answer = await self._send("PUT", _address(record, external_id, **query), subject, body=body)
        identity = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not identity:
            raise UnknownOutcome(f"NetSuite did not say under which id it keeps {subject}.")
        return str(identity)

    async def change(self, record: str, key: str, body: Body, subject: str) -> None:
        """Change a record that exists, by its internal id or by `eid:` and its external id."""
        await self._send("PATCH", f"{_RECORDS}/{record}/{quote(key, safe=':')}", subject, body=body)

    async def transform(self, record: str, identity: str, target: str, body: Body, subject: str) -> None:
        """Make a record of another kind from one, by its internal id; the body adds to what NetSuite takes over."""
        await self._send("POST", f"{_RECORDS}/{record}/{identity}/!transform/{target}", subject, body=body)

    async def delete(self, record: str, identity: str, subject: str) -> None:
        """Remove a record by its internal id; one that is gone already stays gone."""
        await self._send("DELETE", f"{_RECORDS}/{record}/{identity}", subject, missing=True)

    async def query(self, suiteql: str, kind: type[R], subject: str) -> list[R]:
        """All rows of a query."""
        rows: list[R] = []
        while True:
            found, more = await self.page(suiteql, kind, subject, len(rows))
            rows += found
            if not more:
                return rows

    async def page(self, suiteql: str, kind: type[R], subject: str, offset: int = 0) -> tuple[list[R], bool]:
        """One page of a query's rows, and whether there are more."""
        target = f"{_SUITEQL}?{urlencode({'limit': self.settings.page_size, 'offset': offset})}"
        headers = {"prefer": "transient"}
        answer = await self._send("POST", target, subject, body={"q": suiteql}, headers=headers, reads=True)
        page = _decoded(answer, Page, subject)
        try:
            return msgspec.convert(page.items, list[kind], strict=False), page.has_more  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            raise ContractDrift(f"NetSuite answered {subject} in a form it never had: {error}.") from error

    async def currency(self, code: str) -> str:
        """The internal id of a currency; raises Rejected when the account does not know it."""
        await self._learn_currencies(code)
        for identity, symbol in self._currencies.items():
            if symbol == code:
                return identity
        raise Rejected(
            f"NetSuite has no currency {code}; add it there under Lists > Accounting > Currencies.",
            category=Category.CURRENCY_MISMATCH,
        )

    async def currency_code(self, identity: str) -> str:
        """The ISO 4217 code of a currency's internal id."""
        await self._learn_currencies(identity)
        try:
            return self._currencies[identity]
        except KeyError:
            raise ContractDrift(f"NetSuite names a currency {identity} that it does not list.") from None

    async def learn_limits(self) -> None:
        """Ask how many calls the account may have at once; it tells nobody but an administrator's role."""
        answer = await self._authorized("GET", limits.PATH, b"", {"accept": "application/json"}, reads=True)
        self._http.quota.learn(limits.governance(answer))

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def _learn_currencies(self, wanted: str) -> None:
        """Ask once for all currencies, and again when one is wanted that was not there."""
        if wanted in self._currencies or wanted in self._currencies.values():
            return
        rows = await self.query("SELECT id, symbol FROM currency ORDER BY id", CurrencyRow, "the currencies")
        self._currencies = {row.id: row.symbol for row in rows}

    async def _send(
        self,
        method: str,
        target: str,
        subject: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        reads: bool | None = None,
        missing: bool = False,
    ) -> Any:
        """The answer to what succeeded; None for a 404 where the record may be missing."""
        is_read = method == "GET" if reads is None else reads
        content = b"" if body is None else _encoder.encode(body)
        given = {"accept": "application/json", **(headers or {})}
        if content:
            given["content-type"] = "application/json"
        answer = await self._authorized(method, target, content, given, reads=is_read)
        if missing and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_success:
            raise problem(answer, subject, connection=self.name, reads=is_read)
        return answer

    async def _authorized(
        self, method: str, target: str, content: bytes, headers: dict[str, str], *, reads: bool
    ) -> httpx.Response:
        url = f"{self.settings.base_url}{target}"
        authorization = await self._login.authorization(method, url)
        answer = await self._http.send(
            method, target, repeatable=reads, content=content, headers=headers | {"authorization": authorization}
        )
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._login.refused(authorization):
            authorization = await self._login.authorization(method, url)
            answer = await self._http.send(
                method, target, repeatable=reads, content=content, headers=headers | {"authorization": authorization}
            )
        return answer


def _address(record: str, external_id: str, **query: str) -> str:
    path = f"{_RECORDS}/{record}/eid:{quote(external_id, safe='')}"
    return f"{path}?{urlencode(query)}" if query else path


def _decoded(answer: httpx.Response, kind: type[T], subject: str) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise ContractDrift(f"NetSuite answered {subject} in a form it never had: {error}.") from error
