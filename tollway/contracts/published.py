"""A published OpenAPI document as the gateway uses it: which operation a request asks for, and what the operation takes."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import msgspec

from tollway.problems import MethodNotAllowed, NoSuchRoute, StartupError, Violation

METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
MOST_VIOLATIONS = 100
"""How many violations one answer lists; a hostile body can hold any number."""
_THE_VALUE = "the value"
_ALTERNATIVES = (jsonschema_rs.ValidationErrorKind.AnyOf, jsonschema_rs.ValidationErrorKind.OneOfNotValid)


class Schema:
    """A schema of a document, compiled once."""

    def __init__(self, schema: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        whole = {**schema, "components": components}
        self._validator = jsonschema_rs.Draft202012Validator(
            whole, validate_formats=True, mask=_THE_VALUE, offline=True, pattern_options=_PATTERNS
        )

    def violations(self, value: Any, where: str = "") -> list[Violation]:
        """Every way in which the value breaks the schema, each with a JSON pointer below `where`."""
        if self._validator.is_valid(value):
            return []
        found: list[Violation] = []
        for error in self._validator.iter_errors(value):
            found += _told(error, where)
            if len(found) >= MOST_VIOLATIONS:
                break
        return found[:MOST_VIOLATIONS]


_PATTERNS = jsonschema_rs.RegexOptions()
"""Patterns run in linear time, whatever a caller sends."""


def _told(error: jsonschema_rs.ValidationError, where: str) -> list[Violation]:
    if isinstance(error.kind, _ALTERNATIVES):
        # Of "null or an object", the branch whose type fits is the one that was meant.
        meant = [branch for branch in error.kind.context if not any(_other_type(inner, error) for inner in branch)]
        if len(meant) == 1:
            return [violation for inner in meant[0] for violation in _told(inner, where)]
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.instance_path)
    return [Violation(pointer=where + pointer, message=error.message)]


def _other_type(inner: jsonschema_rs.ValidationError, outer: jsonschema_rs.ValidationError) -> bool:
    return isinstance(inner.kind, jsonschema_rs.ValidationErrorKind.Type) and inner.instance_path == outer.instance_path


class Parameter:
    """A value that an operation takes from the path, the query or a header, where everything is text."""

    def __init__(self, data: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        self.name: str = data["name"]
        self.where: str = data["in"]
        self.required: bool = data.get("required", False)
        self._types = _types(data["schema"], components)
        self._schema = Schema(data["schema"], components)

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


def _types(schema: Mapping[str, Any], components: Mapping[str, Any]) -> set[str]:
    """The JSON types a schema allows, its items' and alternatives' included."""
    if "$ref" in schema:
        return _types(components["schemas"][schema["$ref"].rsplit("/", 1)[-1]], components)
    declared = schema.get("type", [])
    found = {declared} if isinstance(declared, str) else set(declared)
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items") or {}):
        found |= _types(inner, components)
    return found


class Operation:
    """One operation: who may call it and what it takes."""

    def __init__(self, method: str, path: str, data: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        components = document.get("components", {})
        self.id: str = data.get("operationId", f"{method} {path}")
        self.method = method.upper()
        self.path = path
        security = data.get("security", document.get("security"))
        self.scopes = None if security is None else tuple(frozenset(sum(way.values(), [])) for way in security)
        """The sets of scopes of which a caller needs one; empty when it needs none, None when the contract is silent."""
        self.parameters = tuple(Parameter(parameter, components) for parameter in data.get("parameters", ()))
        self.query_names = frozenset(parameter.name for parameter in self.parameters if parameter.where == "query")
        body = data.get("requestBody", {})
        self.body_required: bool = body.get("required", False)
        self.bodies = {kind: Schema(media.get("schema", {}), components) for kind, media in body.get("content", {}).items()}
        """The schema of the body by content type; empty when the operation takes none."""


class _Node:
    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.operations: dict[str, Operation] = {}
        self.names: list[str] = []


class Contract:
    """An API's published document."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        """`source` names the file in messages; raises StartupError when the document is no OpenAPI document."""
        self.document = document
        self.source = source
        self._root = _Node()
        try:
            self.operations = [self._add(path, item) for path, item in document["paths"].items()]
            self.operations = sum(self.operations, [])
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise StartupError(f"The contract {source} is not an OpenAPI document: {error!r}.") from error

    def find(self, method: str, segments: list[str]) -> tuple[Operation, dict[str, str]]:
        """The operation at a path and the values in it; raises NoSuchRoute or MethodNotAllowed."""
        values: list[str] = []
        node = _descend(self._root, segments, 0, values)
        if node is None:
            raise NoSuchRoute("This API has no such address; its contract lists those it has.")
        operation = node.operations.get(method)
        if operation is None:
            allowed = ", ".join(sorted(node.operations))
            raise MethodNotAllowed(f"This address takes {allowed}, not {method}.", headers={"allow": allowed})
        return operation, dict(zip(node.names, values, strict=True))
