"""Holds a request to the published contract: its parameters, content type and body."""

from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.schema import Schema
from tollway.problems import Invalid, Malformed, UnsupportedMediaType, Violation
from tollway.strict import Strict


class RequestContract(Strict):
    """Refuses what the contract does not allow, listing every violation."""

    after: ClassVar[tuple[str, ...]] = ("correlation",)
    max_body_bytes: int = 1_000_000
    """How many bytes a body may hold."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:  # noqa: ARG002 - the request knows its contract

        async def handle(request: GatewayRequest) -> GatewayResponse:
            violations = _of_parameters(request)
            violations += _of_body(request, await request.body(self.max_body_bytes))
            if violations:
                raise Invalid("The request does not keep to its contract.", violations=violations)
            return await following(request)

        return handle


def _of_parameters(request: GatewayRequest) -> list[Violation]:
    operation = request.operation
    query = _query(request.query)
    violations = []
    for parameter in operation.parameters:
        if parameter.where == "query":
            texts = query.get(parameter.name, [])
        elif parameter.where == "path":
            texts = [request.path_values[parameter.name]]
        else:
            value = request.headers.get(parameter.name.lower().encode()) if parameter.where == "header" else None
            texts = [] if value is None else [value.decode("latin-1")]
        violations += parameter.violations(texts)
    for name in query.keys() - operation.query_names:
        pointer = f"/query/{name.replace('~', '~0').replace('/', '~1')}"
        violations.append(Violation(pointer=pointer, message="this operation has no such query parameter"))
    return violations


def _query(text: bytes) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    if text:
        try:
            pairs = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise Malformed("The query is not percent-encoded UTF-8, or has more than 100 parts.") from None
        for name, value in pairs:
            values.setdefault(name, []).append(value)
    return values


def _of_body(request: GatewayRequest, body: bytes) -> list[Violation]:
    operation = request.operation
    if not operation.bodies:
        if body:
            raise Malformed("This operation takes no body.")
        return []
    if not body:
        missing = Violation(pointer="", message="the body is missing")
        return [missing] if operation.body_required else []
    return _schema(request).violations(_decoded(body))


def _schema(request: GatewayRequest) -> Schema:
    bodies = request.operation.bodies
    given, _, options = request.headers.get(b"content-type", b"").decode("latin-1").partition(";")
    schema = bodies.get(given.strip().lower())
    charset = options.replace(" ", "").replace('"', "").lower()
    if schema is None or charset not in ("", "charset=utf-8"):
        raise UnsupportedMediaType(f"The body is to be {' or '.join(bodies)} in UTF-8.")
    return schema


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
