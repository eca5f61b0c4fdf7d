"""The OpenAPI 3.1 document of a service, made from its handlers with the schemas that msgspec itself enforces."""

import inspect
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, get_args, get_origin

import msgspec
import yaml
from litestar import Litestar, Response
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import DependencyKwarg
from litestar.routes import HTTPRoute
from litestar.types import Empty

from tollway.contracts import common, links
from tollway.contracts.links import JSON
from tollway.contracts.owners import EXTENSION
from tollway.contracts.published import METHODS
from tollway.http import parameters
from tollway.idempotency import key
from tollway.problem_document import Problem

_SAFE = ("get", "head", "options")
_ENDLESS = {"type": "string", "maxLength": 2**31 - 1}
_REF = "#/components/schemas/{name}"


def document(
    title: str, version: str, service: Litestar | Sequence[HTTPRouteHandler], description: str = ""
) -> dict[str, Any]:
    """The document of a service or of its handlers, the same on every run.

    A handler says by `opt={"scope": "sales:read"}` which OAuth scope it asks for and by `opt={"public": True}` that it
    asks for nothing; any other is for our own services, which sign who they are. An unsafe operation with a scope takes
    the header Idempotency-Key unless `opt={"idempotency_key": "none"}` says otherwise; `"required"` asks for it.
    `opt={"owner": {"pointer": "/account_id"}}` says whose the object is (see `owners`), `opt={"stream": "text/csv"}`
    that the answer is no JSON document but passed on as it comes. `opt={"signed_by": {"stripe": "Stripe-Signature"}}`
    names the schemes by one of which a caller signs what it sends, each with its header; `body: bytes` is any JSON.
    """
    operations = list(_operations(service if isinstance(service, Litestar) else _application(service)))
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in operations:
        paths.setdefault(path, {})[method] = _operation(path, method, handler, schemas)
    ways = [way for _, _, handler in operations for way in _security(handler)]
    outside = _is_outside(ways)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "servers": [{"url": "/", "x-internal": not outside}],
        "tags": [{"name": name} for name in sorted({path.split("/")[1] for path in paths})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": common.responses(outside=outside),
            "headers": common.headers(outside=outside),
            "securitySchemes": common.security_schemes(ways, _signatures(operations)),
        },
    }
    # Written and read once: what comes out holds JSON's types only, as it does when it is read from its file.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    links.add(plain)
    return plain


def as_yaml(contract: dict[str, Any]) -> str:
    """The document as it is committed."""
    return yaml.dump(contract, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # whichever this machine has
    """Writes everything out, so that no part of a document refers to another."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


class _Schemas:
    """The schemas of every type that the operations name, as msgspec writes them."""

    def __init__(self, operations: Sequence[tuple[str, str, HTTPRouteHandler]]) -> None:
        self._types: list[Any] = [Problem]
        for _, _, handler in operations:
            self._types += [parameter.annotation for parameter in parameters.of(handler)]
            self._types += [kind for kind in (_body(handler), _answer(handler)) if kind is not None]
        self._made, components = msgspec.json.schema_components(self._types, ref_template=_REF)
        self._made = tuple(portable(schema) for schema in self._made)
        self.components = {name: portable(schema) for name, schema in sorted(components.items())}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type that an operation names."""
        return self._made[self._types.index(kind)]


def portable(schema: Any) -> Any:
    """A schema with patterns as every reader of JSON Schema understands them, not only Python."""
    if isinstance(schema, dict):
        return {
            key: value.replace(r"\Z", "$") if key == "pattern" and isinstance(value, str) else portable(value)
            for key, value in schema.items()
        }
    return [portable(item) for item in schema] if isinstance(schema, list) else schema


def _operation(path: str, method: str, handler: HTTPRouteHandler, schemas: _Schemas) -> dict[str, Any]:
    words = inspect.getdoc(handler.fn) or ""
    summary, _, description = words.partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": handler.operation_id or f"{method}{path}",
        "summary": summary.rstrip("."),
        "tags": [path.split("/")[1]],
        "security": _security(handler),
    }
    if description:
        operation["description"] = description
    if owner := handler.opt.get("owner"):
        operation[EXTENSION] = owner
    taken = [_parameter(parameter, schemas) for parameter in parameters.of(handler)]
    if taken := taken + _idempotency_key(method, handler):
        operation["parameters"] = taken
    body = _body(handler)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.of(body)}}}
    operation["responses"] = _responses(handler, schemas)
    return operation


