"""The reference of one API: every operation with a form to try it, every object, all from its contract."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

from gateway.docs.example import example
from gateway.docs.product import Product
from tollway.contracts.published import METHODS

_LIMITS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
           "minItems", "maxItems", "format", "default")  # fmt: skip
_CREDENTIALS = (
    '<p class="token"><label for="token">Access token for trying things out; it stays in this tab.</label><br>'
    '<input id="token" type="password" autocomplete="off" placeholder="eyJ…"></p>'
)


def reference(product: Product) -> str:
    """The article about one API."""
    document, info = product.document, product.document["info"]
    operations = "".join(_operation(document, *found) for found in _operations(document))
    schemas = document.get("components", {}).get("schemas", {})
    objects = "".join(_object(title, schema) for title, schema in schemas.items())
    facts = [("Address", f"<code>{escape(product.prefix)}</code>"), ("Owner", escape(product.owner)),
             ("Contract", f'<a href="{escape(product.contract)}">OpenAPI document</a>'),
             *((f"Plan {escape(plan)}", escape(words)) for plan, words in product.limits.items())]  # fmt: skip
    return (
        f'<article id="{escape(product.name)}">'
        f"<h2>{escape(info['title'])} <small>{escape(info['version'])}</small></h2>"
        f"<p>{escape(info.get('description', ''))}</p>{table(facts)}{_CREDENTIALS}{operations}"
        f"{_changes(product)}<h3>Objects</h3>{objects}</article>"
    )


def menu(product: Product) -> str:
    """Links to the product's operations."""
    links = "".join(
        f'<li><a href="#{_anchor(method, path)}">{_method(method)} {escape(_summary(data))}</a></li>'
        for method, path, data in _operations(product.document)
    )
    return f"<ul>{links}</ul>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    return (
        "<table>" + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows) + "</table>"
    )


def _changes(product: Product) -> str:
    if not product.changes:
        return ""
    items = "".join(f"<li>{escape(change)}</li>" for change in product.changes)
    return f'<h3 id="changes">What differs from the version before</h3><ul>{items}</ul>'


def _operation(document: Mapping[str, Any], method: str, path: str, data: Mapping[str, Any]) -> str:
    scopes = sorted({scope for way in data.get("security", ()) for asked in way.values() for scope in asked})
    granted = "".join(f"<code>{escape(scope)}</code> " for scope in scopes)
    parts = [f"<p>{escape(data.get('description', ''))}</p>", f"<p>Scope: {granted}</p>" if granted else ""]
    if data.get("parameters"):
        parts.append("<h4>Parameters</h4>" + table([_parameter(item) for item in data["parameters"]]))
    for media_type, media in data.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Body <small>{escape(media_type)}</small></h4><p>{_type(media.get('schema', {}))}</p>")
    answers = [_answer(document, *item) for item in data.get("responses", {}).items()]
    parts.append("<h4>Answers</h4>" + table(answers) + _try(document, method, path, data))
    return (
        f'<details open id="{_anchor(method, path)}"><summary>{_method(method)} '
        f"<code>{escape(path)}</code> {escape(_summary(data))}</summary>{''.join(parts)}</details>"
    )


def _try(document: Mapping[str, Any], method: str, path: str, data: Mapping[str, Any]) -> str:
    """A form that sends the operation to this gateway."""
    fields = "".join(
        f'<label>{escape(item["name"])}<input name="{escape(item["name"])}" data-in="{escape(item["in"])}"></label>'
        for item in data.get("parameters", ())
    )
    for media_type, media in data.get("requestBody", {}).get("content", {}).items():
        body = msgspec.json.format(msgspec.json.encode(example(media.get("schema", {}), document))).decode()
        fields += f'<label>body<textarea data-type="{escape(media_type)}">{escape(body)}</textarea></label>'
    return (
        f'<form class="try" data-method="{method.upper()}" data-path="{escape(path)}">{fields}'
        f"<button>Try {method.upper()}</button><pre hidden></pre></form>"
    )


def _parameter(data: Mapping[str, Any]) -> Sequence[str]:
    must = "required" if data.get("required") else "optional"
    words = escape(data.get("description", ""))
    return f"<code>{escape(data['name'])}</code>", f"{data['in']}, {must}", f"{_type(data['schema'])} {words}"


def _answer(document: Mapping[str, Any], status: str, data: Mapping[str, Any]) -> Sequence[str]:
    if "$ref" in data:
        data = document["components"]["responses"][data["$ref"].rsplit("/", 1)[-1]]
    bodies = [_type(media.get("schema", {})) for media in data.get("content", {}).values()]
    return f"<code>{escape(status)}</code>", escape(data.get("description", "")), ", ".join(bodies)


def _object(title: str, schema: Mapping[str, Any]) -> str:
    words = f"<p>{escape(schema.get('description', ''))}</p>"
    required = schema.get("required", ())
    rows = [
        (f"<code>{escape(field)}</code>", "required" if field in required else "optional",
         f"{_type(data)} {escape(data.get('description', ''))}")
        for field, data in schema.get("properties", {}).items()
    ]  # fmt: skip
    body = table(rows) if rows else f"<p>{_type(schema)}</p>"
    return f'<section class="object" id="{_object_anchor(title)}"><h4>{escape(title)}</h4>{words}{body}</section>'


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in words, with links to the objects it names."""
    if "$ref" in schema:
        title = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{_object_anchor(title)}">{escape(title)}</a>'
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(_json(value))}</code>" for value in schema["enum"])
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " or ".join(_type(inner) for inner in schema[joined])
    kind = schema.get("type", "anything")
    words = escape(kind if isinstance(kind, str) else " or ".join(kind))
    if kind == "array":
        words = f"list of {_type(schema.get('items') or {})}"
    limits = ", ".join(f"{limit} <code>{escape(_json(schema[limit]))}</code>" for limit in _LIMITS if limit in schema)
    return f"{words} <small>{limits}</small>" if limits else words


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def _method(method: str) -> str:
    return f'<b class="{method}">{method.upper()}</b>'


def _summary(data: Mapping[str, Any]) -> str:
    return str(data.get("summary") or data.get("operationId", ""))


def _anchor(method: str, path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{method}-{path}").strip("-")


def _object_anchor(title: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", f"object-{title}")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
