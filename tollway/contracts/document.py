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

from tollway.contracts.published import METHODS
from tollway.http import parameters
from tollway.identity import HEADER
from tollway.problems import Problem
from tollway.service import PROBLEM_TYPE

TOKEN_URL = "/oauth2/token"  # noqa: S105 - an address
JSON = "application/json"
_REF = "#/components/schemas/{name}"


def document(
    title: str, version: str, service: Litestar | Sequence[HTTPRouteHandler], description: str = ""
) -> dict[str, Any]:
    """The document of a service or of its handlers, the same on every run.

    A handler says by `opt={"scope": "sales:read"}` which OAuth scope it asks for and by `opt={"public": True}` that it
    asks for nothing; any other is for our own services, which sign who they are.
    """
    operations = list(_operations(service if isinstance(service, Litestar) else _application(service)))
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for path, method, handler in operations:
        paths.setdefault(path, {})[method] = _operation(path, method, handler, schemas)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": _security_schemes(handler for _, _, handler in operations),
        },
    }
    # Written and read once: what comes out holds JSON's types only, as it does when it is read from its file.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def as_yaml(contract: dict[str, Any]) -> str:
    """The document as it is committed."""
    return yaml.dump(contract, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
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
        self.components = dict(sorted(components.items()))

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type that an operation names."""
        return self._made[self._types.index(kind)]


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
    if taken := parameters.of(handler):
        operation["parameters"] = [_parameter(parameter, schemas) for parameter in taken]
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


def _responses(handler: HTTPRouteHandler, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(handler.status_code).phrase}
    answer = _answer(handler)
    if answer is not None:
        good["content"] = {JSON: {"schema": schemas.of(answer)}}
    problem = {PROBLEM_TYPE: {"schema": schemas.of(Problem)}}
    return {
        str(handler.status_code): good,
        "default": {"description": "A problem document (RFC 9457) that says what went wrong.", "content": problem},
    }


def _security(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    if handler.opt.get("public"):
        return []
    scope = handler.opt.get("scope")
    return [{"oauth2": [scope]}] if scope else [{"serviceIdentity": []}]


def _security_schemes(handlers: Iterator[HTTPRouteHandler]) -> dict[str, Any]:
    wanted = [way for handler in handlers for way in _security(handler)]
    schemes: dict[str, Any] = {}
    scopes = sorted({scope for way in wanted for scope in way.get("oauth2", ())})
    if scopes:
        flow = {"tokenUrl": TOKEN_URL, "scopes": {scope: _in_words(scope) for scope in scopes}}
        schemes["oauth2"] = {"type": "oauth2", "flows": {"clientCredentials": flow}}
    if any("serviceIdentity" in way for way in wanted):
        words = "The short-lived signed identity of the calling service."
        schemes["serviceIdentity"] = {"type": "apiKey", "in": "header", "name": HEADER, "description": words}
    return schemes


def _in_words(scope: str) -> str:
    api, _, right = scope.partition(":")
    return f"{right.capitalize()} through the {api} API."


def _body(handler: HTTPRouteHandler) -> Any:
    field = handler.parsed_fn_signature.parameters.get("data")
    return field.raw if field else None


def _answer(handler: HTTPRouteHandler) -> Any:
    """The type a handler answers with; None when it answers without content."""
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
    return Litestar(route_handlers=list(handlers), dependencies=nothing, openapi_config=None)
