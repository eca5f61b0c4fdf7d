"""What a scheme is: how a platform signs what it sends, and where in it stands what happened to what."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import msgspec

from tollway.canonical.notice import Notice
from tollway.problems import Malformed, Unauthenticated

TOLERANCE = 300.0
"""Seconds by which a signed moment may differ from ours: what Stripe and HubSpot themselves recommend."""
T = TypeVar("T")


class Call(msgspec.Struct, frozen=True):
    """A webhook's call as it came in."""

    url: str
    """The address as the platform knows it."""
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes
    """To the last byte as it was sent: that is what is signed."""


class Scheme(msgspec.Struct, frozen=True):
    """A platform's scheme."""

    name: str
    headers: tuple[str, ...]
    """Where its signature stands."""
    verify: Callable[[Call, Iterable[bytes], float], None]
    """Takes the call, the secrets that may have signed it, and the time; raises Unauthenticated."""
    read: Callable[[str, bytes], list[Notice]]
    """The notices in a body, told by a source of this name; raises Malformed."""


def digest(secret: bytes, signed: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(secret, signed, hashlib.sha256).digest()


def check_any(given: Iterable[str], expected: Iterable[str]) -> None:
    """Raise Unauthenticated unless one of the signatures is one of those expected; takes as long either way."""
    wanted = [one.encode() for one in expected]
    matches = [hmac.compare_digest(one.encode(), other) for one in given for other in wanted]
    if not any(matches):
        raise Unauthenticated("The signature is not that of what was sent.")


def check_time(signed: float, now: float) -> None:
    """Raise Unauthenticated for a call that was signed too long ago, or will be."""
    if not abs(now - signed) <= TOLERANCE:
        raise Unauthenticated("The call was signed too long ago, or by a clock that is wrong.")


def header(call: Call, name: str) -> str:
    """A header that must be there."""
    given = call.headers.get(name.lower())
    if not given:
        raise Unauthenticated(f"The header {name} is missing.")
    return given


def number(text: str) -> int:
    """A whole number as a header has it; raises Unauthenticated."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):  # noqa: PLR2004 - no moment has more digits
        raise Unauthenticated("The signed time is no number.")
    return int(text)


def parsed(body: bytes, kind: type[T]) -> T:
    """A body as the platform documents it; raises Malformed."""
    try:
        return msgspec.json.decode(body.decode(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not what the platform documents: {error}.") from error
