"""Change Data Capture: what a transaction wrote, as change events in Avro.

Sources: 'Change Data Capture Developer Guide: Change Event Fields, Change Event Considerations' (which fields there
are, the changed ones alone in an update, none in a deletion); 'Object Reference: StandardObjectNameChangeEvent' (which
fields there are not); 'Pub/Sub API Developer Guide: Event Deserialization Considerations' (bitmaps). Dates and times
are milliseconds since 1970, as the schemas have them that users of the platform published.
"""

import base64
import hashlib
import io
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from fastavro import parse_schema, schemaless_writer

from system_apis.salesforce_platform.sandbox.org import Org, Record, Written
from system_apis.salesforce_platform.sandbox.pubsub.bus import Bus
from system_apis.salesforce_platform.sandbox.schema import SObjectType
from system_apis.salesforce_platform.sandbox.values import parse_datetime

HEADER = "ChangeEventHeader"
KINDS = ("CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE")
OVERFLOW = "GAP_OVERFLOW"
NO_RECORD = "000000000000000AAA"
_LEFT_OUT = {"Id", "IsDeleted", "SystemModstamp"}
_AVRO = {"boolean": "boolean", "int": "int", "date": "long", "datetime": "long"}
_AVRO |= dict.fromkeys(("double", "currency", "percent"), "double")
_STRINGS = {"type": "array", "items": "string"}
_HEADER_FIELDS: Sequence[tuple[str, Any]] = (
    ("entityName", "string"),
    ("recordIds", _STRINGS),
    ("changeType", {"type": "enum", "name": "ChangeType", "symbols": [*KINDS, OVERFLOW]}),
    ("changeOrigin", "string"),
    ("transactionKey", "string"),
    ("sequenceNumber", "int"),
    ("commitTimestamp", "long"),
    ("commitNumber", "long"),
    ("commitUser", "string"),
    ("nulledFields", _STRINGS),
    ("diffFields", _STRINGS),
    ("changedFields", _STRINGS),
)


def topic_of(sobject: str) -> str:
    """The topic of an sObject's change events."""
    return f"/data/{_event_name(sobject)}"


def _event_name(sobject: str) -> str:
    return f"{sobject[:-1]}ChangeEvent" if sobject.endswith("__c") else f"{sobject}ChangeEvent"


class Capture:
    """Publishes the changes of the sObjects that are selected for Change Data Capture."""

    def __init__(self, org: Org, bus: Bus, selected: Iterable[str]) -> None:
        self._org = org
        self._bus = bus
        self._selected = frozenset(selected)
        self._schemas: dict[tuple[str, ...], tuple[str, str, Any]] = {}
        for name in self._selected:
            self._bus.keep_schema(topic_of(name), *self._schema(name)[:2])

    def transaction(self, written: Sequence[Written]) -> None:
        """Publish what one transaction did, in its order."""
        number = self._org.state.next_number("commit")
        key = str(uuid.uuid4())
        for sequence, (name, identifier, before, after) in enumerate(written, 1):
            if name in self._selected:
                kind = _kind(before, after)
                changed = _changed(self._fields(name), before or {}, after) if kind != "DELETE" else {}
                facts = {"transactionKey": key, "sequenceNumber": sequence, "commitNumber": number}
                self.publish(name, kind, [identifier], changed, **facts)

    def publish(self, name: str, kind: str, record_ids: Sequence[str], changed: Record, **facts: Any) -> None:
        """Publish one event about records of an sObject."""
        schema_id, written, parsed = self._schema(name)
        self._bus.keep_schema(topic_of(name), schema_id, written)
        fields = self._fields(name)
        nulled = {field for field, value in changed.items() if value is None}
        update = kind == "UPDATE"
        header = {
            "entityName": name,
            "recordIds": list(record_ids),
            "changeType": kind,
            "changeOrigin": "",
            "transactionKey": "",
            "sequenceNumber": 1,
            "commitTimestamp": int(self._org.clock().timestamp()) * 1000,
            "commitNumber": 0,
            "commitUser": self._org.user_id,
            "nulledFields": _bitmap(fields, nulled) if update else [],
            "diffFields": [],
            "changedFields": _bitmap(fields, set(changed)) if update else [],
        }
        values = {field: _avro_value(self._org.schema.types[name], field, value) for field, value in changed.items()}
        payload = io.BytesIO()
        schemaless_writer(payload, parsed, {HEADER: header | facts} | values)
        self._bus.publish(topic_of(name), schema_id, payload.getvalue())

    def _fields(self, name: str) -> list[str]:
        return [field for field in self._org.schema.types[name].fields if field not in _LEFT_OUT]

    def _schema(self, name: str) -> tuple[str, str, Any]:
        """The id of an sObject's schema as it is now, the schema as JSON, and as the encoder has it."""
        names = self._fields(name)
        if (known := self._schemas.get((name, *names))) is not None:
            return known
        fields: list[dict[str, Any]] = [
            {"name": HEADER, "type": {"type": "record", "name": HEADER, "fields": _named(_HEADER_FIELDS)}}
        ]
        for field in names:
            avro = _AVRO.get(self._org.schema.types[name].fields[field].type, "string")
            fields.append({"name": field, "type": ["null", avro], "default": None})
        schema = {"name": _event_name(name), "namespace": "com.sforce.eventbus", "type": "record", "fields": fields}
        digest = hashlib.md5(msgspec.json.encode(schema), usedforsecurity=False).digest()
        identifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        made = identifier, msgspec.json.encode(schema | {"uuid": identifier}).decode(), parse_schema(schema)
        self._schemas[name, *names] = made
        return made


def _named(fields: Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "type": kind} for name, kind in fields]


def _kind(before: Record | None, after: Record) -> str:
    if before is None:
        return "CREATE"
    if before["IsDeleted"] != after["IsDeleted"]:
        return "DELETE" if after["IsDeleted"] else "UNDELETE"
    return "UPDATE"


def _changed(fields: Sequence[str], before: Record, after: Record) -> Record:
    """The fields with other values than before, by name."""
    return {field: after.get(field) for field in fields if after.get(field) != before.get(field)}


def _bitmap(fields: Sequence[str], chosen: set[str]) -> list[str]:
    """The places of fields in the schema, where the header has the first; none of them is compound here."""
    bits = sum(1 << place for place, field in enumerate(fields, 1) if field in chosen)
    return [f"0x{bits:X}"] if bits else []


def _avro_value(sobject: SObjectType, field: str, value: Any) -> Any:
    kind = sobject.fields[field].type
    if value is None or kind not in ("date", "datetime"):
        return value
    moment = parse_datetime(value)
    return int(moment.timestamp() * 1000) if moment else None
