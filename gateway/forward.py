"""Hands a request on to the service behind an API product."""

from collections.abc import Mapping

from policies.base import GatewayRequest, GatewayResponse, Handler
from tollway.context import Priority, RequestContext
from tollway.http.exchange import Call, Headers
from tollway.http.services import Services

NAME = "gateway"
"""What the gateway calls as."""
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade")
)  # fmt: skip
_KEPT_HERE = _HOP_BY_HOP | {b"host", b"content-length", b"authorization", b"cookie", b"accept-encoding", b"expect",
                            b"correlation-id", b"traceparent", b"tracestate", b"dpop", b"client-cert",
                            b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}  # fmt: skip
_NOT_RETURNED = _HOP_BY_HOP | {b"content-length", b"content-encoding", b"date", b"server"}
"""The body arrives here decoded and whole, so what was said of its encoding and length no longer holds; which server a
service runs on is nobody's business, and the gateway's own says the date."""
_NONE: frozenset[str] = frozenset()
_OURS = b"tollway-"
"""Headers of this prefix mean something between services, so none from outside gets in and none from inside out."""


def forward(services: Services, service: str, timeout: float) -> Handler:
    """A handler that asks the service as the gateway, on behalf of the caller, and waits `timeout` seconds."""
    services.expect(service)
    send = services.send

    async def handle(request: GatewayRequest) -> GatewayResponse:
        streamed, body = request.operation.streamed, request.body_so_far
        if body is None:
            body = await request.body()
        deadline = request.started + timeout
        if request.deadline is not None and request.deadline < deadline:
            deadline = request.deadline
        caller, ids = request.caller, request.context
        subject, scopes = (caller.subject, caller.scopes) if caller else ("", _NONE)
        # Interactive, since whoever called waits for the answer.
        inner = RequestContext(
            ids.correlation_id, ids.traceparent, subject, "", deadline, ids.tracestate, Priority.INTERACTIVE, scopes,
            ids.request_key,
        )  # fmt: skip
        call = Call(request.method, request.path, request.query, _kept(request.headers), body, streamed)
        answer = await send(NAME, service, call, inner, timeout)
        return GatewayResponse(answer.status, _returned(answer.headers), answer.body, answer.stream)

    return handle


def _kept(headers: Mapping[bytes, bytes]) -> Headers:
    dropped = _KEPT_HERE
    if named := headers.get(b"connection"):
        dropped = dropped.union(part.strip() for part in named.lower().split(b","))
    return [pair for pair in headers.items() if pair[0] not in dropped and not pair[0].startswith(_OURS)]


def _returned(headers: Headers) -> Headers:
    return [pair for pair in headers if pair[0] not in _NOT_RETURNED and not pair[0].startswith(_OURS)]
