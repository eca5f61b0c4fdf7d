"""A body to start from, made of a schema."""

from collections.abc import Mapping
from typing import Any

_DEEPEST = 8
_BY_FORMAT: Mapping[str, str] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "decimal": "100.00",
    "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
}
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None, "string": "string"}


def example(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of the schema's shape with its required fields: to be filled in, so not always one that is taken."""
    if "$ref" in schema:
        title = schema["$ref"].rsplit("/", 1)[-1]
        return example(document["components"]["schemas"][title], document, depth)
    for known in ("const", "default", "example"):
        if known in schema:
            return schema[known]
    if "enum" in schema:
        return schema["enum"][0]
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return example(schema[joined][0], document, depth)
    return _of_type(schema, document, depth + 1)


def _of_type(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object")
    if kind == "array":
        return [example(schema["items"], document, depth)] if schema.get("items") and depth < _DEEPEST else []
    if kind == "object":
        properties = schema.get("properties", {}) if depth < _DEEPEST else {}
        names = [name for name in schema.get("required", ()) if name in properties]
        return {name: example(properties[name], document, depth) for name in names}
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(str(kind)))
