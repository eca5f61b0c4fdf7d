"""One request between our services and its answer, whichever way it travels."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import cast

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


class Streamed:
    """A body that is read as it comes, and what it holds is let go of once: at its end, when closed, or when dropped.

    A generator alone does not do that: closed before its first part was asked for, it runs nothing.
    """

    def __init__(self, parts: AsyncIterator[bytes], release: Callable[[], None]) -> None:
        self._parts = parts
        self._release: Callable[[], None] | None = release

    def __aiter__(self) -> "Streamed":
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._parts)
        except BaseException:
            self._let_go()
            raise

    async def aclose(self) -> None:
        """Read no more."""
        try:
            await cast("AsyncGenerator[bytes, None]", self._parts).aclose()  # as every stream here can be closed
        finally:
            self._let_go()

    def __del__(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        release, self._release = self._release, None
        if release:
            release()
