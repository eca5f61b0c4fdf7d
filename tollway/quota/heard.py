"""What an answer tells of the platform's limits, and the headers that several platforms tell it by.

Sources: RFC 9110 (Retry-After), HubSpot's 'API usage guidelines', DocuSign's 'API rules and limits'.
"""

import time

import httpx
import msgspec

CROWDED_SECONDS = 1.0
"""Pause after a 429 that does not say how long."""
_EPOCH = 1_000_000_000
"""A reset above this is a moment, below it a number of seconds."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer told; what it did not tell stays as it was."""

    failed: bool = False
    """The platform itself was not able, whatever was asked."""
    pause: float | None = None
    """Seconds for which it wants to be left alone."""
    used: int | None = None
    """Calls of the last 24 hours, as the platform counts them, of `allowed`."""
    allowed: int | None = None
    exhausted: bool = False
    """The call was refused because those of 24 hours are used up."""
    left: int | None = None
    """Calls left until `turns` seconds have passed."""
    turns: float = 0.0
    concurrency: int | None = None
    """The calls that the account may have at once."""


def heard(answer: httpx.Response) -> Heard:
    """What the status and the common headers tell, for a platform that has none of its own."""
    crowded = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    asked = seconds(answer.headers.get("retry-after")) if answer.is_error else None
    left, turns = _window(answer.headers)
    if left == 0 and crowded:
        asked = asked if asked is not None else turns
    return Heard(
        failed=answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR,
        pause=(CROWDED_SECONDS if asked is None else asked) if crowded else asked,
        left=left,
        turns=turns,
    )


def seconds(text: str | None) -> float | None:
    """A header's number of seconds; None when it is none."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _window(headers: httpx.Headers) -> tuple[int | None, float]:
    """Calls left of the window that is nearest to its end, and the seconds until then."""
    hubspot = seconds(headers.get("x-hubspot-ratelimit-remaining"))
    interval = seconds(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
    if hubspot is not None and interval is not None:
        return int(hubspot), interval / 1000
    left, reset = seconds(headers.get("x-ratelimit-remaining")), seconds(headers.get("x-ratelimit-reset"))
    if left is None or reset is None:
        return None, 0.0
    return int(left), max(0.0, reset - time.time()) if reset > _EPOCH else reset
