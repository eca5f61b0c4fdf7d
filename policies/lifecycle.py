"""Tells callers of a version that goes away when it does and what takes its place, and refuses them once it is gone."""

import datetime as dt
from email.utils import format_datetime
from functools import partial
from typing import Annotated, ClassVar

import msgspec

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.http.exchange import Headers
from tollway.problems import Gone
from tollway.strict import Strict
from tollway.telemetry.deprecation import DeprecatedUse

Reference = Annotated[str, msgspec.Meta(pattern=r"^(/|https://)[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*\Z")]
"""An address, absolute or on this gateway."""


class Lifecycle(Strict):
    """Says when a version was deprecated and when it ends, on every answer; afterwards answers 410."""

    after: ClassVar[tuple[str, ...]] = ("correlation",)
    deprecated_on: dt.date
    """The day, in UTC, from whose beginning on the version is deprecated (RFC 9745)."""
    successor: Reference
    """The version that takes its place, such as `/finance/v2`."""
    documentation: Reference
    """Where it is written what differs in the successor and how to move to it."""
    sunset_on: dt.date | None = None
    """The last day, in UTC, on which the version is served (RFC 8594); none while that is not decided."""

    def __post_init__(self) -> None:
        if self.sunset_on is not None and self.sunset_on < self.deprecated_on:
            raise ValueError("sunset_on is before deprecated_on")

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        headers, clock = self._headers(), resources.gateway.clock
        gone_at = None if self.sunset_on is None else (_begin(self.sunset_on) + dt.timedelta(days=1)).timestamp()
        used = DeprecatedUse(resources.gateway.metrics, resources.product)
        resources.when_taken.append(partial(used.announce, gone_at))

        async def handle(request: GatewayRequest) -> GatewayResponse:
            request.answer_headers += headers
            if gone_at is not None and clock() >= gone_at:
                used.count("")
                raise Gone(
                    f"This version was served until {self.sunset_on}; {self.successor} takes its place, and "
                    f"{self.documentation} says how to move."
                )
            try:
                return await following(request)
            finally:  # only now is known who calls
                used.count(request.caller.client if request.caller else "")

        return handle

    def _headers(self) -> Headers:
        links = [f'<{self.documentation}>; rel="deprecation"; type="text/html"']
        headers = [(b"deprecation", f"@{int(_begin(self.deprecated_on).timestamp())}".encode())]
        if self.sunset_on is not None:
            last_second = _begin(self.sunset_on) + dt.timedelta(days=1, seconds=-1)
            headers.append((b"sunset", format_datetime(last_second, usegmt=True).encode()))
            links.append(f'<{self.documentation}>; rel="sunset"; type="text/html"')
        links.append(f'<{self.successor}>; rel="successor-version"')
        return [*headers, (b"link", ", ".join(links).encode())]


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
