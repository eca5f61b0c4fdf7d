"""What one schema refuses of what another takes.

A request breaks callers when the new schema refuses what the old one took. A response breaks them when it is the other
way round: when the old schema, which they were written by, refuses what the new one allows. So one comparison does for
both, with the roles changed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.json import encode

from tollway.contracts.changes.rules import Change, Side, of_schema

Json = dict[str, Any]
_UPPER = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_NOTHING_SAID = {"minLength": 0, "minItems": 0, "minProperties": 0}
_SAID_IN_WORDS = {"title", "description", "example", "examples", "deprecated", "externalDocs", "$comment", "xml"}
_COMPARED = {"$ref", "type", "enum", "const", "nullable", "anyOf", "oneOf", "multipleOf", "uniqueItems", "pattern",
             "format", "items", "properties", "required", "additionalProperties", "default",
             *_UPPER, *_LOWER}  # fmt: skip
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
_MISSING = object()


class SchemaComparison:
    """Compares schemas of the released and of the present document, on one side of the exchange."""

    def __init__(self, side: Side, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """`old` and `new` are the documents' components."""
        self._side: Side = side
        self._answered = side == "response"
        self._wide, self._narrow = (new, old) if self._answered else (old, new)
        self._under_way: set[tuple[bytes, bytes]] = set()

    def changes(self, old: Json, new: Json, where: str) -> Iterator[Change]:
        """Every breaking change of a schema."""
        for change in self._compared(*((new, old) if self._answered else (old, new)), where):
            if change is not None:
                yield change

    def _change(self, kind: str, where: str, wide: Any, narrow: Any) -> Change | None:
        rule = of_schema(kind, self._side)
        old, new = (narrow, wide) if self._answered else (wide, narrow)
        return Change(where, rule, f"{_shown(old)} became {_shown(new)}") if rule else None

    def _compared(self, wide: Json, narrow: Json, where: str) -> Iterator[Change | None]:
        pair = encode(wide, order="sorted"), encode(narrow, order="sorted")
        if pair in self._under_way:  # a schema within itself: this very comparison decides
            return
        self._under_way.add(pair)
        if "$ref" in wide and "$ref" in narrow:
            where = wide["$ref"]
        try:
            ours, theirs = _forms(wide, self._wide), _forms(narrow, self._narrow)
            if len(ours) == len(theirs) == 1:
                yield from self._one(ours[0], theirs[0], where)
            else:
                yield from self._several(ours, theirs, where)
        finally:
            self._under_way.discard(pair)

    def _several(self, wide: list[Json], narrow: list[Json], where: str) -> Iterator[Change | None]:
        for form in wide:
            if any(not any(self._compared(form, other, where)) for other in narrow):
                continue
            alike = [other for other in narrow if _kind(other) == _kind(form)]
            if len(alike) == 1:
                yield from self._compared(form, alike[0], where)
            elif form.get("type") == "null":
                yield self._change("null", where, "null", "no null")
            else:
                yield self._change("alternative", where, _kind(form), [_kind(other) for other in narrow])

    def _one(self, wide: Json, narrow: Json, where: str) -> Iterator[Change | None]:
        if not _is_type_kept(wide, narrow):
            yield self._change("type", where, wide.get("type", "anything"), narrow["type"])
            return
        yield from self._values(wide, narrow, where)
        for kind, is_narrower, keys in _KEYWORDS:
            for key in keys:
                before, after = _said(wide, key), _said(narrow, key)
                if after is not None and before != after and is_narrower(before, after):
                    yield self._change(kind, f"{where}/{key}", before, after)
        if "items" in narrow and narrow.get("type") == "array":
            yield from self._compared(wide.get("items", {}), narrow["items"], f"{where}/items")
        yield from self._object(wide, narrow, where)
        default = wide.get("default", _MISSING), narrow.get("default", _MISSING)
        if default[0] != default[1]:
            yield self._change("default", f"{where}/default", *default)
        for key in sorted(wide.keys() | narrow.keys()):
            if key not in _COMPARED | _SAID_IN_WORDS and not key.startswith("x-") and wide.get(key) != narrow.get(key):
                yield self._change("keyword", f"{where}/{key}", wide.get(key, _MISSING), narrow.get(key, _MISSING))

    def _values(self, wide: Json, narrow: Json, where: str) -> Iterator[Change | None]:
        before, after = _enum(wide), _enum(narrow)
        if after is None:
            return
        if before is None:
            yield self._change("enum", f"{where}/enum", "any value", after)
            return
        for value in before:
            if value not in after:
                yield self._change("enum", f"{where}/enum", value, _MISSING)

    def _object(self, wide: Json, narrow: Json, where: str) -> Iterator[Change | None]:
        before, after = wide.get("properties", {}), narrow.get("properties", {})
        must, must_now = set(wide.get("required", ())), set(narrow.get("required", ()))
        for name in sorted(must_now - must):
            kind = "required" if name in before else "required-added"
            yield self._change(
                kind, f"{where}/properties/{name}", _MISSING if kind != "required" else "optional", "required"
            )
        yield from self._properties(before, after, where, must_now)
        rest, rest_now = wide.get("additionalProperties", True), narrow.get("additionalProperties", True)
        if isinstance(rest, dict) and isinstance(rest_now, dict):
            yield from self._compared(rest, rest_now, f"{where}/additionalProperties")
        elif rest is not False and rest_now not in (True, {}) and rest != rest_now:
            yield self._change("closed", f"{where}/additionalProperties", rest, rest_now)

    def _properties(self, before: Json, after: Json, where: str, must_now: set[str]) -> Iterator[Change | None]:
        for name in before.keys() & after.keys():
            yield from self._compared(before[name], after[name], f"{where}/properties/{name}")
        # A field that is no more is missed on either side; one that is new in an answer is to be passed over, as all
        # of the field's tools have it, whether or not the schema is closed.
        gone = (after.keys() - before.keys() - must_now) if self._answered else (before.keys() - after.keys())
        for name in gone:
            pair = (_MISSING, name) if self._answered else (name, _MISSING)
            yield self._change("removed", f"{where}/properties/{name}", *pair)


