"""Creates, changes, finds and deletes records by the platform's rules.

Sources: 'REST API Developer Guide: sObject Basic Information, sObject Rows, sObject Rows by External ID';
'SOAP API Developer Guide: create(), update(), upsert(), delete()'. The words for a type that cannot be deleted are the
sandbox's own.
"""

from collections.abc import Mapping
from typing import Any

from system_apis.salesforce_platform.sandbox.errors import ApiError, external_id_unknown, no_such_column, not_found
from system_apis.salesforce_platform.sandbox.ids import read_id
from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.rules import complete, settle
from system_apis.salesforce_platform.sandbox.schema import Field, SObjectType
from system_apis.salesforce_platform.sandbox.values import read_value

Payload = Mapping[str, Any]


class SeveralMatch(Exception):
    """An external id that is not unique matches several records."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records


def create(org: Org, sobject: SObjectType, payload: Payload) -> str:
    """Create a record and return its id."""
    if sobject.fixed:
        raise ApiError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {sobject.label}", [])
    values = _assign(org, sobject, payload, creating=True)
    identifier, now = org.new_id(sobject.prefix), org.now()
    record: Record = {"Id": identifier, "IsDeleted": False}
    for field in sobject.fields.values():
        default = False if field.type == "boolean" else field.default
        if default is not None:
            record[field.name] = default
    if "OwnerId" in sobject.fields:
        record["OwnerId"] = org.user_id
    record |= {name: value for name, value in values.items() if value is not None}
    record |= {"CreatedDate": now, "CreatedById": org.user_id}
    _save(org, sobject, None, record, values)
    return identifier


def update(org: Org, sobject: SObjectType, identifier: str, payload: Payload) -> str:
    """Change a record and return its id."""
    before = existing(org, sobject, identifier)
    values = _assign(org, sobject, payload, creating=False)
    _save(org, sobject, before, before | values, values)
    return str(before["Id"])


def delete(org: Org, sobject: SObjectType, identifier: str) -> str:
    """Move a record, and what it is the master of, to the recycle bin; return its id."""
    record = existing(org, sobject, identifier)
    if sobject.fixed:
        raise ApiError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be deleted: {sobject.label}", [])
    with org.atomic():
        _recycle(org, sobject, record)
    return str(record["Id"])


def upsert(org: Org, sobject: SObjectType, field: Field, value: object, payload: Payload) -> tuple[str, bool]:
    """Create or change the record with that external id; return its id and whether it is new."""
    if field.type == "id":
        return update(org, sobject, str(value), payload), False
    found = find_by_key(org, sobject, field, value)
    if len(found) > 1:
        raise SeveralMatch(found)
    if found:
        return update(org, sobject, found[0]["Id"], payload), False
    return create(org, sobject, {**payload, field.name: value}), True


def existing(org: Org, sobject: SObjectType, identifier: str) -> Record:
    """The living record of that id."""
    full = read_id(identifier)
    if full is None:
        raise external_id_unknown(identifier)
    record = org.get(sobject.name, full)
    if record is None:
        raise not_found()
    if record["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [])
    return record


def key_field(sobject: SObjectType, name: str) -> Field:
    """The field that records may be addressed by: an external id, an idLookup field or Id."""
    field = sobject.field(name)
    if field is None or not (field.idlookup or field.external):
        raise external_id_unknown(name)
    return field


def find_by_key(org: Org, sobject: SObjectType, field: Field, value: object) -> list[Record]:
    """The living records whose key field has that value."""
    if field.type == "id":
        record = org.get(sobject.name, read_id(value) or "")
        return [record] if record and not record["IsDeleted"] else []
    wanted = read_value(field, value)
    return [record for record in org.find(sobject, field.name, wanted) if not record["IsDeleted"]]


def _assign(org: Org, sobject: SObjectType, payload: Payload, *, creating: bool) -> Record:
    """The payload's values by field name, each checked by itself."""
    values: Record = {}
    refused = []
    for name, value in payload.items():
        if name == "attributes":
            continue
        field = sobject.field(name)
        if field is None:
            field = sobject.parent(name) if isinstance(value, dict) else None
            if field is None:
                raise no_such_column(name, sobject.name)
            values[field.name] = _by_foreign_key(org, field, value)
        elif field.type == "id":
            raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        else:
            values[field.name] = read_value(field, value)
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
    if refused:
        raise ApiError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set.",
            refused,
        )
    return values


def _by_foreign_key(org: Org, field: Field, reference: Payload) -> str:
    """The id of the parent that a nested `{external id field: value}` names ('upsert(): Foreign Keys')."""
    named = {name: value for name, value in reference.items() if name != "attributes"}
    chosen = reference.get("attributes", {}).get("type") or field.targets[0]
    parent = org.schema.type(chosen)
    if parent is None or len(named) != 1:
        raise ApiError("INVALID_FIELD", f"Invalid reference to {field.relationship}")
    name, value = next(iter(named.items()))
    key = key_field(parent, name)
    found = find_by_key(org, parent, key, value)
    if len(found) != 1:
        message = f"Foreign key external ID: {value} not found for field {key.name} in entity {parent.name}"
        raise ApiError("INVALID_FIELD", message, [])
    return str(found[0]["Id"])


def _save(org: Org, sobject: SObjectType, before: Record | None, record: Record, values: Record) -> None:
    _check_required(sobject, record)
    for name in values:
        field = sobject.fields[name]
        if record.get(name) is None:
            continue
        if field.type == "reference":
            _check_reference(org, field, record[name])
        if field.unique:
            _check_unique(org, sobject, field, record)
    now = org.now()
    record |= {"LastModifiedDate": now, "LastModifiedById": org.user_id, "SystemModstamp": now}
    with org.atomic():
        complete(org, sobject, before, record, values)
        org.write(sobject, {name: value for name, value in record.items() if value is not None})
        settle(org, sobject, record)


def _check_required(sobject: SObjectType, record: Record) -> None:
    missing = [
        field.name
        for field in sobject.fields.values()
        if field.required and field.createable and record.get(field.name) is None
    ]
    if missing:
        raise ApiError(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing
        )  # fmt: skip


def _check_reference(org: Org, field: Field, identifier: str) -> None:
    parent = org.schema.by_prefix.get(identifier[:3])
    if parent is None or parent.name not in field.targets:
        message = f"{field.label}: id value of incorrect type: {identifier}"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, [field.name])
    record = org.get(parent.name, identifier)
    if record is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if record["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [])


def _check_unique(org: Org, sobject: SObjectType, field: Field, record: Record) -> None:
    for other in org.find(sobject, field.name, record[field.name]):
        if other["Id"] != record["Id"] and not other["IsDeleted"]:
            message = f"duplicate value found: {field.name} duplicates value on record with id: {other['Id'][:15]}"
            raise ApiError("DUPLICATE_VALUE", message, [])


def _recycle(org: Org, sobject: SObjectType, record: Record) -> None:
    now = org.now()
    stamp = {"LastModifiedDate": now, "LastModifiedById": org.user_id, "SystemModstamp": now}
    org.write(sobject, record | stamp | {"IsDeleted": True})
    settle(org, sobject, record)
    for child in org.schema.children(sobject.name):
        detail = org.schema.types[child.sobject]
        for one in org.find(detail, child.field.name, record["Id"]):
            if one["IsDeleted"]:
                continue
            if child.field.cascade:
                _recycle(org, detail, one)
            else:
                org.write(detail, {name: value for name, value in one.items() if name != child.field.name} | stamp)
