"""Calls to a service of ours in another process, over kept connections.

Every request through a gateway takes this way in the distributed form, and a general client costs more there than the
rest of the gateway: this one speaks HTTP/1.1 to services that do, without redirects, cookies, proxies or compression.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from functools import partial
from time import monotonic
from urllib.parse import urlsplit

from tollway.http.connection import Broken, Connection
from tollway.http.exchange import Answer, Call, Streamed
from tollway.http.outbox import Outbox
from tollway.http.platforms import SAFE_METHODS
from tollway.problems import Unavailable, UnknownOutcome

_KEPT_SECONDS = 15.0
"""How long an idle connection is kept: shorter than our servers do, since a request on one that has just been closed
could be neither repeated nor called unsent."""
_CONNECT_SECONDS = 5.0
_LATE_SECONDS = 0.05
"""How much later than asked a request may be given up."""


class RemoteService:
    """One service elsewhere; an answer of any status is returned, a missing one is classified as by PlatformClient."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        parts = urlsplit(url)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._head = f" HTTP/1.1\r\nhost: {parts.netloc}".encode("ascii")
        self._connection = partial(Connection, Outbox())
        self._idle: deque[Connection] = deque()
        self._busy: set[Connection] = set()
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False

    async def call(self, request: Call, seconds: float) -> Answer:
        """Send; raises Unavailable when it was not sent or may be repeated, otherwise UnknownOutcome."""
        try:
            return await self._called(request, monotonic() + seconds)
        except (Broken, TimeoutError) as error:
            words = f"{self.name} did not answer {request.method} {request.path}: {error or 'it took too long'}."
            raise (Unavailable if request.method in SAFE_METHODS else UnknownOutcome)(words) from error

    async def close(self) -> None:
        """Close every connection."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _called(self, request: Call, until: float) -> Answer:
        sent = self._written(request)
        while connection := self._kept():
            try:
                return await self._exchanged(connection, request, sent, until)
            except Broken as error:
                # The service has closed it while it was idle, so a request that was not sent, or is safe, goes again.
                if error.sent and (error.answered or request.method not in SAFE_METHODS):
                    raise
        return await self._exchanged(await self._connected(until), request, sent, until)

    async def _exchanged(self, connection: Connection, request: Call, sent: bytes, until: float) -> Answer:
        at_head = request.streamed or request.method == "HEAD"
        self._busy.add(connection)
        if self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(_LATE_SECONDS, self._look)
        try:
            answer = await connection.ask(sent, until, at_head=at_head)
        except BaseException:
            connection.close()
            raise
        finally:
            self._busy.discard(connection)
        if not at_head:
            self._keep(connection)
        elif request.streamed:
            answer.stream = Streamed(self._parts(connection), partial(self._keep, connection))
        else:  # no parser can know that no body follows a HEAD, so the connection ends
            connection.close()
        return answer

    def _look(self) -> None:
        """End what has taken too long: one timer for all requests costs less than one for each."""
        now = monotonic()
        for connection in self._busy:
            if now >= connection.until:
                connection.expire()
        self._watch = asyncio.get_running_loop().call_later(_LATE_SECONDS, self._look) if self._busy else None

    async def _parts(self, connection: Connection) -> AsyncGenerator[bytes, None]:
        try:
            while part := await connection.part():
                yield part
        except Broken as error:
            raise UnknownOutcome(f"{self.name} broke its answer off: {error}.") from error

    def _kept(self) -> Connection | None:
        """The connection used last, since the others may end for want of use."""
        while self._idle:
            connection = self._idle.pop()
            if connection.free and monotonic() - connection.idle_since < _KEPT_SECONDS:
                return connection
            connection.close()
        return None

    def _keep(self, connection: Connection) -> None:
        if not connection.free or self._closed:
            connection.close()
            return
        connection.idle_since = monotonic()
        self._idle.append(connection)
        while monotonic() - self._idle[0].idle_since > _KEPT_SECONDS:
            self._idle.popleft().close()

    async def _connected(self, until: float) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(_CONNECT_SECONDS, until - monotonic())):
                _, connection = await loop.create_connection(self._connection, self._host, self._port, ssl=self._tls)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"{self.name} cannot be reached: {error or 'no connection in time'}.") from error
        return connection

    def _written(self, request: Call) -> bytes:
        target = f"{request.method} {self._prefix}{request.path}".encode("ascii")
        query = b"?" + request.query if request.query else b""
        lines = [b"%b%b%b" % (target, query, self._head), *(b": ".join(pair) for pair in request.headers)]
        if request.body or request.method not in SAFE_METHODS:
            lines.append(b"content-length: %d" % len(request.body))
        return b"%b\r\n\r\n%b" % (b"\r\n".join(lines), request.body)
