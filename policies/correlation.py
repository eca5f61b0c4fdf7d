"""Gives a request the ids by which it is followed through every layer, and tells them to the caller."""

import secrets
from typing import ClassVar

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.context import RequestContext
from tollway.service import correlation_id, traceparent
from tollway.strict import Strict


class Correlation(Strict):
    """Takes over or makes the correlation id and the W3C trace context."""

    after: ClassVar[tuple[str, ...]] = ()
    trust_caller: bool = True
    """Whether the caller's `correlation-id` and `traceparent` are taken over; otherwise both start here."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:  # noqa: ARG002 - needs none

        async def handle(request: GatewayRequest) -> GatewayResponse:
            if self.trust_caller:
                request.context = RequestContext(
                    correlation_id=correlation_id(request.headers), traceparent=_child(traceparent(request.headers))
                )
            ids = request.context
            request.answer_headers += [
                (b"correlation-id", ids.correlation_id.encode()),
                (b"traceparent", ids.traceparent.encode()),
            ]
            return await following(request)

        return handle


def _child(parent: str) -> str:
    """The trace parent for what happens here: the caller's trace, a span of our own."""
    version_and_trace, flags = parent[:36], parent[52:]
    return f"{version_and_trace}{secrets.token_hex(8)}{flags}"
