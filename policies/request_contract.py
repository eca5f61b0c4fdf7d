"""Holds a request to the published contract: its parameters, content type and body."""

from collections.abc import Awaitable
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.json_text import decoded
from tollway.contracts.published import Operation
from tollway.contracts.schema import Parameter, Schema, pointer_to
from tollway.problem_document import Violation
from tollway.problems import Invalid, Malformed, UnsupportedMediaType
from tollway.strict import Strict

_JSON = b"application/json"


class RequestContract(Strict):
    """Refuses what the contract does not allow, listing every violation."""

    after: ClassVar[tuple[str, ...]] = ("correlation",)
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    """How many bytes a body may hold."""
    max_depth: Annotated[int, msgspec.Meta(ge=1, le=200)] = 32
    """How deep objects and arrays of a body may be nested."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:  # noqa: ARG002 - the request knows its contract

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            body = request.body_so_far
            if body is None:
                return with_body(request)
            self._check(request, body)
            return following(request)

        async def with_body(request: GatewayRequest) -> GatewayResponse:
            self._check(request, await request.body(self.max_body_bytes))
            return await following(request)

        return handle

    def _check(self, request: GatewayRequest, body: bytes) -> None:
        operation = request.operation
        violations = _of_parameters(request, operation)
        if body:
            schema, value = _schema(request, operation), decoded(body, self.max_depth)
            if not schema.is_valid(value):
                violations += schema.violations(value)
        elif operation.body_required:
            violations.append(Violation(pointer="", message="the body is missing"))
        if violations:
            raise Invalid("The request does not keep to its contract.", violations=violations)


def _of_parameters(request: GatewayRequest, operation: Operation) -> list[Violation]:
    violations: list[Violation] = []
    parameters = operation.parameters
    if parameters.path:
        values = request.path_values
        for parameter in parameters.path:
            text = values[parameter.name]
            if not parameter.accepts(text):
                violations += parameter.violations([text])
    if request.query or parameters.query:
        violations += _of_query(_query(request.query), parameters.query)
    for parameter in parameters.header:
        value = request.headers.get(parameter.header)
        violations += parameter.violations([] if value is None else [value.decode("latin-1")])
    return violations


def _of_query(query: dict[str, list[str]], parameters: dict[str, Parameter]) -> list[Violation]:
    violations = []
    for name, parameter in parameters.items():
        violations += parameter.violations(query.get(name, []))
    for name in query:
        if name not in parameters:
            message = "this operation has no such query parameter"
            violations.append(Violation(pointer=f"/query{pointer_to([name])}", message=message))
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


def _schema(request: GatewayRequest, operation: Operation) -> Schema:
    bodies = operation.bodies
    if not bodies:
        raise Malformed("This operation takes no body.")
    given, _, options = request.headers.get(b"content-type", b"").decode("latin-1").partition(";")
    schema = bodies.get(given.strip().lower())
    charset = options.replace(" ", "").replace('"', "").lower()
    if schema is None or charset not in ("", "charset=utf-8"):
        message = f"the body is to be {' or '.join(bodies)} in UTF-8"
        violation = Violation(pointer="/header/content-type", message=message)
        raise UnsupportedMediaType(f"{message.capitalize()}.", violations=[violation])
    return schema
