"""Bounds what a request may be before anybody looks at what it asks: method, headers, body, and the time it takes."""

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from litestar.types import Receive

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problems import HeadersTooLarge, Malformed, MethodNotAllowed, TooSlow, UnsupportedMediaType
from tollway.strict import Strict

_WITHOUT_BODY = frozenset(("GET", "HEAD", "DELETE", "OPTIONS"))
_SECONDS = re.compile(rb"\d{1,6}(?:\.\d{1,3})?")
Count = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class RequestLimits(Strict):
    """Refuses methods, content types, headers and bodies beyond what is allowed, and bodies that trickle in.

    A caller that waits no longer than some seconds may say so by `Request-Timeout`: that many seconds, or the product's
    time-out where it is shorter, are what the services have.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "cors")
    methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    """The methods that are taken; the others are refused whatever the address."""
    content_types: tuple[str, ...] | None = None
    """The content types that a body may have; those of the contract where none are written."""
    max_header_fields: Count = 64
    """How many different header fields a request may have."""
    max_header_bytes: Count = 65_536
    """How many bytes the values of its headers may hold together; the server itself ends beyond twice as many."""
    max_body_bytes: Count = 1_000_000
    """How many bytes a body may hold."""
    body_seconds: Seconds = 20.0
    """Seconds in which the whole body must have arrived."""
    body_pause: Seconds = 5.0
    """Seconds that may pass between two parts of it."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        methods = frozenset(self.methods)
        most_fields, most_bytes, most_body = self.max_header_fields, self.max_header_bytes, self.max_body_bytes
        types = self._content_types(resources)

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            headers, method = request.headers, request.method
            if method not in methods:
                raise _not_taken(method, self.methods)
            if len(headers) > most_fields or len(b"".join(headers.values())) > most_bytes:
                raise HeadersTooLarge(f"The headers may be {most_fields} fields with {most_bytes} bytes in them.")
            host = headers.get(b"host")
            if not host or b"," in host:
                raise Malformed("A request has one Host header.")
            if b"request-timeout" in headers:
                request.deadline = request.started + _seconds(headers[b"request-timeout"])
            if method not in _WITHOUT_BODY or b"content-length" in headers or b"transfer-encoding" in headers:
                _check_body(headers, types)
                request.max_body = most_body
                request.receive = _TimedReceive(request.receive, request.started + self.body_seconds, self.body_pause)
            return following(request)

        return handle

    def _content_types(self, resources: PolicyResources) -> frozenset[str]:
        if self.content_types is not None:
            return frozenset(kind.lower() for kind in self.content_types)
        return frozenset(kind for operation in resources.contract.operations for kind in operation.bodies)


class _TimedReceive:
    """Receives a body for as long as it keeps coming."""

    __slots__ = ("_pause", "_receive", "_until")

    def __init__(self, receive: Receive, until: float, pause: float) -> None:
        self._receive = receive
        self._until = until
        self._pause = pause

    async def __call__(self) -> Any:
        """The next part; raises TooSlow."""
        try:
            async with asyncio.timeout(min(self._pause, self._until - time.monotonic())):
                return await self._receive()
        except TimeoutError:
            # What is left of the body would be taken for the next request, so the connection ends.
            raise TooSlow("The body stopped arriving, or took too long.", headers={"connection": "close"}) from None


def _not_taken(method: str, methods: tuple[str, ...]) -> MethodNotAllowed:
    allowed = ", ".join(sorted(methods))
    return MethodNotAllowed(f"This API takes {allowed}, not {method}.", headers={"allow": allowed})


def _seconds(given: bytes) -> float:
    seconds = float(given) if _SECONDS.fullmatch(given) else math.nan
    if not seconds > 0:
        raise Malformed("Request-Timeout is a number of seconds above 0, with three decimals at most.")
    return seconds


def _check_body(headers: Mapping[bytes, bytes], types: frozenset[str]) -> None:
    """Raise Malformed for a body whose end can be read in two ways, UnsupportedMediaType for one that is not taken."""
    coding = headers.get(b"transfer-encoding")
    if coding is not None and (coding.lower() != b"chunked" or b"content-length" in headers):
        raise Malformed("A body has a Content-Length or is chunked, and nothing else.", headers={"connection": "close"})
    if coding is None and headers.get(b"content-length", b"0") == b"0":
        return
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise UnsupportedMediaType(
            "The body is to come without a content coding.", headers={"accept-encoding": "identity"}
        )
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if kind not in types:
        raise UnsupportedMediaType(
            f"A body is to be {' or '.join(sorted(types))}." if types else "No operation of this API takes a body."
        )