def _forms(schema: Json, components: Mapping[str, Any]) -> list[Json]:
    """The alternatives that a schema consists of; a reference is followed where it is all there is."""
    if "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        schema = components[kind][name] | {key: value for key, value in schema.items() if key != "$ref"}
        return _forms(schema, components)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            rest = {name: value for name, value in schema.items() if name != key and name not in _SAID_IN_WORDS}
            branches = [rest | branch for branch in schema[key]]
            return branches if len(branches) > 1 else _forms(branches[0], components)
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    forms = [schema | {"type": kind} if kind else schema for kind in kinds]
    return [*forms, {"type": "null"}] if schema.get("nullable") else forms


def _is_type_kept(wide: Json, narrow: Json) -> bool:
    before, after = wide.get("type"), narrow.get("type")
    if after is None or before == after or (before, after) == ("integer", "number"):
        return True
    return before is None and after == "string" and all(isinstance(value, str) for value in _enum(wide) or [0])


def _kind(form: Json) -> str:
    return str(form.get("$ref") or form.get("title") or form.get("type") or "value")


def _enum(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _said(schema: Json, key: str) -> Any:
    """What a schema says by a keyword; None for what says nothing."""
    value = schema.get(key)
    return None if value == _NOTHING_SAID.get(key, _MISSING) or value is False else value


def _shown(value: Any) -> str:
    return "nothing" if value is _MISSING or value is None else str(value)


_Narrower = Callable[[Any, Any], bool]
_KEYWORDS: tuple[tuple[str, _Narrower, tuple[str, ...]], ...] = (
    ("limit", lambda before, after: before is None or after < before, _UPPER),
    ("limit", lambda before, after: before is None or after > before, _LOWER),
    ("limit", lambda before, after: before is None or before % after != 0, ("multipleOf",)),
    ("limit", lambda before, after: True, ("uniqueItems",)),  # noqa: ARG005 - whoever says it narrows
    ("pattern", lambda before, after: True, ("pattern",)),  # noqa: ARG005 - two expressions cannot be compared
    ("format", lambda before, after: (before, after) not in _WIDER_FORMATS, ("format",)),
)
