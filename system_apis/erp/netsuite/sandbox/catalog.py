"""The record types the account has, read from record_types.yaml.

Sources: SuiteTalk REST Web Services Records Guide and REST API Browser (records and field names); SOAP Web Services
Platform Guide, "Using Internal IDs, External IDs, and References" (types that share ids).
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

Kind = Literal[
    "string", "boolean", "integer", "decimal", "amount", "percent", "date", "datetime", "ref", "choice", "subrecord"
]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one field takes."""

    kind: Kind
    label: str = ""
    to: list[str] = []
    """The record types a reference may point to."""
    required: bool = False
    read_only: bool = False
    choices: dict[str, str] = {}
    """Id to displayed text."""
    fields: dict[str, Any] = {}
    """The fields of a subrecord, each of a plain kind."""


class SuiteQLTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a record type appears in SuiteQL."""

    table: str
    omit: list[str] = []
    """Fields that are no columns."""


class RecordType(msgspec.Struct, frozen=True):
    """A record type."""

    name: str
    label: str
    group: str
    """The set of types that share internal and external ids; the type itself when it shares them with none."""
    name_field: str
    """The field whose value stands for the record as `refName`; empty for types without a name."""
    fields: dict[str, Field]
    sublists: dict[str, dict[str, Field]]
    suiteql: SuiteQLTable | None

    @property
    def is_transaction(self) -> bool:
        """Whether it posts to the ledger."""
        return self.group == "transaction"


Catalog = dict[str, RecordType]
"""Record types by their name in lower case: NetSuite's URLs do not tell upper from lower case."""


@cache
def catalog() -> Catalog:
    """Every record type of the account."""
    document = msgspec.yaml.decode((Path(__file__).parent / "record_types.yaml").read_text("utf-8"))
    return {name.lower(): _record_type(name, spec) for name, spec in document.items()}


def _record_type(name: str, spec: dict[str, Any]) -> RecordType:
    return RecordType(
        name=name,
        label=spec["label"],
        group=spec.get("group", name.lower()),
        name_field=spec.get("name_field", ""),
        fields=_fields(spec["fields"]),
        sublists={sublist: _fields(fields) for sublist, fields in spec.get("sublists", {}).items()},
        suiteql=msgspec.convert(spec["suiteql"], SuiteQLTable) if "suiteql" in spec else None,
    )


def _fields(specs: dict[str, Any]) -> dict[str, Field]:
    return {name: _field(name, spec) for name, spec in specs.items()}


def _field(name: str, spec: str | dict[str, Any]) -> Field:
    given = {"kind": spec} if isinstance(spec, str) else dict(spec)
    given.setdefault("label", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).title())
    field = msgspec.convert(given, Field)
    return msgspec.structs.replace(field, fields=_fields(field.fields)) if field.fields else field
