"""Stripe: `Stripe-Signature: t=…,v1=…`, HMAC-SHA256 in hex over time, a dot and the body.

https://docs.stripe.com/webhooks#verify-manually
"""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated

import msgspec

from tollway.canonical.notice import Notice
from tollway.canonical.record import Identifier
from tollway.ingress.schemes.scheme import Call, Scheme, check_any, check_time, digest, header, number, parsed
from tollway.problems import Unauthenticated

HEADER = "Stripe-Signature"


class _Object(msgspec.Struct):
    id: Identifier = ""


class _Data(msgspec.Struct):
    object: _Object


class _Event(msgspec.Struct):
    id: Identifier
    type: Identifier
    created: Annotated[int, msgspec.Meta(ge=0, le=10**11)]
    data: _Data


def verify(call: Call, secrets: Iterable[bytes], now: float) -> None:
    """Raise Unauthenticated unless Stripe sent this, and lately."""
    pairs = [part.strip().partition("=") for part in header(call, HEADER).split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    # Only v1 counts: v0 is what test mode adds, and would let a caller choose the weaker one.
    given = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not given:
        raise Unauthenticated(f"The header {HEADER} has no time or no signature of the scheme v1.")
    signed = times[0].encode() + b"." + call.body
    check_any(given, (digest(secret, signed).hex() for secret in secrets))
    check_time(number(times[0]), now)


def read(source: str, body: bytes) -> list[Notice]:
    """The one event of a call; what has no id of its own, such as a balance, is a subject of its type."""
    event = parsed(body, _Event)
    return [
        Notice(
            source=source,
            event_id=event.id,
            kind="stripe",
            type=event.type,
            subject=event.data.object.id or event.type,
            body=body.decode(),
            occurred_at=dt.datetime.fromtimestamp(event.created, dt.UTC),
        )
    ]


STRIPE = Scheme("stripe", (HEADER,), verify, read)
