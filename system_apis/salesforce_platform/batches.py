"""Calls that carry several records or requests: sObject collections and the composite resource.

Source: 'REST API Developer Guide: sObject Collections, Composite'. A collection succeeds or fails record by record,
inside an answer of status 200.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from system_apis.salesforce_platform.client import OrgClient, decode
from system_apis.salesforce_platform.errors import LOCKED, REFUSED, RecordError, failure, refusal
from system_apis.salesforce_platform.rows import Page, page_of
from tollway.problems import ProblemError, Rejected

T = TypeVar("T")
Values = Mapping[str, Any]
MOST_RECORDS = 200
MOST_REQUESTS = 25
MOST_COLLECTIONS = 5
"""How many of a composite's requests may be queries or collections."""
REFERENCE = b"@{"
"""Refers to what another request of the composite answered, wherever it stands; we never do."""
LOCK_PAUSES = (0.1, 0.3, 0.9)
"""Seconds between the attempts for records that somebody else is saving."""


class RecordResult(msgspec.Struct, frozen=True):
    """What became of one record."""

    success: bool
    id: str | None = None
    errors: list[RecordError] = []

    @property
    def locked(self) -> bool:
        """Whether it failed only because somebody else is saving the record."""
        return any(error.code == LOCKED for error in self.errors)


class Subrequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One request of a composite call."""

    method: str
    url: str
    reference_id: str
    body: Any = None


class _Subanswer(msgspec.Struct, frozen=True, rename="camel"):
    http_status_code: int
    body: msgspec.Raw = msgspec.Raw()


class _Composite(msgspec.Struct, frozen=True, rename="camel"):
    composite_response: list[_Subanswer]


async def update_all(org: OrgClient, sobject: str, records: Mapping[str, Values]) -> list[RecordResult]:
    """Change records by id, 200 a call; those that somebody else is saving are tried again by themselves."""
    marked = [{"attributes": {"type": sobject}, "id": key, **values} for key, values in records.items()]
    results: list[RecordResult] = []
    for chunk in _chunks(marked, MOST_RECORDS):
        written = await _update(org, sobject, chunk)
        for pause in LOCK_PAUSES:
            locked = [place for place, result in enumerate(written) if result.locked]
            if not locked:
                break
            await asyncio.sleep(pause)
            again = await _update(org, sobject, [chunk[place] for place in locked])
            for place, result in zip(locked, again, strict=True):
                written[place] = result
        results += written
    return results


async def upsert_kinds(org: OrgClient, field: Mapping[str, str], records: Mapping[str, Mapping[str, Values]]) -> None:
    """Create or change records of several sObjects in as few calls as possible; raises what the first failure means.

    `field` is the external id of each sObject, `records` the values of each sObject by external id.
    """
    requests: list[Subrequest] = []
    sobjects: list[str] = []
    for sobject, values in records.items():
        name = field[sobject]
        url = f"{org.root}/composite/sobjects/{sobject}/{name}"
        marked = [{"attributes": {"type": sobject}, name: key, **one} for key, one in values.items()]
        for chunk in _chunks(marked, MOST_RECORDS):
            body = {"allOrNone": False, "records": chunk}
            requests.append(Subrequest(method="PATCH", url=url, reference_id=f"batch{len(requests)}", body=body))
            sobjects.append(sobject)
    for start in range(0, len(requests), MOST_COLLECTIONS):
        end = start + MOST_COLLECTIONS
        answers = await composite(org, requests[start:end], sobjects[start:end])
        for sobject, answer in zip(sobjects[start:end], answers, strict=True):
            require(sobject, decode(answer, list[RecordResult], safe=False))


async def query_together(org: OrgClient, queries: Mapping[str, tuple[str, type[Any]]]) -> dict[str, list[Any]]:
    """The records of up to five queries, each by its sObject with the type of its records, in one call."""
    requests = [
        Subrequest(method="GET", url=f"{org.root}/query?q={quote(soql, safe='')}", reference_id=sobject)
        for sobject, (soql, _) in queries.items()
    ]
    answers = await composite(org, requests, list(queries), safe=True)
    found = {}
    for (sobject, (_, kind)), answer in zip(queries.items(), answers, strict=True):
        page: Page[Any] = decode(answer, page_of(kind), safe=True)
        found[sobject] = [record async for record in org.records(page, kind, sobject)]
    return found


async def composite(
    org: OrgClient, requests: Sequence[Subrequest], sobjects: Sequence[str], *, safe: bool = False
) -> list[msgspec.Raw]:
    """The bodies that up to 25 requests answer, in one call; raises what the first refusal means.

    `sobjects` says what each request is about, `safe` that all of them only read.
    """
    if len(requests) > MOST_REQUESTS:
        raise ValueError(f"a composite call carries at most {MOST_REQUESTS} requests")
    body = {"allOrNone": False, "compositeRequest": requests}
    if REFERENCE in msgspec.json.encode(body):
        raise Rejected("Salesforce takes @{ in a text for a reference; write it otherwise.", category=REFUSED)
    answer = await org.send("POST", f"{org.root}/composite", sobjects[0], body=body, safe=safe)
    answers = decode(answer.content, _Composite, safe=safe).composite_response
    for sobject, part in zip(sobjects, answers, strict=True):
        if part.http_status_code >= httpx.codes.BAD_REQUEST:
            raise failure(httpx.Response(part.http_status_code, content=bytes(part.body)), sobject, safe=safe)
    return [part.body for part in answers]


def require(sobject: str, results: Sequence[RecordResult]) -> None:
    """Raise what the failures mean: a lock if any is one, since the call may then be repeated as it is."""
    problems = [refusal(sobject, result.errors) for result in results if not result.success]
    if not problems:
        return
    locked = [problem for problem in problems if problem.retry_after is not None]
    raise locked[0] if locked else _joined(problems)


def _joined(problems: Sequence[ProblemError]) -> ProblemError:
    """One refusal that says every different thing that is wrong."""
    words = dict.fromkeys(problem.detail for problem in problems)
    return Rejected(" ".join(words), category=next(filter(None, (one.category for one in problems)), REFUSED))


async def _update(org: OrgClient, sobject: str, records: Sequence[Values]) -> list[RecordResult]:
    body = {"allOrNone": False, "records": records}
    answer = await org.send("PATCH", f"{org.root}/composite/sobjects", sobject, body=body)
    return decode(answer.content, list[RecordResult], safe=False)


def _chunks(records: Sequence[Values], size: int) -> Iterator[Sequence[Values]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]
