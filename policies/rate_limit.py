"""Holds each client to its plan."""

import math
from typing import ClassVar, Literal

from policies.base import GatewayRequest, GatewayResponse, Handler, Headers, PolicyResources
from tollway.problems import QuotaExceeded, Unavailable
from tollway.rates import MovingWindows, Verdict, Windows, parse
from tollway.strict import Strict


class RateLimit(Strict):
    """Admits as many requests of a client as every window of its limit allows."""

    after: ClassVar[tuple[str, ...]] = ("correlation", "authenticate")
    limits: str
    """The windows, in the notation of the limits library: `"100/minute;10/second"`. Callers without a token are
    counted by network address."""
    when_away: Literal["open", "closed"] = "open"
    """What becomes of requests while the Redis that gateways count in does not answer: `open` admits them uncounted,
    `closed` refuses them with 503 and Retry-After."""

    def __post_init__(self) -> None:
        parse(self.limits)

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        windows = parse(self.limits)
        shared = resources.gateway.shared_rates
        counted: Windows = (
            shared.windows(resources.product, windows) if shared else MovingWindows(windows, resources.gateway.clock)
        )
        policy = ", ".join(f'"{window.name}";q={window.amount};w={window.seconds}' for window in windows).encode()
        clock = resources.gateway.clock

        async def handle(request: GatewayRequest) -> GatewayResponse:
            request.answer_headers.append((b"ratelimit-policy", policy))
            try:
                verdict = await counted.take(request.caller.client if request.caller else request.address)
            except Unavailable:
                if self.when_away == "closed":
                    raise
                return await following(request)
            request.answer_headers += _headers(verdict, clock())
            if verdict.refused_by is not None:
                full = verdict.refused_by
                raise QuotaExceeded(
                    f"The plan allows {full.amount} requests in {full.seconds} s, and they are used up.",
                    retry_after=verdict.retry_after,
                )
            return await following(request)

        return handle


def _headers(verdict: Verdict, now: float) -> Headers:
    """The IETF draft's header for every window, and slowapi's for the one that refuses or, else, the shortest."""
    draft = ", ".join(
        f'"{standing.window.name}";r={standing.remaining};t={math.ceil(standing.resets_in)}'
        for standing in verdict.standings
    )
    full = [standing for standing in verdict.standings if standing.window is verdict.refused_by]
    shown = full[0] if full else verdict.standings[0]
    return [
        (b"ratelimit", draft.encode()),
        (b"x-ratelimit-limit", str(shown.window.amount).encode()),
        (b"x-ratelimit-remaining", str(shown.remaining).encode()),
        (b"x-ratelimit-reset", str(int(1 + now + shown.resets_in)).encode()),
    ]
