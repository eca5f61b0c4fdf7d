"""One HTTP/1.1 connection: a request out, its answer in, then the next."""

import asyncio
from collections import deque
from typing import Any

import httptools

from tollway.http.exchange import Answer, Headers
from tollway.http.outbox import Outbox
from tollway.http.waiting import wake

_MOST_WAITING = 262_144
"""Bytes of an answer that wait for their reader before the service is told to pause."""
_MOST_HEADERS = 65_536
_FRAMED = frozenset((b"content-length", b"transfer-encoding"))
"""One of these tells where a body ends; otherwise it ends with the connection."""
_OUT_OF_TURN = "it spoke out of turn"
_FINAL = 200
"""The status from which on an answer is not an interim one."""


class Broken(Exception):
    """The connection ended, or what came is not HTTP."""

    def __init__(self, why: str, *, sent: bool, answered: bool) -> None:
        """`sent` tells whether any of the request may have been read, `answered` whether any of an answer had come."""
        super().__init__(why)
        self.sent = sent
        self.answered = answered


class Connection(asyncio.Protocol):
    """Parses answers by llhttp; used by one request at a time."""

    def __init__(self, outbox: Outbox) -> None:
        """What it sends goes through the outbox."""
        self.usable = False
        """Whether the connection can go on."""
        self.idle_since = 0.0
        self.until = 0.0
        """`time.monotonic()` after which nobody waits for the answer any more."""
        self._loop = asyncio.get_running_loop()
        self._outbox = outbox
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._answer: asyncio.Future[Answer] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._headers: Headers = []
        self._parts: deque[bytes] = deque()
        self._waiting = self._header_bytes = 0
        self._complete = True
        self._at_head = self._in_body = self._paused = False
        self._failure: Broken | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for a request."""
        self._transport = transport  # type: ignore[assignment]  # create_connection makes no other
        self._parser = httptools.HttpResponseParser(self)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._complete:
            self._fail(_OUT_OF_TURN)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"what it said is no HTTP ({error})")

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits; an answer that says nothing of its length ends so."""
        self.usable = False
        if error is None and self._in_body and _FRAMED.isdisjoint(name for name, _ in self._headers):
            self._end()
        if not self._complete:
            self._fail(f"the connection ended{f' ({error})' if error else ''}")

    # What the parser calls

    def on_message_begin(self) -> None:
        """Refuse an answer that nobody asked for, since the next one would be taken for its end."""
        if self._complete:
            raise ValueError(_OUT_OF_TURN)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the answer."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > _MOST_HEADERS:
            raise ValueError("the headers are too long")
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hand the head of the answer over, where that is waited for, unless it is an interim one."""
        if self._parser.get_status_code() >= _FINAL:
            self._in_body = True
            if self._at_head:
                self._hand_over()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body for its reader."""
        self._parts.append(part)
        if not self._at_head:
            return
        self._waiting += len(part)
        if self._waiting > _MOST_WAITING and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        """The answer has ended, unless it was an interim one."""
        if not self._in_body:
            self._headers, self._header_bytes = [], 0
            return
        self.usable = self.usable and self._parser.should_keep_alive()
        self._end()

    # What the client calls

    @property
    def free(self) -> bool:
        """Whether another request may be sent: the answer to the last one was read to its end."""
        return self.usable and self._complete and not self._parts

    def ask(self, sent: bytes, until: float, *, at_head: bool = False) -> "asyncio.Future[Answer]":
        """Send a request; its answer, whole, or as soon as its head is there, which `part` reads the rest of."""
        self.until, self._at_head = until, at_head
        self._headers, self._header_bytes = [], 0
        self._complete, self._in_body, self._failure = False, False, None
        self._answer = answer = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            self._fail("the connection ended", sent=False)
        else:
            self._outbox.put(self._transport, sent)
        return answer

    async def part(self) -> bytes:
        """The next part of the body; empty at its end."""
        while not self._parts:
            if self._complete:
                return b""
            if self._failure:
                raise self._failure
            self._waiter = self._loop.create_future()
            await self._waiter
        part = self._parts.popleft()
        self._waiting -= len(part)
        if self._paused and self._waiting < _MOST_WAITING // 2 and self._transport:
            self._paused = False
            self._transport.resume_reading()
        return part

    def expire(self) -> None:
        """Have whoever waits for the answer wait no longer."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(TimeoutError())

    def close(self) -> None:
        """End the connection, at once where something is under way: what is not sent yet is of no use any more."""
        self.usable = False
        if self._transport:
            self._transport.close() if self._complete else self._transport.abort()

    def _hand_over(self, body: bytes = b"") -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), self._headers, body))

    def _end(self) -> None:
        self._complete = True
        if self._at_head:
            self._wake()
            return
        parts = self._parts
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._hand_over(body)

    def _fail(self, why: str, *, sent: bool = True) -> None:
        self.usable = False
        answered = bool(self._headers)
        self._failure = Broken(why, sent=sent, answered=answered)
        if self._answer and not self._answer.done():
            self._answer.set_exception(self._failure)
        self._wake()
        if self._transport:
            self._transport.close()

    def _wake(self) -> None:
        wake(self._waiter)
