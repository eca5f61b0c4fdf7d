"""The path, query and header parameters of a handler, exactly as its annotations say.

Litestar drops the `msgspec.Meta` constraints of parameters, from its checks and from its OpenAPI document alike, so
both are done here from the annotation itself.
"""

import functools
import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from litestar.connection import ASGIConnection
from litestar.enums import ParamType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import DependencyKwarg, KwargDefinition, ParameterKwarg
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
    """What it is when it is not given; Litestar's `Empty` when it must be."""


@functools.cache
def of(handler: BaseRouteHandler) -> tuple[HandlerParameter, ...]:
    """The parameters of a handler that is part of an application."""
    in_path = {name for path in handler.paths for name in re.findall(r"{(\w+)[:}]", path)}
    provided = handler.resolve_dependencies()
    return tuple(
        _parameter(field, in_path)
        for name, field in handler.parsed_fn_signature.parameters.items()
        if name not in _NOT_PARAMETERS and name not in provided and not _is_dependency(field)
    )


async def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A Litestar guard that raises Invalid, listing every parameter that breaks its annotation or is not known.

    It awaits nothing, but Litestar would run a plain function in a thread.
    """
    violations = _unknown(connection, handler)
    for parameter in of(handler):
        given = _given(connection, parameter)
        pointer = f"/{parameter.where}/{parameter.name}"
        if given is None:
            if parameter.default is Empty:
                missing = f"the {parameter.where} parameter {parameter.name} is missing"
                violations.append(Violation(pointer=pointer, message=missing))
            continue
        try:
            msgspec.convert(given, parameter.annotation, strict=False)
        except msgspec.ValidationError as error:
            violations.append(Violation(pointer=pointer, message=str(error)))
    if violations:
        raise Invalid("The request does not keep to its contract.", violations=violations)


def _unknown(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> list[Violation]:
    """What stands in the query without being asked for; what is public is not a contract's to forbid."""
    if handler.opt.get("public"):
        return []
    names = {parameter.name for parameter in of(handler) if parameter.where == "query"}
    message = "this operation has no such query parameter"
    return [
        Violation(pointer=f"/query/{name.replace('~', '~0').replace('/', '~1')}", message=message)
        for name in connection.query_params.keys() - names
    ]


def _given(connection: ASGIConnection[Any, Any, Any, Any], parameter: HandlerParameter) -> Any:
    """What the caller gave, which Litestar has parsed where it is in the path; None when it is not given."""
    if parameter.where == "path":
        return connection.path_params.get(parameter.name)
    if parameter.where == "header":
        return connection.headers.get(parameter.name)
    if _is_many(parameter.annotation):
        return connection.query_params.getall(parameter.name, None)
    return connection.query_params.get(parameter.name)


def _parameter(field: FieldDefinition, in_path: set[str]) -> HandlerParameter:
    marked, name = field.kwarg_definition, field.name
    where = "path" if name in in_path else "query"
    if isinstance(marked, ParameterKwarg):
        name = marked.header or marked.query or marked.name or name
        where = "header" if marked.param_type == ParamType.HEADER else where
    return HandlerParameter(name, where, _bare(field.raw), field.default)


def _bare(annotation: Any) -> Any:
    """The annotation without what only Litestar reads."""
    metadata = getattr(annotation, "__metadata__", ())
    kept = [item for item in metadata if not isinstance(item, KwargDefinition)]
    if len(kept) == len(metadata):
        return annotation
    return Annotated[(annotation.__origin__, *kept)] if kept else annotation.__origin__


def _is_dependency(field: FieldDefinition) -> bool:
    return isinstance(field.kwarg_definition, DependencyKwarg)


def _is_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Annotated, Union, UnionType):
        return any(_is_many(part) for part in get_args(annotation))
    return origin in (list, tuple, set, frozenset)
