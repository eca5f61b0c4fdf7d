"""One request on a caller's connection and its answer, as an ASGI application sees them."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from litestar.types import ASGIApp

from tollway.http.exchange import WITHOUT_BODY, Answer, Headers
from tollway.http.waiting import wake
from tollway.problems import ProblemError

if TYPE_CHECKING:  # it makes the exchanges
    from gateway.http1.connection import Connection

log = structlog.get_logger()
_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s" % (status, status.phrase.encode()) for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_FRAMING = frozenset((b"connection", b"transfer-encoding", b"content-length"))
"""Headers that tell where an answer ends."""
_MOST_WAITING = 65_536
"""Bytes of a body that wait for the application before its caller is told to pause."""
_MOST_THROWN_AWAY = 10_000_000
"""Bytes of a body that are read for nothing, so that its caller gets to reading the answer."""
_MOST_JOINED = 65_536
"""Bytes of a body that are written together with its head; copying more would cost more than writing twice."""


class Exchange:
    """A request as it arrives, and what has been answered to it so far; called, it takes what ASGI sends."""

    __slots__ = ("_chunked", "_connection", "_expecting", "_headers", "_parts", "_status", "_told", "_waiter",
                 "_waiting", "answered", "broken", "closing", "complete", "heard", "left", "scope",
                 "started")  # fmt: skip

    def __init__(self, connection: "Connection", scope: dict[str, Any]) -> None:
        self.scope = scope
        self.complete = False
        """Whether the whole request has arrived."""
        self.broken: ProblemError | None = None
        """Why what has arrived of the body is not the beginning of one."""
        self.left = False
        """Whether nobody waits for more of the answer."""
        self.started = False
        """Whether any of the answer is written."""
        self.answered = False
        """Whether all of it is."""
        self.closing = False
        """Whether the connection ends with this answer."""
        self.heard = connection.now
        """When something of the request arrived last."""
        self._connection = connection
        self._parts: list[bytes] = []
        self._waiting = 0
        """Bytes of the body that arrived and were not asked for, or came too late to be."""
        self._expecting = True
        """Whether the caller has not been told yet that its body is wanted, if it asked."""
        self._told = False
        """Whether the application knows that the whole request has arrived."""
        self._status = 0
        self._headers: Headers = []
        self._chunked = False
        self._waiter: asyncio.Future[None] | None = None

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer, and wait for what it did not want of the request."""
        try:
            await app(self.scope, self.receive, self)  # type: ignore[arg-type]  # the messages are dictionaries
        except Exception:
            log.exception("unanswered", method=self.scope["method"], path=self.scope["path"])
        while self.answered and not (self.complete or self.closing or self.left):
            await self._changed()

    def feed(self, part: bytes) -> None:
        """Take a part of the body."""
        self._waiting += len(part)
        self.heard = self._connection.now
        if self.answered:  # what was not wanted is thrown away
            self.closing = self.closing or self._waiting > _MOST_THROWN_AWAY
        else:
            self._parts.append(part)
            self._expecting = False
            if self._waiting > _MOST_WAITING:
                self._connection.pause()
        self.wake()

    def wake(self) -> None:
        """Have whoever waits for the caller look again."""
        wake(self._waiter)

    async def _changed(self) -> None:
        self._waiter = self._connection.loop.create_future()
        await self._waiter

    async def receive(self) -> dict[str, Any]:
        """The next part of the body, or that the caller has left; raises the problem of a body that is none."""
        while True:
            if self.broken:
                raise self.broken
            if self._parts or (self.complete and not self._told):
                return self._part()
            if self.left or self.answered:
                return {"type": "http.disconnect"}
            if self._expecting:
                self._expecting = False
                if self._asked() and not self.started:
                    self._connection.writer.write(_CONTINUE)
            await self._changed()

    def _asked(self) -> bool:
        """Whether the caller wants to be told before it sends the body."""
        if self.scope["http_version"] == "1.0":
            return False
        return any(name == b"expect" and value.lower() == b"100-continue" for name, value in self.scope["headers"])

    def _held_back(self) -> bool:
        """Whether a body that was announced may never come, since nobody asked for it: only one side knows then."""
        return self._expecting and self._asked()

    def _part(self) -> dict[str, Any]:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if self._waiting > _MOST_WAITING:
            self._connection.resume()
        self._parts, self._waiting = [], 0
        self._told = self.complete
        return {"type": "http.request", "body": body, "more_body": not self.complete}

    async def __call__(self, message: dict[str, Any]) -> None:
        """Take the head of the answer or a part of its body; returns when the caller has room for more."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], message["headers"]
            return
        if message["type"] != "http.response.body" or self.answered:
            return
        self._write(message.get("body", b""), more=message.get("more_body", False))
        if self._connection.writer.full:
            await self._connection.writer.drained()

    async def send_whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Take an answer at once, as the gateway has most of them, which costs less than two messages."""
        self._status, self._headers = status, headers
        self._write(body, more=False)
        if self._connection.writer.full:
            await self._connection.writer.drained()

    def answer(self, answer: Answer) -> None:
        """Answer without the application, as the last thing on the connection."""
        self.closing = True
        self._status, self._headers, self._chunked = answer.status, answer.headers, False
        self._write(answer.body, more=False)

    def _write(self, body: bytes, *, more: bool) -> None:
        framed = b"" if self.started else self._head(body, more=more)
        writer = self._connection.writer
        if len(body) > _MOST_JOINED:
            writer.write(framed)
            framed = b""
        if body and self._status not in WITHOUT_BODY and self.scope["method"] != "HEAD":
            framed += b"%x\r\n%b\r\n" % (len(body), body) if self._chunked else body
        if not more:
            self.answered = True
            if self._chunked:
                framed += _LAST_CHUNK
            if self._waiter:
                self.wake()
            if not self.complete:
                self._connection.unwanted()
        if framed:
            write = writer.write if more or len(framed) > _MOST_JOINED else writer.write_soon
            write(framed)

    def _head(self, body: bytes, *, more: bool) -> bytes:
        """The head of the answer; raises ValueError when a header would be read as another one."""
        if not self.complete and self._held_back():
            self.closing = True
        headers, connection = self._headers, self._connection
        names = dict(headers)
        if (
            b"content-length" not in names
            or len(names) != len(headers)
            or b"connection" in names
            or b"transfer-encoding" in names
            or self.closing
            or connection.ending
        ):
            headers = self._framing(body, more=more)
        line = _STATUS_LINES.get(self._status) or b"HTTP/1.1 %d " % self._status
        date = () if b"date" in names else (connection.date,)
        head = b"\r\n".join([line, *map(b": ".join, headers), *map(b": ".join, date), b"\r\n"])
        if not head.count(b"\n") == head.count(b"\r") == len(headers) + len(date) + 2:
            raise ValueError("a header of the answer holds a line break")
        self.started = True
        return head

    def _framing(self, body: bytes, *, more: bool) -> Headers:
        """The headers of the answer with those that tell where it ends, which are the server's to say."""
        named = dict(self._headers)
        self.closing = self.closing or self._connection.ending or named.get(b"connection", b"").lower() == b"close"
        headers = [pair for pair in self._headers if pair[0] not in _FRAMING]
        if length := named.get(b"content-length"):
            headers.append((b"content-length", length))
        elif self._status not in WITHOUT_BODY:
            headers += self._measure(body, more=more)
        if self.closing:
            headers.append((b"connection", b"close"))
        return headers

    def _measure(self, body: bytes, *, more: bool) -> Headers:
        """What tells the end of an answer whose application did not."""
        if not more:
            return [(b"content-length", b"%d" % len(body))]
        if self.scope["http_version"] == "1.0":
            self.closing = True
            return []
        self._chunked = self.scope["method"] != "HEAD"
        return [(b"transfer-encoding", b"chunked")]
