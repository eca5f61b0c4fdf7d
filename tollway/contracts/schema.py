"""The schemas of a contract, compiled once, that say of a value every way in which it breaks them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import jsonschema_rs
import msgspec

from tollway.problem_document import Violation

D = TypeVar("D")
T = TypeVar("T")
MOST_VIOLATIONS = 100
"""How many violations one answer lists; a hostile body can hold any number."""
_THE_VALUE = "the value"
"""What messages say instead of repeating what was sent, which may be large or secret."""
_PATTERNS = jsonschema_rs.RegexOptions()
"""Patterns run in linear time, whatever a caller sends."""
_ALTERNATIVES = (jsonschema_rs.ValidationErrorKind.AnyOf, jsonschema_rs.ValidationErrorKind.OneOfNotValid)


class Components:
    """The parts of a document that its operations refer to, and what has been made of parts of it so far."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self.components = components
        self._made: dict[tuple[Any, bytes], Any] = {}

    def resolved(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference into the components refers to, or the data itself; raises LookupError."""
        while "$ref" in data:
            _, _, kind, name = data["$ref"].split("/")
            data = self.components[kind][name]
        return data

    def once(self, make: Callable[[D, "Components"], T], data: D) -> T:
        """What is made of the data, one for all operations that say the same: what is used by many stays in caches."""
        key = make, msgspec.json.encode(data, order="sorted")
        if key not in self._made:
            self._made[key] = make(data, self)
        found: T = self._made[key]
        return found

    def schema(self, schema: Mapping[str, Any]) -> "Schema":
        """The schema, compiled when it is first met."""
        return self.once(Schema, schema)


class Schema:
    """A schema of a document, compiled once."""

    def __init__(self, schema: Mapping[str, Any], components: Components) -> None:
        whole = {**schema, "components": components.components}
        self._validator = jsonschema_rs.Draft202012Validator(
            whole, validate_formats=True, mask=_THE_VALUE, offline=True, pattern_options=_PATTERNS
        )
        self.is_valid: Callable[[Any], bool] = self._validator.is_valid
        """Whether a value keeps to the schema."""

    def violations(self, value: Any, where: str = "") -> list[Violation]:
        """Every way in which the value breaks the schema, each with a JSON pointer below `where`."""
        if self.is_valid(value):
            return []
        found: list[Violation] = []
        for error in self._validator.iter_errors(value):
            found += _told(error, where)
            if len(found) >= MOST_VIOLATIONS:
                break
        return found[:MOST_VIOLATIONS]


def pointer_to(parts: Iterable[object]) -> str:
    """The JSON pointer (RFC 6901) of keys and places in arrays."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _told(error: jsonschema_rs.ValidationError, where: str) -> list[Violation]:
    if isinstance(error.kind, _ALTERNATIVES):
        # Of "null or an object", the branch whose type fits is the one that was meant.
        meant = [branch for branch in error.kind.context if not any(_other_type(inner, error) for inner in branch)]
        if len(meant) == 1:
            return [violation for inner in meant[0] for violation in _told(inner, where)]
    return [Violation(pointer=where + pointer_to(error.instance_path), message=error.message)]


def _other_type(inner: jsonschema_rs.ValidationError, outer: jsonschema_rs.ValidationError) -> bool:
    return isinstance(inner.kind, jsonschema_rs.ValidationErrorKind.Type) and inner.instance_path == outer.instance_path


class Parameter:
    """A value that an operation takes from the path, the query or a header, where everything is text."""

    def __init__(self, data: Mapping[str, Any], components: Components) -> None:
        """Raises ValueError for a parameter in a cookie, since no cookie is read here."""
        self.name: str = data["name"]
        self.where: str = data["in"]
        if self.where not in ("path", "query", "header"):
            raise ValueError(f"the parameter {self.name} is in {self.where}, where nothing is read")
        self.header = self.name.lower().encode()
        """Its name as a header."""
        self.required: bool = data.get("required", False)
        self._types = _types(data["schema"], components)
        self._schema = components.schema(data["schema"])
        self._is_text = self._types.isdisjoint(("array", "integer", "number", "boolean"))

    def accepts(self, text: str) -> bool:
        """Whether the text is one of those that the contract allows; quick, and never true wrongly."""
        return self._is_text and self._schema.is_valid(text)

    def violations(self, texts: list[str]) -> list[Violation]:
        """Every way in which what was given breaks the contract; nothing given is an empty list."""
        pointer = f"/{self.where}/{self.name}"
        if not texts:
            missing = Violation(pointer=pointer, message=f"the {self.where} parameter {self.name} is missing")
            return [missing] if self.required else []
        if "array" in self._types:
            return self._schema.violations([self._read(text) for text in texts], pointer)
        if len(texts) > 1:
            return [Violation(pointer=pointer, message=f"the {self.where} parameter {self.name} is given twice")]
        return self._schema.violations(self._read(texts[0]), pointer)

    def _read(self, text: str) -> Any:
        """The value that a text stands for, or the text itself when it is none of the parameter's types."""
        for kind, python in (("integer", int), ("number", float), ("boolean", bool)):
            if kind in self._types:
                try:
                    return msgspec.convert(text, python, strict=False)
                except msgspec.ValidationError:
                    continue
        return text


def _types(schema: Mapping[str, Any], components: Components) -> set[str]:
    """The JSON types a schema allows, its items' and alternatives' included."""
    schema = components.resolved(schema)
    declared = schema.get("type", [])
    found = {declared} if isinstance(declared, str) else set(declared)
    items = [schema["items"]] if schema.get("items") else []
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *items):
        found |= _types(inner, components)
    return found
