"""Tells browsers, and caches on the way, to take an answer for no more than it is."""

from collections.abc import Awaitable
from typing import Annotated, ClassVar

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.http.exchange import Headers
from tollway.strict import Strict

_NOT_KEPT = (b"cache-control", b"no-store")
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
"""What OWASP's REST security cheat sheet asks of answers that are data, not pages."""
_YEAR = 31_536_000


class SecurityHeaders(Strict):
    """Adds the security headers to every answer, problems too, and lets no cache keep what the service does not."""

    after: ClassVar[tuple[str, ...]] = ()
    hsts_seconds: Annotated[int, msgspec.Meta(ge=0)] = _YEAR
    """Seconds for which browsers are to come by https only, where `gateway.public_url` is https; 0 does not say so."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        added = fields(resources.gateway.oauth.url, self.hsts_seconds)

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            request.answer_headers += added
            return following(request)

        return handle


def fields(url: str, hsts_seconds: int = _YEAR) -> Headers:
    """The headers that are added where callers know the gateway by `url`."""
    # Behind a TLS terminator every request comes by http, so what callers use is told by a setting.
    secure = hsts_seconds and url.startswith("https:")
    transport = [(b"strict-transport-security", b"max-age=%d" % hsts_seconds)] if secure else []
    return [*_ALWAYS, *transport, _NOT_KEPT]


def completed(headers: Headers, added: Headers) -> Headers:
    """The headers of an answer that no product's policies made, such as a page, with those added that it lacks."""
    given = {name for name, _ in headers}
    return [*headers, *(pair for pair in added if pair[0] not in given)]
