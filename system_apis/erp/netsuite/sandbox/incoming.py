"""From the JSON a client sends to the values a record holds.

Sources: SuiteTalk REST Web Services API Guide, "Creating a Record Instance" and "Using External IDs" (property names do
not tell upper from lower case; references by id or externalId), "Working with Sublists" (`replace`, keyed lines),
"Error Handling in REST Web Services" (o:errorPath); REST API Browser (X-NetSuite-PropertyNameValidation defaults to
Warning, X-NetSuite-PropertyValueValidation to Error). What a warning looks like is unread: there the property is left
out silently.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from system_apis.erp.netsuite.sandbox.catalog import Field, RecordType
from system_apis.erp.netsuite.sandbox.errors import invalid_body, invalid_value
from system_apis.erp.netsuite.sandbox.records import Document, Records

LINE_KEYS = {"item": "line", "apply": "doc", "currencyList": "currency", "addressBook": "id"}
"""By which property a line of a keyed sublist is recognised."""


class Strictness(msgspec.Struct, frozen=True):
    """What happens to properties that do not fit."""

    names: bool
    """Whether an unknown property name is refused; else it is left out."""
    values: bool
    """Whether an unfit value is refused; else it is left out."""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Strictness":
        """As the request's X-NetSuite-Property…Validation headers ask for."""
        names = headers.get("x-netsuite-propertynamevalidation", "warning")
        values = headers.get("x-netsuite-propertyvaluevalidation", "error")
        return cls(names.lower() == "error", values.lower() == "error")


class _UnfitError(Exception):
    """A value that a field does not take."""


class BodyReader:
    """Reads the bodies of one request."""

    def __init__(self, records: Records, strictness: Strictness) -> None:
        self._records, self._strictness = records, strictness

    def changes(self, kind: RecordType, body: bytes) -> Document:
        """The fields and sublists a body sets; None for a field it empties."""
        try:
            given = msgspec.json.decode(body or b"{}")
        except msgspec.DecodeError as error:
            raise invalid_body() from error
        if not isinstance(given, dict):
            raise invalid_body()
        return self.record(kind, given)

    def record(self, kind: RecordType, given: dict[str, Any]) -> Document:
        """As `changes`, of a body that is decoded already."""
        sublists = {name.lower(): name for name in kind.sublists}
        bare = {name: value for name, value in given.items() if name.lower() not in sublists}
        external_id = next((bare.pop(name) for name in list(bare) if name.lower() == "externalid"), msgspec.UNSET)
        changes = self._fields(kind.fields, bare, "")
        if external_id is not msgspec.UNSET:
            changes["externalId"] = None if external_id is None else str(external_id)
        for name, value in given.items():
            if sublist := sublists.get(name.lower()):
                changes[sublist] = self._lines(kind.sublists[sublist], value, sublist)
        return changes

    def _lines(self, fields: dict[str, Field], given: Any, path: str) -> list[Document]:
        items = given.get("items") if isinstance(given, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise invalid_body(path)
        lines = []
        for index, item in enumerate(items):
            line = self._fields(fields, item, f"{path}.items[{index}].")
            lines.append(line | {key: item[key] for key in ("line", "id") if key in item})
        return lines

    def _fields(self, fields: dict[str, Field], given: dict[str, Any], prefix: str) -> Document:
        known = {name.lower(): name for name in fields}
        read: Document = {}
        for given_name, value in given.items():
            name = known.get(given_name.lower())
            if name is None:
                if self._strictness.names and given_name not in ("id", "links", "line", "refName"):
                    raise invalid_body(prefix + given_name)
                continue
            field = fields[name]
            if field.read_only:
                continue
            try:
                read[name] = None if value is None else self._value(field, value, prefix + name)
            except _UnfitError:
                if self._strictness.values:
                    shown = value.get("id", value) if isinstance(value, dict) else value
                    raise invalid_value(shown, name, prefix + name) from None
        return read

    def _value(self, field: Field, value: Any, path: str) -> Any:
        match field.kind:
            case "ref":
                return self._reference(field, value)
            case "subrecord":
                return self._fields(field.fields, _fit(value if isinstance(value, dict) else None), f"{path}.")
        return _scalar(field, value)

    def _reference(self, field: Field, value: Any) -> str:
        """The internal id that `{"id": 5}`, `{"externalId": "X"}` or `"5"` stands for."""
        by_id, external_id = value, None
        if isinstance(value, dict):
            by_id, external_id = value.get("id"), value.get("externalId")
        for name in field.to:
            kind = self._records.type_of(name)
            if by_id is not None:
                found = self._records.get(name, str(by_id))
            else:
                found = self._records.by_external_id(kind, str(external_id))
            if found is not None:
                return str(found["id"])
        raise _UnfitError


def merge(kind: RecordType, before: Document, changes: Document, replaced: list[str]) -> Document:
    """A record after changes: lines are added or, where their key is known, updated; `replaced` sublists start anew."""
    after = dict(before)
    for name, value in changes.items():
        if name not in kind.sublists:
            after[name] = value
            continue
        lines = [] if name.lower() in replaced else [dict(line) for line in before.get(name, [])]
        key = LINE_KEYS[name]
        for line in value:
            same = next((old for old in lines if key in line and str(old.get(key)) == str(line[key])), None)
            if same is None:
                lines.append(line)
            else:
                if line.keys() & {"quantity", "rate"}:
                    same.pop("amount", None)  # the amount follows, unless the change brings one
                same.update(line)
        after[name] = lines
    return {name: value for name, value in after.items() if value is not None}


def _scalar(field: Field, value: Any) -> Any:
    if field.kind == "boolean":
        return _fit(value if isinstance(value, bool) else None)
    if field.kind in ("date", "datetime"):
        return _date(value, field.kind)
    if field.kind in ("integer", "decimal", "amount", "percent"):
        return _number(value, field.kind)
    text = value.get("id") if isinstance(value, dict) else value
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise _UnfitError
    if field.choices and str(text) not in field.choices:
        raise _UnfitError
    return str(text)


def _fit(value: Any) -> Any:
    if value is None:
        raise _UnfitError
    return value


def _date(value: Any, kind: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise _UnfitError from None
    return moment.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%SZ")


def _number(value: Any, kind: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _UnfitError
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _UnfitError from None
    if not number.is_finite() or (kind == "integer" and number != number.to_integral_value()):
        raise _UnfitError
    return format(number, "f")
