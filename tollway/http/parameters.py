"""The path, query and header parameters of a handler, exactly as its annotations say.

Litestar drops the `msgspec.Meta` constraints of parameters, from its checks and from its OpenAPI document alike, so
both are done here from the annotation itself.
"""

import functools
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar.enums import ParamType
from litestar.handlers.base import BaseRouteHandler
from litestar.params import DependencyKwarg, KwargDefinition, ParameterKwarg
from litestar.types import Empty, HTTPScope
from litestar.typing import FieldDefinition

from tollway.problem_document import Violation
from tollway.problems import Invalid

_NOT_PARAMETERS = frozenset({"body", "cookies", "data", "headers", "query", "request", "scope", "socket", "state"})


class HandlerParameter(msgspec.Struct, frozen=True):
    """A parameter as the caller sees it."""

    name: str
    where: str
    """`path`, `query` or `header`."""
    annotation: Any
    default: Any
    """What it is when it is not given; Litestar's `Empty` when it must be."""
    many: bool
    """Whether it may be given several times."""
    argument: str
    """What the handler calls it."""
    decode: Callable[[bytes], Any]
    """Reads it from JSON; unlike `msgspec.convert` it looks at the annotation once, not for each request."""


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


def check(scope: HTTPScope, headers: Mapping[bytes, bytes]) -> None:
    """Raise Invalid, listing every parameter of a routed request that breaks its annotation or is not known."""
    handler: BaseRouteHandler = scope["route_handler"]
    query = b"" if handler.opt.get("public") else scope["query_string"]  # what is public has no contract
    read(of(handler), scope["path_params"], query, headers)


def read(
    wanted: tuple[HandlerParameter, ...],
    in_path: Mapping[str, Any],
    query_string: bytes,
    headers: Mapping[bytes, bytes],
) -> dict[str, Any]:
    """The values of parameters that are given, by the handler's names; raises Invalid, listing every violation."""
    query = _query(query_string) if query_string else {}
    violations = _unknown(query, wanted) if query else []
    values = {}
    for parameter in wanted:
        given = _given(in_path, headers, query, parameter)
        if given is None:
            if parameter.default is Empty:
                missing = f"the {parameter.where} parameter {parameter.name} is missing"
                violations.append(Violation(pointer=f"/{parameter.where}/{parameter.name}", message=missing))
            continue
        try:
            values[parameter.argument] = parameter.decode(msgspec.json.encode(given))
        except msgspec.ValidationError as error:
            violations.append(Violation(pointer=f"/{parameter.where}/{parameter.name}", message=str(error)))
    if violations:
        raise Invalid("The request does not keep to its contract.", violations=violations)
    return values


def _query(text: bytes) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return values


def _unknown(query: Mapping[str, list[str]], wanted: tuple[HandlerParameter, ...]) -> list[Violation]:
    """What stands in the query without being asked for."""
    names = {parameter.name for parameter in wanted if parameter.where == "query"}
    message = "this operation has no such query parameter"
    return [
        Violation(pointer=f"/query/{name.replace('~', '~0').replace('/', '~1')}", message=message)
        for name in query.keys() - names
    ]


def _given(
    in_path: Mapping[str, Any],
    headers: Mapping[bytes, bytes],
    query: Mapping[str, list[str]],
    parameter: HandlerParameter,
) -> Any:
    """What the caller gave; None when it is not given."""
    if parameter.where == "path":
        return in_path.get(parameter.name)
    if parameter.where == "header":
        header = headers.get(parameter.name.lower().encode())
        return None if header is None else header.decode("latin-1")
    values = query.get(parameter.name)
    return values if values is None or parameter.many else values[-1]


def _parameter(field: FieldDefinition, in_path: set[str]) -> HandlerParameter:
    marked, name = field.kwarg_definition, field.name
    where = "path" if name in in_path else "query"
    if isinstance(marked, ParameterKwarg):
        name = marked.header or marked.query or marked.name or name
        where = "header" if marked.param_type == ParamType.HEADER else where
    annotation = _bare(field.raw)
    default, many, decode = field.default, _is_many(annotation), _decoder(annotation).decode
    return HandlerParameter(name, where, annotation, default, many, field.name, decode)


@functools.cache
def _decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    """One for all parameters that are the same, which stays in the processor's caches."""
    return msgspec.json.Decoder(annotation, strict=False)


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
