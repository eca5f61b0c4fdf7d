"""One request between our services and its answer, whichever way it travels."""

from collections.abc import AsyncIterator

import msgspec

Headers = list[tuple[bytes, bytes]]
WITHOUT_BODY = (204, 304)
"""The statuses of answers that have no body."""


class Call(msgspec.Struct, gc=False):
    """A request to a service."""

    method: str
    path: str
    """Percent-encoded."""
    query: bytes
    headers: Headers
    """Names in lower case."""
    body: bytes
    streamed: bool = False
    """Whether the answer is wanted as it comes, instead of whole."""


class Answer(msgspec.Struct):
    """What a service answered."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    """The body as it comes, when that was asked for; `body` is empty then."""
