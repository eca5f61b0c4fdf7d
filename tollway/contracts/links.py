"""OpenAPI links: where what one operation answers or was sent names what another one asks for in its path."""

import re
from collections.abc import Iterator
from typing import Any

_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")
_PARAMETER = re.compile(r"([^/{}]+)?/{(\w+)}")
JSON = "application/json"


def add(document: dict[str, Any]) -> None:
    """Add to every good answer the links that the names of its fields allow.

    A path parameter `number` below `projects` and a field `project_number`, or the field `number` of a `Project`, name
    the same thing.
    """
    schemas = document["components"]["schemas"]
    targets = {
        operation["operationId"]: wanted
        for path, item in document["paths"].items()
        for operation in item.values()
        if (wanted := _wanted(path))
    }
    for path, item in document["paths"].items():
        for operation in item.values():
            good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            known = _known(operation, good, schemas)
            passed = {name: f"$request.path.{parameter}" for name, parameter in _wanted(path).items()}
            links = {
                target: {"operationId": target, "parameters": _values(wanted, passed | known)}
                for target, wanted in targets.items()
                if target != operation["operationId"]
                and wanted.keys() <= passed.keys() | known.keys()
                and not wanted.keys() <= passed.keys()
            }
            if links:
                good["links"] = links


def _values(wanted: dict[str, str], known: dict[str, str]) -> dict[str, str]:
    return {parameter: known[name] for name, parameter in wanted.items()}


def _wanted(path: str) -> dict[str, str]:
    """The parameters of a path by the full names of what they name."""
    named = {}
    for below, parameter in _PARAMETER.findall(path):
        thing = re.sub(r"ies$", "y", below).removesuffix("s").replace("-", "_")
        named[parameter if "_" in parameter else f"{thing}_{parameter}"] = parameter
    return named


def _known(operation: dict[str, Any], good: dict[str, Any], schemas: dict[str, Any]) -> dict[str, str]:
    """Where an exchange tells which thing, by the full name of the thing; the answer before the request."""
    known: dict[str, str] = {}
    for source, body in (("$response", good), ("$request", operation.get("requestBody", {}))):
        schema = body.get("content", {}).get(JSON, {}).get("schema", {})
        for name, pointer in _identifiers(schema, schemas):
            known.setdefault(name, f"{source}.body#{pointer}")
    return known


def _identifiers(schema: dict[str, Any], schemas: dict[str, Any], pointer: str = "") -> Iterator[tuple[str, str]]:
    """The texts in an object, or in the first object of a list, under their full names, and where they are."""
    if schema.get("type") == "array":
        yield from _identifiers(schema["items"], schemas, f"{pointer}/0")
        return
    if "$ref" not in schema:
        return
    title = schema["$ref"].rpartition("/")[2]
    thing = _SNAKE.sub("_", title.removesuffix("Details")).lower()
    for field, inner in schemas[title].get("properties", {}).items():
        if inner.get("type") == "string" and "format" not in inner:
            yield field, f"{pointer}/{field}"
            yield f"{thing}_{field}", f"{pointer}/{field}"
        elif inner.get("type") == "array":
            yield from _identifiers(inner, schemas, f"{pointer}/{field}")
