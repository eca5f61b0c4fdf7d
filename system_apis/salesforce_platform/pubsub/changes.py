"""Change events as their payloads have them.

Sources: 'Change Data Capture Developer Guide: Change Event Fields, Gap Events, Overflow Events', 'Pub/Sub API Developer
Guide: Event Deserialization Considerations'.
"""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastavro import parse_schema, schemaless_reader

from tollway.problems import ContractDrift

HEADER = "ChangeEventHeader"
OVERFLOW = "GAP_OVERFLOW"
"""The type of an event that stands for changes of which nothing else is told, not even of which records."""


class Header(msgspec.Struct, rename="camel", frozen=True):
    """What every change event tells."""

    record_ids: list[str]
    change_type: str
    commit_timestamp: int
    """Milliseconds since 1970."""
    changed_fields: list[str]
    """Bitmaps over the fields of the schema."""


class RecordsChanged(msgspec.Struct, frozen=True):
    """Records that changed alike in one transaction."""

    kind: str
    """CREATE, UPDATE, DELETE or UNDELETE, with GAP_ before it where the fields are not told."""
    record_ids: list[str]
    at: dt.datetime
    changed: frozenset[str]
    """The fields that an UPDATE changed, as far as the schema has them."""


class EventSchema:
    """The Avro schema that events were written by."""

    def __init__(self, written: str) -> None:
        """`written`: the schema as JSON; raises ContractDrift."""
        try:
            schema = msgspec.json.decode(written, type=dict[str, Any])
            self._parsed = parse_schema(schema)
            self.fields = [str(field["name"]) for field in schema["fields"]]
        except Exception as error:
            raise ContractDrift("Salesforce described its events in a form that is not Avro's.") from error

    def read(self, payload: bytes) -> RecordsChanged:
        """The event of a payload; raises ContractDrift when it is no change event."""
        try:
            values: Any = schemaless_reader(io.BytesIO(payload), self._parsed, None)
            return self._change(values)
        except Exception as error:  # whatever a decoder makes of foreign bytes
            raise ContractDrift("Salesforce sent a change event in a form that its schema does not allow.") from error

    def _change(self, values: Mapping[str, Any]) -> RecordsChanged:
        header = msgspec.convert(values[HEADER], Header)
        return RecordsChanged(
            kind=header.change_type,
            record_ids=header.record_ids,
            at=dt.datetime.fromtimestamp(header.commit_timestamp / 1000, dt.UTC),
            changed=changed_fields(header.changed_fields, self.fields),
        )


def changed_fields(bitmaps: Sequence[str], fields: Sequence[str]) -> frozenset[str]:
    """The fields that bitmaps stand for: `0x60` are the sixth and seventh, `4-0x1` is a part of the fifth."""
    changed = set()
    for bitmap in bitmaps:
        parent, _, bits = bitmap.rpartition("-")
        if parent:
            changed.add(fields[int(parent)])
        else:
            value = int(bits, 16)
            changed |= {field for place, field in enumerate(fields) if value >> place & 1}
    return frozenset(changed)
