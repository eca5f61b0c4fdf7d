"""Hands a request on to the service behind an API product."""

import time
from collections.abc import Mapping

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler
from tollway import context
from tollway.http.services import Services
from tollway.identity import HEADER

NAME = "gateway"
"""What the gateway signs as."""
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_KEPT_HERE = _HOP_BY_HOP | {"host", "content-length", "authorization", "cookie", "accept-encoding", "expect",
                            "correlation-id", "traceparent"}  # fmt: skip
_OURS = "tollway-"
"""Headers of this prefix mean something between services, so none from outside gets in and none from inside out."""


def forward(services: Services, service: str, timeout: float) -> Handler:
    """A handler that asks the service, signed as the gateway on behalf of the caller, and waits `timeout` seconds."""
    services.expect(service)

    async def handle(request: GatewayRequest) -> GatewayResponse:
        request.check_known()
        target = f"{request.path}?{request.query.decode('latin-1')}" if request.query else request.path
        body = await request.body()
        subject = request.caller.subject if request.caller else ""
        ids = msgspec.structs.replace(request.context, subject=subject, deadline=time.monotonic() + timeout)
        headers = _kept(request.headers)
        headers[HEADER] = services.identity.sign(NAME, service, subject)
        headers["correlation-id"] = ids.correlation_id
        headers["traceparent"] = ids.traceparent
        headers["tollway-timeout"] = f"{timeout:.3f}"
        token = context.enter(ids)
        try:
            status, answered, content = await services.send(service, request.method, target, headers, body)
        finally:
            context.leave(token)
        return GatewayResponse(status, _returned(answered), content)

    return handle


def _kept(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    named = headers.get(b"connection", b"").decode("latin-1").lower()
    dropped = _KEPT_HERE.union(part.strip() for part in named.split(",")) if named else _KEPT_HERE
    kept = {field.decode("latin-1"): value.decode("latin-1") for field, value in headers.items()}
    return {field: value for field, value in kept.items() if field not in dropped and not field.startswith(_OURS)}


def _returned(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    # The body arrives here decoded and whole, so what was said of its encoding and length no longer holds.
    dropped = _HOP_BY_HOP | {"content-length", "content-encoding"}
    return [
        (field.encode("latin-1"), value.encode("latin-1"))
        for field, value in headers.items()
        if field.lower() not in dropped and not field.lower().startswith(_OURS)
    ]
