"""The metadata catalogue: which record types there are, and their fields as JSON Schema or OpenAPI.

Sources: SuiteTalk REST Web Services API Guide, "Working with Resource Metadata" (Accept application/schema+json and
application/swagger+json, `select`, x-ns-filterable, x-ns-custom-field); answers seen by client libraries of others.
"""

from typing import Any

from system_apis.erp.netsuite.sandbox.catalog import Catalog, Field, RecordType

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int64"},
    "decimal": {"type": "number", "format": "double"},
    "amount": {"type": "number", "format": "double"},
    "percent": {"type": "number", "format": "double"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
_REFERENCE = {"id": {"type": "string"}, "refName": {"type": "string"}, "externalId": {"type": "string"}}
_OWN = {"id": {"type": "string"}, "externalId": {"type": "string"}, "refName": {"type": "string"}}


def index(types: Catalog, base_url: str) -> dict[str, Any]:
    """The list of record types."""
    url = f"{base_url}/metadata-catalog"
    items = [{"name": kind.name, "links": _links(f"{url}/{kind.name.lower()}")} for kind in types.values()]
    return {"items": items, "links": [{"rel": "self", "href": url}]}


def json_schema(kind: RecordType) -> dict[str, Any]:
    """The JSON Schema of a record type."""
    properties = _OWN | {name: _property(name, field) for name, field in kind.fields.items()}
    for name, fields in kind.sublists.items():
        line = {"type": "object", "properties": {field: _property(field, spec) for field, spec in fields.items()}}
        properties[name] = {"type": "object", "properties": {"items": {"type": "array", "items": line}}}
    return {
        "$schema": "http://json-schema.org/draft-06/hyper-schema#",
        "type": "object",
        "properties": properties,
        "x-ns-filterable": ["id", "externalId", *(name for name, field in kind.fields.items() if _filterable(field))],
    }


def openapi(types: list[RecordType], base_url: str) -> dict[str, Any]:
    """An OpenAPI 3 document of some record types."""
    paths: dict[str, Any] = {}
    for kind in types:
        paths[f"/{kind.name}"] = {method: _operation(kind) for method in ("get", "post")}
        paths[f"/{kind.name}/{{id}}"] = {method: _operation(kind) for method in ("get", "patch", "put", "delete")}
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {"schemas": {kind.name: json_schema(kind) for kind in types}},
    }


def _property(name: str, field: Field) -> dict[str, Any]:
    described = {"title": field.label, "x-ns-custom-field": name.startswith("cust") and "_" in name}
    if field.read_only:
        described["readOnly"] = True
    match field.kind:
        case "ref":
            return described | {"type": "object", "properties": _REFERENCE}
        case "choice":
            choices = {"id": {"type": "string", "enum": list(field.choices)}, "refName": {"type": "string"}}
            return described | {"type": "object", "properties": choices}
        case "subrecord":
            nested = {inner: _property(inner, spec) for inner, spec in field.fields.items()}
            return described | {"type": "object", "properties": nested}
    return described | _JSON_TYPES[field.kind] | {"nullable": True}


def _filterable(field: Field) -> bool:
    return field.kind != "subrecord"


def _operation(kind: RecordType) -> dict[str, Any]:
    return {"tags": [kind.name], "responses": {"default": {"description": "See the REST API Browser."}}}


def _links(url: str) -> list[dict[str, str]]:
    return [
        {"rel": "canonical", "href": url},
        {"rel": "describes", "href": url.replace("/metadata-catalog", "")},
        {"rel": "alternate", "href": url, "mediaType": "application/swagger+json"},
        {"rel": "alternate", "href": url, "mediaType": "application/schema+json"},
    ]
