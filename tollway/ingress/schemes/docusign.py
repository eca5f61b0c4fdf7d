"""DocuSign Connect, JSON: base64 HMAC-SHA256 of the body in `X-DocuSign-Signature-1` and on, one for each key.

https://developers.docusign.com/platform/webhooks/connect/hmac/
"""

import base64
import datetime as dt
from collections.abc import Iterable

import msgspec

from tollway.canonical.notice import Notice
from tollway.canonical.record import Identifier, Text
from tollway.ingress.schemes.scheme import Call, Scheme, check_any, digest, header, parsed

HEADER = "X-DocuSign-Signature-1"
_PREFIX = HEADER[:-1].lower()
_MOST_KEYS = 100
"""Keys that an account may have, each with its header."""


class _Data(msgspec.Struct, rename="camel"):
    envelope_id: Identifier
    recipient_id: str = ""


class _Event(msgspec.Struct, rename="camel"):
    event: Identifier
    generated_date_time: Text
    data: _Data


def verify(call: Call, secrets: Iterable[bytes], now: float) -> None:  # noqa: ARG001 - Connect signs no time
    """Raise Unauthenticated unless DocuSign sent this; an old message sent again is known by its identity."""
    header(call, HEADER)
    given = [value for name, value in call.headers.items() if name.startswith(_PREFIX)][:_MOST_KEYS]
    check_any(given, (base64.b64encode(digest(secret, call.body)).decode() for secret in secrets))


def read(source: str, body: bytes) -> list[Notice]:
    """The one message of a call; Connect gives it no id, so what happened to whom and when tells it from others."""
    event = parsed(body, _Event)
    identity = (event.data.envelope_id, event.data.recipient_id, event.event, event.generated_date_time)
    return [
        Notice(
            source=source,
            event_id="|".join(identity)[:255],
            kind="docusign",
            type=event.event,
            subject=event.data.envelope_id,
            body=body.decode(),
            occurred_at=_moment(event.generated_date_time),
        )
    ]


def _moment(text: str) -> dt.datetime | None:
    """The moment, which has seven decimals; None where it is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


DOCUSIGN = Scheme("docusign", (HEADER,), verify, read)
