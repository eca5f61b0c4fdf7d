"""HubSpot, version 3: base64 HMAC-SHA256 over method, address, body and time in milliseconds.

https://developers.hubspot.com/docs/guides/apps/authentication/validating-requests
"""

import base64
import datetime as dt
import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from tollway.canonical.notice import Notice
from tollway.canonical.record import Identifier
from tollway.ingress.schemes.scheme import Call, Scheme, check_any, check_time, digest, header, number, parsed

HEADER, TIME = "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"
_DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""The characters that HubSpot decodes in the address before it signs; all others stay as they were sent."""
_EVENTS: Any = Annotated[list[msgspec.Raw], msgspec.Meta(max_length=1000)]
_Whole = Annotated[int, msgspec.Meta(ge=0)]


class _Event(msgspec.Struct, rename="camel"):
    event_id: int
    subscription_id: int
    portal_id: int
    occurred_at: Annotated[int, msgspec.Meta(ge=0, le=10**14)]
    subscription_type: Identifier
    object_id: _Whole | None = None
    from_object_id: _Whole | None = None


def verify(call: Call, secrets: Iterable[bytes], now: float) -> None:
    """Raise Unauthenticated unless HubSpot sent this, and lately."""
    given, moment = header(call, HEADER), header(call, TIME)
    address = _DECODED.sub(lambda found: chr(int(found[0][1:], 16)), call.url)
    signed = b"POST" + address.encode() + call.body + moment.encode()
    check_any([given], (base64.b64encode(digest(secret, signed)).decode() for secret in secrets))
    check_time(number(moment) / 1000, now)


def read(source: str, body: bytes) -> list[Notice]:
    """The events of a call, up to a hundred; `eventId` alone is not unique, by HubSpot's own word."""
    events: list[msgspec.Raw] = parsed(body, _EVENTS)
    return [_notice(source, raw) for raw in events]


def _notice(source: str, raw: msgspec.Raw) -> Notice:
    event = parsed(bytes(raw), _Event)
    about = event.object_id if event.object_id is not None else event.from_object_id
    identity = (event.portal_id, event.subscription_id, event.event_id, about, event.occurred_at)
    what = event.subscription_type.partition(".")[0]
    return Notice(
        source=source,
        event_id="-".join(str(part) for part in identity),
        kind="hubspot",
        type=event.subscription_type,
        subject=f"{what}:{event.portal_id}:{about}",
        body=bytes(raw).decode(),
        occurred_at=dt.datetime.fromtimestamp(event.occurred_at / 1000, dt.UTC),
    )


HUBSPOT = Scheme("hubspot", (HEADER, TIME), verify, read)