def _parameter(parameter: parameters.HandlerParameter, schemas: _Schemas) -> dict[str, Any]:
    schema = dict(schemas.of(parameter.annotation))
    required = parameter.default is Empty
    if not required and parameter.default is not None:
        schema["default"] = msgspec.to_builtins(parameter.default)
    return {"name": parameter.name, "in": parameter.where, "required": required, "schema": schema}


def _idempotency_key(method: str, handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    """The header that the gateway, not the service, reads of every unsafe call from outside."""
    wanted = handler.opt.get("idempotency_key", "optional")
    if method in _SAFE or "scope" not in handler.opt or wanted == "none":
        return []
    return [key.parameter(required=wanted == "required")]


def _responses(handler: HTTPRouteHandler, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(handler.status_code).phrase}
    answer = _answer(handler)
    if stream := handler.opt.get("stream"):
        good["content"] = {stream: {"schema": _ENDLESS}}
    elif answer is not None:
        good["content"] = {JSON: {"schema": schemas.of(answer)}}
    outside = _is_outside(_security(handler))
    return {str(handler.status_code): good | common.headers_of_good(outside=outside), **common.refusals()}


def _security(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    if handler.opt.get("public"):
        return []
    if signed := handler.opt.get("signed_by"):
        return [{name: []} for name in signed]
    scope = handler.opt.get("scope")
    return [{"oauth2": [scope]}] if scope else [{"serviceIdentity": []}]


def _is_outside(ways: Sequence[dict[str, list[str]]]) -> bool:
    """Whether callers are none of our own services."""
    return any("serviceIdentity" not in way for way in ways)


def _signatures(operations: Sequence[tuple[str, str, HTTPRouteHandler]]) -> dict[str, str]:
    """The schemes by which callers sign what they send, each with its header."""
    return {name: header for _, _, handler in operations for name, header in handler.opt.get("signed_by", {}).items()}


def _body(handler: HTTPRouteHandler) -> Any:
    field = handler.parsed_fn_signature.parameters.get("data")
    if field is None and "body" in handler.parsed_fn_signature.parameters:
        return msgspec.Raw
    return field.raw if field else None


def _answer(handler: HTTPRouteHandler) -> Any:
    """The type a handler answers with; None when it answers without content, or with a stream."""
    if "stream" in handler.opt:
        return None
    kind = handler.parsed_fn_signature.return_type.raw
    if inspect.isclass(get_origin(kind)) and issubclass(get_origin(kind), Response):
        (kind,) = get_args(kind)
    return None if kind in (None, type(None)) else kind


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Every (path, method, handler) of an application that belongs into its document, in a fixed order."""
    for route in sorted(app.routes, key=lambda route: route.path):
        if not isinstance(route, HTTPRoute):
            continue
        handlers = {method.lower(): handler for handler in route.route_handlers for method in handler.http_methods}
        for method in METHODS:
            if method in handlers and handlers[method].resolve_include_in_schema() and method != "options":
                yield route.path_format, method, handlers[method]


def _application(handlers: Sequence[HTTPRouteHandler]) -> Litestar:
    """An application of the handlers that is only looked at, with nothing behind the ports they ask for."""
    names = {
        name
        for handler in handlers
        for name, annotation in inspect.get_annotations(handler.fn, eval_str=True).items()
        if any(isinstance(item, DependencyKwarg) for item in getattr(annotation, "__metadata__", ()))
    }
    # A provider each: Litestar takes one provider under two names for a mistake.
    nothing = {name: Provide(lambda: None, sync_to_thread=False) for name in names}
    return Litestar(route_handlers=list(handlers), dependencies=nothing, openapi_config=None, logging_config=None)
