"""Answers as they are kept for repetitions, and which of them are final."""

import msgspec

from tollway.http.exchange import Headers

_KEPT = frozenset(
    (b"cache-control", b"content-disposition", b"content-language", b"content-location", b"content-type",
     b"deprecation", b"etag", b"last-modified", b"link", b"location", b"sunset", b"vary")
)  # fmt: skip
"""The headers that belong to the answer, not to the one exchange that it came by."""
_NOTHING_HAPPENED = frozenset((401, 408, 425, 429, 503))
SERVER_ERROR = 500
"""From here on nobody knows what happened, unless the status says that nothing did."""


class StoredAnswer(msgspec.Struct, frozen=True):
    """A final answer."""

    status: int
    headers: Headers
    body: bytes | None
    """None where it was too large to be kept, or passed on as it came."""


def nothing_happened(status: int) -> bool:
    """Whether an answer of this status says that the request was not taken, so that its key is as new."""
    return status in _NOTHING_HAPPENED


def kept(headers: Headers) -> Headers:
    """The headers that every repetition gets too."""
    return [pair for pair in headers if pair[0] in _KEPT]


def encode(answer: StoredAnswer) -> str:
    """The answer as text."""
    return msgspec.json.encode(answer).decode()


def decode(text: str) -> StoredAnswer:
    """The answer that `encode` wrote."""
    return msgspec.json.decode(text, type=StoredAnswer)
