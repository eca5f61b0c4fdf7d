"""Lets pages of other origins call from a browser (CORS), the origins that are named and no others."""

import re
from collections.abc import Awaitable
from typing import Annotated, ClassVar

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.published import METHODS
from tollway.http.exchange import Headers
from tollway.problems import Forbidden
from tollway.strict import Strict

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
_ANY = ("*",)


class Cors(Strict):
    """Answers preflights by itself, and tells browsers which origins may read an answer."""

    after: ClassVar[tuple[str, ...]] = ("correlation", "security_headers")
    origins: tuple[str, ...]
    """The origins that may call, as browsers send them: `https://portal.example.com`; or `*` alone for every one."""
    credentials: bool = False
    """Whether browsers may send cookies along, which the gateway itself has no use for; never with `*`."""
    request_headers: tuple[str, ...] = (
        "authorization", "content-type", "correlation-id", "dpop", "idempotency-key", "if-match", "if-none-match",
        "prefer", "priority", "request-timeout", "traceparent", "tracestate",
    )  # fmt: skip
    """The headers that a page may send."""
    answer_headers: tuple[str, ...] = (
        "correlation-id", "deprecation", "dpop-nonce", "etag", "idempotency-key-expires", "idempotent-replayed", "link",
        "location", "ratelimit", "ratelimit-policy", "retry-after", "sunset", "www-authenticate", "x-ratelimit-limit",
        "x-ratelimit-remaining", "x-ratelimit-reset",
    )  # fmt: skip
    """The headers of an answer that a page may read, beside those that every page may."""
    max_age: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600
    """Seconds for which a browser remembers what a preflight said."""

    def __post_init__(self) -> None:
        if self.origins == _ANY:
            if self.credentials:
                raise ValueError("origins may not be * where credentials are allowed")
            return
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin as browsers send it, such as https://portal.example.com")

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        every = self.origins == _ANY
        allowed = {origin.encode(): self._headers(origin) for origin in self.origins}
        everyone = self._headers("*") if every else None
        vary: Headers = [] if every else [(b"vary", b"origin")]  # so that no cache gives an answer to another origin
        items = resources.contract.document["paths"].values()
        methods = [method.upper() for method in METHODS if any(method in item for item in items)]
        preflight = [
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", ", ".join(self.request_headers).encode()),
            (b"access-control-max-age", str(self.max_age).encode()),
        ]

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            origin = request.headers.get(b"origin")
            if origin is not None:
                permitted = everyone or allowed.get(origin)
                if request.method == "OPTIONS" and b"access-control-request-method" in request.headers:
                    return _preflighted(permitted, preflight)
                if permitted:
                    request.answer_headers += permitted
            request.answer_headers += vary
            return following(request)

        return handle

    def _headers(self, origin: str) -> Headers:
        headers = [
            (b"access-control-allow-origin", origin.encode()),
            (b"access-control-expose-headers", ", ".join(self.answer_headers).encode()),
        ]
        return [*headers, (b"access-control-allow-credentials", b"true")] if self.credentials else headers


async def _preflighted(permitted: Headers | None, preflight: Headers) -> GatewayResponse:
    if permitted is None:
        raise Forbidden("Pages of this origin may not call this API.")
    vary = (b"vary", b"origin, access-control-request-method, access-control-request-headers")
    return GatewayResponse(204, [*permitted, *preflight, vary], b"")
