"""The header `Idempotency-Key` of the IETF draft of that name, and what makes two requests the same."""

import hashlib
import re
from typing import Any

import msgspec

from tollway.problems import Malformed

HEADER = "Idempotency-Key"
FIELD = HEADER.lower().encode()
EXPIRES = b"idempotency-key-expires"
"""The answer's header that says until when it is replayed."""
REPLAYED = b"idempotent-replayed"
"""The answer's header that says that it is one of before."""
LONGEST = 255
"""Characters of a key."""
_QUOTED = r'"([ !#-\[\]-~]|\\["\\])+"'
_BARE = r"[0-9A-Za-z!#$%&'*+.^_`|~:/=-]+"
PATTERN = f"^({_QUOTED}|{_BARE})$"
"""A string of RFC 9651 in double quotes, as the draft asks, or the bare token that many clients send instead."""
_KEY = re.compile(PATTERN.encode())
_WORDS = (
    "A value that the caller makes for this one request, such as a UUID, and sends again when it repeats the request: "
    "it is carried out once, and a repetition gets the first answer with `Idempotent-Replayed: true` until the moment "
    "that `Idempotency-Key-Expires` names. A repetition while the first is under way gets 409, the same key with "
    "another request 422. A request that was not carried out (429, 503) or whose outcome is unknown (500, 502, 504) is "
    "completed by repeating it with the same key."
)


def read(value: bytes) -> str:
    """The key that a header's value is, without its quotes; raises Malformed."""
    if not _KEY.fullmatch(value) or len(value) > LONGEST:
        raise Malformed(
            f"The {HEADER} header is one string in double quotes, or one token, of at most {LONGEST} characters."
        )
    text = value.decode("ascii")
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] == '"' else text


def identify(issuer: str, client: str, subject: str, key: str) -> str:
    """What the key is kept by: the same key of two callers is two keys."""
    return hashlib.sha256(msgspec.msgpack.encode((issuer, client, subject, key))).hexdigest()


def fingerprint(*, method: str, operation: str, path: str, query: bytes, content_type: bytes, body: bytes) -> str:
    """What two requests have in common exactly when they ask for the same."""
    # Every part says its length, so that nothing can move from one into the next.
    digest = hashlib.sha256(msgspec.msgpack.encode((method, operation, path, query, content_type)))
    digest.update(body)
    return digest.hexdigest()


def parameter(*, required: bool) -> dict[str, Any]:
    """The header as a parameter of an OpenAPI operation."""
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": PATTERN}
    return {"name": HEADER, "in": "header", "required": required, "description": _WORDS, "schema": schema}
