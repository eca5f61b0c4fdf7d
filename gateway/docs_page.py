"""The readable page of every published contract: one self-contained HTML document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from tollway.contracts.published import METHODS

_SHELL = Template(Path(__file__).with_name("docs.html").read_text("utf-8"))
_LIMITS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
           "minItems", "maxItems", "format", "default")  # fmt: skip
Api = tuple[str, str, Mapping[str, Any]]
"""A product's name, where its contract is served, and the contract."""


def render(apis: Sequence[Api]) -> str:
    """The page."""
    menu = "".join(_menu(name, document) for name, _, document in apis)
    content = "".join(_api(name, place, document) for name, place, document in apis)
    return _SHELL.substitute(menu=menu, content=content)


def _menu(name: str, document: Mapping[str, Any]) -> str:
    links = "".join(
        f'<li><a href="#{_anchor(name, method, path)}">{_method(method)} {escape(_summary(data))}</a></li>'
        for method, path, data in _operations(document)
    )
    title = f'<a class="api" href="#{escape(name)}">{escape(document["info"]["title"])}</a>'
    return f"<section>{title}<ul>{links}</ul></section>"


def _api(name: str, place: str, document: Mapping[str, Any]) -> str:
    info = document["info"]
    operations = "".join(_operation(name, *found) for found in _operations(document))
    schemas = document.get("components", {}).get("schemas", {})
    objects = "".join(_object(name, title, schema) for title, schema in schemas.items())
    return (
        f'<article id="{escape(name)}"><h2>{escape(info["title"])} <small>{escape(info["version"])}</small></h2>'
        f"<p>{escape(info.get('description', ''))}</p>"
        f'<p><a href="{escape(place)}">OpenAPI document</a></p>{operations}'
        f"<h3>Objects</h3>{objects}</article>"
    )


def _operation(name: str, method: str, path: str, data: Mapping[str, Any]) -> str:
    scopes = sorted({scope for way in data.get("security", ()) for asked in way.values() for scope in asked})
    granted = "".join(f"<code>{escape(scope)}</code> " for scope in scopes)
    parts = [f"<p>{escape(data.get('description', ''))}</p>", f"<p>Scope: {granted}</p>" if granted else ""]
    if data.get("parameters"):
        parts.append("<h4>Parameters</h4>" + _table([_parameter(name, item) for item in data["parameters"]]))
    for media_type, media in data.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Body <small>{escape(media_type)}</small></h4><p>{_type(name, media.get('schema', {}))}</p>")
    parts.append("<h4>Answers</h4>" + _table([_answer(name, *item) for item in data.get("responses", {}).items()]))
    return (
        f'<details open id="{_anchor(name, method, path)}"><summary>{_method(method)} '
        f"<code>{escape(path)}</code> {escape(_summary(data))}</summary>{''.join(parts)}</details>"
    )


def _parameter(name: str, data: Mapping[str, Any]) -> Sequence[str]:
    must = "required" if data.get("required") else "optional"
    words = escape(data.get("description", ""))
    return f"<code>{escape(data['name'])}</code>", f"{data['in']}, {must}", f"{_type(name, data['schema'])} {words}"


def _answer(name: str, status: str, data: Mapping[str, Any]) -> Sequence[str]:
    bodies = [_type(name, media.get("schema", {})) for media in data.get("content", {}).values()]
    return f"<code>{escape(status)}</code>", escape(data.get("description", "")), ", ".join(bodies)


def _object(name: str, title: str, schema: Mapping[str, Any]) -> str:
    words = f"<p>{escape(schema.get('description', ''))}</p>"
    required = schema.get("required", ())
    rows = [
        (f"<code>{escape(field)}</code>", "required" if field in required else "optional",
         f"{_type(name, data)} {escape(data.get('description', ''))}")
        for field, data in schema.get("properties", {}).items()
    ]  # fmt: skip
    body = _table(rows) if rows else f"<p>{_type(name, schema)}</p>"
    return f'<section class="object" id="{_object_anchor(name, title)}"><h4>{escape(title)}</h4>{words}{body}</section>'


def _type(name: str, schema: Mapping[str, Any]) -> str:
    """A schema in words, with links to the objects it names."""
    if "$ref" in schema:
        title = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{_object_anchor(name, title)}">{escape(title)}</a>'
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(_json(value))}</code>" for value in schema["enum"])
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " or ".join(_type(name, inner) for inner in schema[joined])
    kind = schema.get("type", "anything")
    words = escape(kind if isinstance(kind, str) else " or ".join(kind))
    if kind == "array":
        words = f"list of {_type(name, schema.get('items') or {})}"
    limits = ", ".join(f"{limit} <code>{escape(_json(schema[limit]))}</code>" for limit in _LIMITS if limit in schema)
    return f"{words} <small>{limits}</small>" if limits else words


def _table(rows: Sequence[Sequence[str]]) -> str:
    return (
        "<table>" + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows) + "</table>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _method(method: str) -> str:
    return f'<b class="{method}">{method.upper()}</b>'


def _summary(data: Mapping[str, Any]) -> str:
    return str(data.get("summary") or data.get("operationId", ""))


def _anchor(name: str, method: str, path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-{method}-{path}").strip("-")


def _object_anchor(name: str, title: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{name}-object-{title}")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
