"""The account's records in the sandbox's state, found by internal or external id.

A record is one JSON document: `id`, `externalId`, its fields (references as ids, numbers as strings) and its sublists
as lists of such documents. Sources: SOAP Web Services Platform Guide, "Using Internal IDs, External IDs, and
References" (ids are unique within a group of types, external ids do not tell upper from lower case); live answers
"This entity already exists." and "This record already exists." for a second use of an external id.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from system_apis.erp.netsuite.sandbox.catalog import Catalog, RecordType
from system_apis.erp.netsuite.sandbox.errors import no_such_record, no_such_type, user_error
from tollway.sandboxes import State

Document = dict[str, Any]
Clock = Callable[[], dt.datetime]

EXTERNAL_ID = "eid:"
"""Before an external id in a URL."""
SLASH = "\x00"
"""Stands for a slash inside an external id, which the URL holds as %2F, until the path is taken apart."""

_CREATED = ("dateCreated", "createdDate", "created")
_MODIFIED = ("lastModifiedDate", "lastModified")


class Records:
    """Reads and writes of records; every write of one request belongs into one `state.transaction()`."""

    def __init__(self, state: State, types: Catalog, clock: Clock) -> None:
        self.state, self.types, self.clock = state, types, clock
        self.touched: set[tuple[str, str]] = set()
        """(type, id) of everything written since SuiteQL last looked."""

    def type_of(self, name: str) -> RecordType:
        """The record type a URL names; raises the error NetSuite answers for an unknown one."""
        found = self.types.get(name.lower())
        if found is None:
            raise no_such_type(name)
        return found

    def get(self, kind: str, identity: str) -> Document | None:
        """The record of a type by its internal id."""
        return self.state.get(kind, identity)

    def all(self, kind: str) -> Mapping[str, Document]:
        """Every record of a type, in the order of creation."""
        return self.state.all(kind)

    def by_external_id(self, kind: RecordType, external_id: str) -> Document | None:
        """The record of a type by its external id."""
        entry = self.state.get(f"eid:{kind.group}", external_id.lower())
        return self.get(kind.name, entry["id"]) if entry and entry["type"] == kind.name else None

    def find(self, kind: RecordType, key: str) -> Document:
        """The record that `12` or `eid:X` names in a URL; raises the error NetSuite answers when there is none."""
        external_id = external_id_in(key)
        document = self.get(kind.name, key) if external_id is None else self.by_external_id(kind, external_id)
        if document is not None:
            return document
        if kind.is_transaction and any(self.get(other.name, key) for other in self._group(kind)):
            raise user_error("Transaction type specified is incorrect.")
        raise no_such_record(external_id or "")

    def name(self, kind: str, identity: str) -> str:
        """The text a reference to a record shows."""
        record_type, document = self.type_of(kind), self.get(kind, identity)
        if document is None or not record_type.name_field:
            return identity
        text = str(document.get(record_type.name_field) or identity)
        return f"{record_type.label} #{text}" if record_type.is_transaction else text

    def insert(self, kind: RecordType, document: Document) -> Document:
        """Store a new record under the next id of its group and return it."""
        identity = str(self.state.next_number(f"id:{kind.group}"))
        stamps = {name: self.now() for name in (*_CREATED, *_MODIFIED) if name in kind.fields}
        self._claim(kind, identity, document.get("externalId"))
        return self._write(kind, document | stamps | {"id": identity})

    def replace(self, kind: RecordType, before: Document, after: Document) -> Document:
        """Store a record's new content and return it."""
        if before.get("externalId") != after.get("externalId"):
            self._claim(kind, after["id"], after.get("externalId"))
            self._release(kind, before)
        return self._write(kind, after | {name: self.now() for name in _MODIFIED if name in kind.fields})

    def remove(self, kind: RecordType, document: Document) -> None:
        """Delete a record."""
        self._release(kind, document)
        self.state.delete(kind.name, document["id"])
        self.touched.add((kind.name, document["id"]))

    def now(self) -> str:
        """The present moment as datetime fields hold it."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def today(self) -> dt.date:
        """The present date."""
        return self.clock().date()

    def _write(self, kind: RecordType, document: Document) -> Document:
        self.state.put(kind.name, document["id"], document)
        self.touched.add((kind.name, document["id"]))
        return document

    def _group(self, kind: RecordType) -> list[RecordType]:
        return [other for other in self.types.values() if other.group == kind.group]

    def _claim(self, kind: RecordType, identity: str, external_id: str | None) -> None:
        if not external_id:
            return
        index = f"eid:{kind.group}"
        if self.state.get(index, external_id.lower()):
            raise user_error(f"This {'entity' if kind.group == 'entity' else 'record'} already exists.")
        self.state.put(index, external_id.lower(), {"type": kind.name, "id": identity})

    def _release(self, kind: RecordType, document: Document) -> None:
        if document.get("externalId"):
            self.state.delete(f"eid:{kind.group}", document["externalId"].lower())


def external_id_in(key: str) -> str | None:
    """The external id that `eid:X` in a URL names; None for an internal id."""
    return key.removeprefix(EXTERNAL_ID).replace(SLASH, "/") if key.startswith(EXTERNAL_ID) else None
