"""Up to 200 records in one call, each with its own result.

Source: 'REST API Developer Guide: sObject Collections': records are cut into chunks of one type each, at most ten;
with allOrNone one failure rolls all back. The errors' texts are those that clients of others recorded from live orgs,
save the one for too many chunks, which is the sandbox's own.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from system_apis.salesforce_platform.sandbox import records
from system_apis.salesforce_platform.sandbox.errors import ApiError, cannot_read, no_such_column
from system_apis.salesforce_platform.sandbox.ids import read_id
from system_apis.salesforce_platform.sandbox.org import Org, RolledBack, roll_back
from system_apis.salesforce_platform.sandbox.resources.rows import record_body
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.schema import SObjectType

MOST_RECORDS, MOST_CHUNKS, MOST_RETRIEVED = 200, 10, 2000
ResultBody = dict[str, Any]
ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


def create(request: Request) -> Answer:
    """Create records."""

    def _create(payload: Mapping[str, Any]) -> ResultBody:
        return _success(records.create(request.org, _type_of(request, payload), payload))

    return _for_each_record(request, _create)


def update(request: Request) -> Answer:
    """Change records that carry their ids."""

    def _update(payload: Mapping[str, Any]) -> ResultBody:
        sobject = _type_of(request, payload)
        identifier, rest = _split(payload, "id")
        if identifier is None:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
        return _success(records.update(request.org, sobject, _valid_id(identifier), rest))

    return _for_each_record(request, _update)


def upsert(request: Request, sobject: str, field: str) -> Answer:
    """Create or change records of one type by an external id that each carries."""
    found = request.sobject(sobject)
    key = records.key_field(found, field)

    payloads = _records(request.record())
    named = Counter(str(_split(payload, key.name)[0]).lower() for payload in payloads)

    def _upsert(payload: Mapping[str, Any]) -> ResultBody:
        value = _split(payload, key.name)[0]
        if value and named[str(value).lower()] > 1:
            raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name])
        return upsert_one(request.org, found, key.name, payload)

    return _for_each_record(request, _upsert)


def upsert_one(org: Org, sobject: SObjectType, name: str, payload: Mapping[str, Any]) -> ResultBody:
    """Create or change the record whose payload carries its external id."""
    key = records.key_field(sobject, name)
    value, rest = _split(payload, name)
    if key.type == "id" and value is None:
        return _success(records.create(org, sobject, rest)) | {"created": True}
    if value is None or value == "":
        raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", [])
    try:
        identifier, created = records.upsert(org, sobject, key, value, rest)
    except records.SeveralMatch as several:
        found = ", ".join(record["Id"] for record in several.records)
        message = f"{key.label}: more than one record found for external id field: [{found}]"
        raise ApiError("DUPLICATE_EXTERNAL_ID", message, [key.name]) from None
    return _success(identifier) | {"created": created}


def delete(request: Request) -> Answer:
    """Delete the records of the ids that the query names."""
    ids = [word.strip() for word in request.query.get("ids", "").split(",") if word.strip()]

    def _delete(identifier: str) -> ResultBody:
        full = _valid_id(identifier)
        sobject = request.org.schema.by_prefix.get(full[:3])
        if sobject is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        return _success(records.delete(request.org, sobject, full))

    _check_count(len(ids), MOST_RECORDS)
    all_or_none = request.query.get("allOrNone", "false").lower() == "true"
    return Answer(body=run_each(request.org, ids, _delete, all_or_none=all_or_none))


def get(request: Request, sobject: str) -> Answer:
    """The records of the ids that the query names."""
    ids, fields = (request.query.get(name, "").split(",") for name in ("ids", "fields"))
    return _retrieve(request, sobject, ids, fields)


def retrieve(request: Request, sobject: str) -> Answer:
    """The records of the ids that the body names."""
    body = request.record()
    return _retrieve(request, sobject, body.get("ids", []), body.get("fields", []))


def _retrieve(request: Request, sobject: str, ids: list[str], fields: list[str]) -> Answer:
    """A record that is not there, or is deleted, answers null in its place."""
    _check_count(len(ids), MOST_RETRIEVED)
    found = request.sobject(sobject)
    names = []
    for name in fields:
        field = found.field(name.strip())
        if field is None:
            raise no_such_column(name.strip(), found.name)
        names.append(field.name)
    names = list(dict.fromkeys(["Id", *names]))
    answer: list[ResultBody | None] = []
    for identifier in ids:
        full = read_id(identifier.strip())
        if full is None:
            raise ApiError("MALFORMED_ID", f"malformed id {identifier}")
        record = request.org.get(found.name, full)
        living = record is not None and not record["IsDeleted"]
        answer.append(record_body(request.root, found, record, names) if record and living else None)
    return Answer(body=answer)


def _for_each_record(request: Request, act: Callable[[Mapping[str, Any]], ResultBody]) -> Answer:
    body = request.record()
    payloads = _records(body)
    _check_count(len(payloads), MOST_RECORDS)
    chunks = sum(1 for _ in groupby(payload.get("attributes", {}).get("type") for payload in payloads))
    if chunks > MOST_CHUNKS:
        message = f"Limit exceeded. Exceeded the maximum number of chunks ({MOST_CHUNKS}) in one operation."
        raise ApiError("INVALID_INPUT", message)
    all_or_none = body.get("allOrNone") is True
    return Answer(body=run_each(request.org, payloads, act, all_or_none=all_or_none))


def _records(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    payloads = body.get("records", [])
    for payload in payloads if isinstance(payloads, list) else [payloads]:
        if not isinstance(payload, dict):
            raise cannot_read("complexvalue", payload)
    return list(payloads)


def run_each(org: Org, inputs: list[Any], act: Callable[[Any], ResultBody], *, all_or_none: bool) -> list[ResultBody]:
    """The result of `act` for every input; with `all_or_none` nothing happens unless everything does."""
    results: list[ResultBody] = []
    try:
        with org.atomic():
            for one in inputs:
                try:
                    with org.atomic():
                        results.append(act(one))
                except ApiError as error:
                    results.append(_failure(error))
            if all_or_none and not all(result["success"] for result in results):
                roll_back()
    except RolledBack:
        return [_failure(ROLLED_BACK) if result["success"] else result for result in results]
    return results


def _success(identifier: str) -> ResultBody:
    return {"id": identifier, "success": True, "errors": []}


def _failure(error: ApiError) -> ResultBody:
    return {"success": False, "errors": [error.in_result()]}


def _type_of(request: Request, payload: Mapping[str, Any]) -> SObjectType:
    name = payload.get("attributes", {}).get("type")
    sobject = request.org.schema.type(name) if name else None
    if sobject is None:
        message = f"sObject type '{name}' is not supported."
        raise ApiError("INVALID_TYPE", message, [])
    return sobject


def _split(payload: Mapping[str, Any], key: str) -> tuple[Any, dict[str, Any]]:
    """The value of a field named in any case, and the rest."""
    rest = {name: value for name, value in payload.items() if name.lower() != key.lower()}
    return next((value for name, value in payload.items() if name.lower() == key.lower()), None), rest


def _valid_id(identifier: object) -> str:
    full = read_id(identifier)
    if full is None:
        raise ApiError("MALFORMED_ID", f"malformed id {identifier}", [])
    return full


def _check_count(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError("EXCEEDED_ID_LIMIT", message)
