"""Gives a request the ids by which it is followed through every layer, and tells them to the caller."""

from collections.abc import Awaitable, Mapping
from typing import ClassVar

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.context import RequestContext, random_digits
from tollway.strict import Strict
from tollway.telemetry.trace_context import CORRELATION_ID, PARENT, is_sampled, tracestate

_NO_HEADERS: Mapping[bytes, bytes] = {}


class Correlation(Strict):
    """Takes over or makes the correlation id and the W3C trace context, and decides whether the trace is recorded."""

    after: ClassVar[tuple[str, ...]] = ("telemetry",)
    trust_caller: bool = True
    """Whether the caller's `correlation-id`, `traceparent` and `tracestate` are taken over, and with them its decision
    to record the trace; otherwise all start here."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        threshold, trusted = resources.gateway.telemetry.threshold, self.trust_caller

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            headers = request.headers if trusted else _NO_HEADERS
            digits = random_digits(72)
            given, parent = headers.get(b"correlation-id"), headers.get(b"traceparent")
            if given is None or not CORRELATION_ID.fullmatch(given):
                given = digits[48:].encode()
            state = ""
            if parent is not None and PARENT.fullmatch(parent):
                trace, sampled = parent[3:35].decode(), is_sampled(parent)
                if b"tracestate" in headers:
                    state = tracestate(headers[b"tracestate"])
            else:
                trace, sampled = digits[:32], digits[18:32] >= threshold
            current = f"00-{trace}-{digits[32:48]}-{'01' if sampled else '00'}"
            request.context = RequestContext(given.decode(), current, tracestate=state)
            request.answer_headers += ((b"correlation-id", given), (b"traceparent", current.encode()))
            return following(request)

        return handle
