"""The path, query and header parameters of a handler, exactly as its annotations say.

Litestar drops the `msgspec.Meta` constraints of parameters, from its checks and from its OpenAPI document alike, so
both are done here from the annotation itself.
"""

import functools
from typing import Any, get_origin

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import DependencyKwarg, ParameterKwarg
from litestar.types import Empty
from litestar.typing import FieldDefinition

from tollway.problems import Invalid, Violation

_NOT_PARAMETERS = frozenset({"body", "cookies", "data", "headers", "query", "request", "scope", "socket", "state"})


class HandlerParameter(msgspec.Struct, frozen=True):
    """A parameter as the caller sees it."""

    name: str
    where: str
    """`path`, `query` or `header`."""
    annotation: Any
    default: Any
    """What it is when it is not given; `Empty` when it must be."""


@functools.cache
def of(handler: BaseRouteHandler) -> tuple[HandlerParameter, ...]:
    """The parameters of a handler that is part of an application."""
    in_path = {name for path in handler.paths for name in _names(path)}
    provided = handler.resolve_dependencies()
    return tuple(
        _parameter(field, in_path)
        for name, field in handler.parsed_fn_signature.parameters.items()
        if name not in _NOT_PARAMETERS and name not in provided and not _is_dependency(field)
    )


def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A Litestar guard that raises Invalid, listing every parameter that breaks its annotation."""
    violations = []
    for parameter in of(handler):
        given = _given(connection, parameter)
        if given is None:
            continue
        try:
            msgspec.convert(given, parameter.annotation, strict=False)
        except msgspec.ValidationError as error:
            violations.append(Violation(pointer=f"/{parameter.where}/{parameter.name}", message=str(error)))
    if violations:
        raise Invalid("The request does not keep to its contract.", violations=violations)


def _given(connection: ASGIConnection[Any, Any, Any, Any], parameter: HandlerParameter) -> Any:
    """What the caller gave, which Litestar has parsed where it is in the path; None when it is not given."""
    if parameter.where == "path":
        return connection.path_params.get(parameter.name)
    if parameter.where == "header":
        return connection.headers.get(parameter.name)
    if get_origin(_bare(parameter.annotation)) in (list, tuple, set, frozenset):
        return connection.query_params.getall(parameter.name, None)
    return connection.query_params.get(parameter.name)


def _parameter(field: FieldDefinition, in_path: set[str]) -> HandlerParameter:
    kwarg = next((item for item in field.metadata if isinstance(item, ParameterKwarg)), None)
    if isinstance(field.default, ParameterKwarg):
        kwarg = field.default
    if kwarg and kwarg.header:
        name, where = kwarg.header, "header"
    elif field.name in in_path:
        name, where = field.name, "path"
    else:
        name, where = (kwarg.query if kwarg and kwarg.query else field.name), "query"
    default = kwarg.default if isinstance(field.default, ParameterKwarg) and kwarg else field.default
    return HandlerParameter(name, where, _bare(field.raw), default)


def _bare(annotation: Any) -> Any:
    """The annotation without what only Litestar reads; msgspec takes the rest as it stands."""
    metadata = getattr(annotation, "__metadata__", ())
    if not any(isinstance(item, ParameterKwarg) for item in metadata):
        return annotation
    bare = annotation.__origin__
    for item in metadata:
        if isinstance(item, msgspec.Meta):
            bare = _annotated(bare, item)
    return bare
