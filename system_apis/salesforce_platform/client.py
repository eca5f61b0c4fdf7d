"""An org's REST API: one session for all who use the org, records by id or external id, and queries.

Source: 'REST API Developer Guide'. `batches` has the calls that carry several records or requests.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from system_apis.salesforce_platform import limits
from system_apis.salesforce_platform.errors import REFUSED, failure, label
from system_apis.salesforce_platform.limits import ApiUsage
from system_apis.salesforce_platform.login import Login, Session
from system_apis.salesforce_platform.rows import Page, child_kinds, page_of
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.http.platforms import SAFE_METHODS, PlatformClient
from tollway.problems import ContractDrift, Rejected, Throttled, Unavailable, UnknownOutcome
from tollway.quota import Heard, Quota

T = TypeVar("T")
Row = TypeVar("Row", bound=msgspec.Struct)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Upserted(msgspec.Struct, frozen=True):
    """What became of an upsert."""

    id: str
    created: bool


class _Created(msgspec.Struct, frozen=True):
    id: str


class OrgClient:
    """Calls one org; `sobject` in each call is what a refusal is said to be about."""

    def __init__(self, settings: OrgSettings, quota: Quota | None = None) -> None:
        """`quota` is that of the org, unset one for this client alone; StartupError when the key cannot be read."""
        self._settings = settings
        self._login = Login(settings)
        self._http = PlatformClient(
            "Salesforce",
            settings.url,
            timeout=settings.timeout_seconds,
            certificate_authority=settings.certificate_authority,
            quota=quota or Quota("salesforce", "Salesforce", settings.quota),
            heard=self._heard,
        )
        self._session: Session | None = None
        self._usage: ApiUsage | None = None
        self._opening = asyncio.Lock()
        self.root = f"/services/data/v{settings.api_version}"

    @property
    def usage(self) -> ApiUsage | None:
        """The calls of 24 hours, as far as the org has told anybody."""
        told = self._http.quota.usage
        return self._usage or (ApiUsage(*told) if told else None)

    async def check(self) -> str:
        """Ask for the org's resources, which needs a session."""
        await self.send("GET", self.root, "org")
        usage = f", {self.usage.used} of {self.usage.allowed} API calls used" if self.usage else ""
        return f"logged in to {self._session.instance_url if self._session else self._settings.url}{usage}"

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def query(self, soql: str, kind: type[T], sobject: str) -> AsyncIterator[T]:
        """Every record of a query, page by page."""
        answer = await self.send("GET", f"{self.root}/query", sobject, params={"q": soql})
        page = decode(answer.content, page_of(kind), safe=True)
        async for record in self.records(page, kind, sobject):
            yield record

    async def first(self, soql: str, kind: type[Row], sobject: str) -> Row | None:
        """The first record of a query, with all of its children."""
        async for record in self.query(soql, kind, sobject):
            return await self._whole(record, sobject)
        return None

    async def records(self, page: Page[T] | None, kind: type[T], sobject: str) -> AsyncIterator[T]:
        """Every record from this page on; None is what a record without such children has."""
        while page is not None:
            for record in page.records:
                yield record
            if page.done:
                return
            answer = await self.send("GET", page.next_records_url, sobject)
            page = decode(answer.content, page_of(kind), safe=True)

    async def _whole(self, record: Row, sobject: str) -> Row:
        """The record with the later pages of its children, which a query answers only in part."""
        rest = {}
        for name, kind in child_kinds(type(record)).items():
            page: Page[Any] | None = getattr(record, name)
            if page is not None and not page.done:
                rest[name] = Page(records=[child async for child in self.records(page, kind, sobject)], done=True)
        return msgspec.structs.replace(record, **rest)

    async def get(self, sobject: str, record_id: str, kind: type[T], fields: Sequence[str]) -> T:
        """Fields of the record with that id; raises NotFound."""
        answer = await self.send(
            "GET", f"{self._rows(sobject)}/{quote(record_id, safe='')}", sobject, params={"fields": ",".join(fields)}
        )
        return decode(answer.content, kind, safe=True)

    async def create(self, sobject: str, values: Mapping[str, Any]) -> str:
        """Create a record and return its id."""
        answer = await self.send("POST", self._rows(sobject), sobject, body=values)
        return decode(answer.content, _Created, safe=False).id

    async def update(self, sobject: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change the record with that id; raises NotFound."""
        await self.send("PATCH", f"{self._rows(sobject)}/{quote(record_id, safe='')}", sobject, body=values)

    async def upsert(self, sobject: str, field: str, value: str, values: Mapping[str, Any]) -> Upserted:
        """Create or change the record whose external id `field` is `value`."""
        path = f"{self._rows(sobject)}/{field}/{quote(value, safe='')}"
        answer = await self.send("PATCH", path, sobject, body=values)
        if answer.status_code == httpx.codes.MULTIPLE_CHOICES:
            raise Rejected(f"More than one {label(sobject)} is marked as {value}.", category=REFUSED)
        return decode(answer.content, Upserted, safe=False)

    async def send(
        self, method: str, path: str, sobject: str, *, body: Any = None, safe: bool | None = None, **request: Any
    ) -> httpx.Response:
        """Send a call and return its answer, with a new session if the old one ended; raises what a refusal means.

        `safe` says that a POST only reads.
        """
        safe = method in SAFE_METHODS if safe is None else safe
        if body is not None:
            request |= {"content": _ENCODER.encode(body), "headers": {"content-type": "application/json"}}
        session = await self.session()
        answer = await self._send(session, method, path, safe=safe, **request)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = await self._send(await self.session(session), method, path, safe=safe, **request)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise Unavailable("Salesforce ended the session that it had just opened.", retry_after=60)
        if limits.crowded(answer, self._usage):
            raise Throttled("Salesforce has too many long calls at once.", retry_after=limits.CROWDED_SECONDS)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            raise failure(answer, sobject, safe=safe)
        return answer

    async def _send(self, session: Session, method: str, path: str, *, safe: bool, **request: Any) -> httpx.Response:
        headers = {**request.pop("headers", {}), "authorization": f"Bearer {session.access_token}"}
        url = session.instance_url + path
        return await self._http.send(method, url, repeatable=safe, headers=headers, **request)

    def _heard(self, answer: httpx.Response) -> Heard:
        self._usage = limits.usage(answer) or self.usage
        return limits.heard(answer, self._usage)

    async def session(self, ended: Session | None = None) -> Session:
        """The session in force, opened anew when it is the one that ended; all who wait share one login."""
        session = self._session
        if session is not None and session is not ended:
            return session
        async with self._opening:
            if self._session is None or self._session is ended:
                self._session = await self._login.open(self._http)
            return self._session

    def _rows(self, sobject: str) -> str:
        return f"{self.root}/sobjects/{sobject}"


def decode(content: bytes | msgspec.Raw, kind: type[T], *, safe: bool) -> T:
    """The body of an answer; raises ContractDrift, or UnknownOutcome for a write, when it is something else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        broken = f"Salesforce answered in a form that its contract does not allow: {error}."
        raise (ContractDrift(broken) if safe else UnknownOutcome(broken)) from error
