"""Single records, by id or by external id.

Source: 'REST API Developer Guide: sObject Basic Information, sObject Rows, sObject Rows by External ID, sObject Get
Updated, sObject Get Deleted'. An upsert that changes a record answers 200 with a body since version 46.0, before 204.
"""

from typing import Any

from system_apis.salesforce_platform.sandbox import records
from system_apis.salesforce_platform.sandbox.errors import ApiError, external_id_unknown, no_such_column, not_found
from system_apis.salesforce_platform.sandbox.org import Record
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.schema import SObjectType
from system_apis.salesforce_platform.sandbox.values import format_datetime, parse_datetime

UPSERT_BODY_SINCE = 46.0


def create(request: Request, sobject: str) -> Answer:
    """Create a record."""
    found = request.sobject(sobject)
    identifier = records.create(request.org, found, request.record())
    return _created(request, found, identifier)


def get(request: Request, sobject: str, record: str) -> Answer:
    """The record, or those of its fields that `fields` names."""
    found = request.sobject(sobject)
    return Answer(body=_render(request, found, records.existing(request.org, found, record)))


def update(request: Request, sobject: str, record: str) -> Answer:
    """Change a record."""
    records.update(request.org, request.sobject(sobject), record, request.record())
    return Answer(204)


def delete(request: Request, sobject: str, record: str) -> Answer:
    """Delete a record."""
    records.delete(request.org, request.sobject(sobject), record)
    return Answer(204)


def by_id_post(request: Request, sobject: str, record: str) -> Answer:
    """POST …/{sObject}/Id is an upsert whose record has no id, thus a create."""
    if record.lower() != "id":
        raise ApiError("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH")
    return create(request, sobject)


def get_by_key(request: Request, sobject: str, field: str, value: str) -> Answer:
    """The record with that external id, or the parent that a relationship of the record leads to."""
    found = request.sobject(sobject)
    lookup = found.parent(value)
    if lookup is not None and found.field(field) is None:
        source = records.existing(request.org, found, field)
        parent = source.get(lookup.name)
        if parent is None:
            raise not_found("The requested resource does not exist")
        target = request.org.schema.by_prefix[parent[:3]]
        return Answer(body=_render(request, target, records.existing(request.org, target, parent)))
    matches = _matches(request, found, field, value)
    return several(request, found, matches) if len(matches) > 1 else Answer(body=_render(request, found, matches[0]))


def upsert(request: Request, sobject: str, field: str, value: str) -> Answer:
    """Create or change the record with that external id."""
    found = request.sobject(sobject)
    key = records.key_field(found, field)
    payload = request.record()
    if any(name.lower() == key.name.lower() for name in payload):
        raise ApiError("INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.")
    try:
        identifier, created = records.upsert(request.org, found, key, value, payload)
    except records.SeveralMatch as match:
        return several(request, found, match.records)
    if created:
        answer = _created(request, found, identifier)
        return Answer(201, answer.body | {"created": True}, answer.headers)
    if float(request.version) < UPSERT_BODY_SINCE:
        return Answer(204)
    return Answer(200, {"id": identifier, "success": True, "errors": [], "created": False})


def delete_by_key(request: Request, sobject: str, field: str, value: str) -> Answer:
    """Delete the record with that external id."""
    found = request.sobject(sobject)
    matches = _matches(request, found, field, value)
    if len(matches) > 1:
        return several(request, found, matches)
    records.delete(request.org, found, matches[0]["Id"])
    return Answer(204)


def several(request: Request, sobject: SObjectType, matches: list[Record]) -> Answer:
    """The URLs of the records that an external id matches, status 300."""
    return Answer(300, [f"{request.root}/sobjects/{sobject.name}/{match['Id']}" for match in matches])


def updated(request: Request, sobject: str) -> Answer:
    """The ids of the records that changed between `start` and `end`."""
    found = request.sobject(sobject)
    start, end = _span(request)
    ids = [
        one["Id"]
        for one in request.org.all(found.name).values()
        if not one["IsDeleted"] and start <= one["SystemModstamp"] < end
    ]
    return Answer(body={"ids": ids, "latestDateCovered": end})


def deleted(request: Request, sobject: str) -> Answer:
    """The ids of the records that were deleted between `start` and `end`."""
    found = request.sobject(sobject)
    start, end = _span(request)
    gone = [
        {"id": one["Id"], "deletedDate": one["SystemModstamp"]}
        for one in request.org.all(found.name).values()
        if one["IsDeleted"] and start <= one["SystemModstamp"] < end
    ]
    earliest = min((one["deletedDate"] for one in gone), default=start)
    return Answer(body={"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": end})


def _span(request: Request) -> tuple[str, str]:
    moments = [parse_datetime(request.query.get(name, "").replace(" ", "+")) for name in ("start", "end")]
    if moments[0] is None or moments[1] is None:
        raise ApiError("MISSING_ARGUMENT", "start and end are required")
    return format_datetime(moments[0]), format_datetime(moments[1])


def _created(request: Request, sobject: SObjectType, identifier: str) -> Answer:
    location = f"{request.root}/sobjects/{sobject.name}/{identifier}"
    return Answer(201, {"id": identifier, "success": True, "errors": []}, {"Location": location})


def _matches(request: Request, sobject: SObjectType, field: str, value: str) -> list[Record]:
    key = sobject.field(field)
    if key is None or not (key.idlookup or key.external):
        raise external_id_unknown(field)
    matches = records.find_by_key(request.org, sobject, key, value)
    if not matches:
        raise not_found()
    return matches


def _render(request: Request, sobject: SObjectType, record: Record) -> dict[str, Any]:
    wanted = request.query.get("fields")
    names = list(sobject.fields) if wanted is None else [_field_name(sobject, name) for name in wanted.split(",")]
    return record_body(request.root, sobject, record, names)


def _field_name(sobject: SObjectType, name: str) -> str:
    field = sobject.field(name.strip())
    if field is None:
        raise no_such_column(name.strip(), sobject.name)
    return field.name


def record_body(root: str, sobject: SObjectType, record: Record, names: list[str]) -> dict[str, Any]:
    """A record as the rows resources answer it."""
    attributes = {"type": sobject.name, "url": f"{root}/sobjects/{sobject.name}/{record['Id']}"}
    return {"attributes": attributes} | {name: record.get(name) for name in names}
