"""Reads requests from the bytes of a connection, by llhttp in its strict mode, and bounds what it may take to."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httptools

from gateway.http1.exchange import Exchange
from tollway.http.exchange import Headers
from tollway.http.server import MOST_HEADER_BYTES
from tollway.problems import HeadersTooLarge, Malformed, ProblemError

MOST_HEADERS = 100
_MOST_FRAMING = 16_384
"""Bytes that may come within a body without being any of it."""
_AROUND_HEADER = 4
_SLICE = 16_384
"""Bytes parsed at a time: what comes without an end is noticed after so many."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_VERSIONS = ("1.1", "1.0")
Address = tuple[str, int] | None


class Reader:
    """What llhttp calls, made into exchanges."""

    __slots__ = ("_begin", "_behind", "_client", "_end", "_exchange", "_headers", "_parser", "_server", "_silent",
                 "_size", "_url", "over")  # fmt: skip

    def __init__(
        self,
        begin: Callable[[dict[str, Any]], Exchange],
        end: Callable[[Exchange], None],
        client: Address,
        server: Address,
    ) -> None:
        """`begin` is called with the scope of each request once its head is there, `end` once all of it is."""
        self.over = False
        """Whether the connection is to speak something else from now on, which nobody here does."""
        self._begin = begin
        self._end = end
        self._client = client
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._exchange: Exchange | None = None
        self._behind: Headers = []
        """What announces the body of a request that proposes another protocol."""
        self._url = b""
        self._headers: Headers = []
        self._size = self._silent = 0

    @property
    def arriving(self) -> Exchange | None:
        """The request whose head is there and whose body is not."""
        return self._exchange

    @property
    def in_head(self) -> bool:
        """Whether a request has begun to come whose head is not there yet."""
        return self._exchange is None and self._silent + self._size > 0

    def feed(self, data: bytes) -> None:
        """Parse what came; raises the problem when it is no HTTP, or too much of it."""
        if len(data) <= _SLICE:
            self._feed(data)
            return
        whole = memoryview(data)
        for start in range(0, len(data), _SLICE):
            self._feed(whole[start : start + _SLICE])

    def _feed(self, data: bytes | memoryview) -> None:
        if self.over:
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, ProblemError):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise Malformed(f"The request cannot be read: {error}.") from error
        if self._silent > _MOST_FRAMING:
            if self._exchange:
                raise Malformed("The request cannot be read: a chunk of its body has no end.")
            if self._silent > MOST_HEADER_BYTES:
                raise _too_large()

    def _upgraded(self, rest: bytes | memoryview) -> None:
        """Go on as if nothing else had been proposed: read the body, and then nothing more."""
        if not self._behind:
            self.over = True
            return
        framing, self._behind = self._behind, []
        self._parser = httptools.HttpRequestParser(_Body(self))
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % b"\r\n".join(b": ".join(pair) for pair in framing))
        self._feed(rest)

    def on_url(self, part: bytes) -> None:
        """Take a part of the request's target."""
        self._url += part
        self._silent = 0
        self._size += len(part)
        if self._size > MOST_HEADER_BYTES:
            raise _too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which means nothing here."""
        self._silent = 0
        self._size += len(name) + len(value) + _AROUND_HEADER
        if self._size > MOST_HEADER_BYTES:
            raise _too_large()
        if self._exchange is None:
            self._headers.append((name.lower(), value))
            if len(self._headers) > MOST_HEADERS:
                raise HeadersTooLarge(f"A request may have {MOST_HEADERS} headers.")
        elif self._size > _MOST_FRAMING:
            raise HeadersTooLarge(f"A request's trailers may hold {_MOST_FRAMING} bytes.")

    def on_headers_complete(self) -> None:
        """Begin an exchange; raises Malformed for a request that is not for a path, or in another HTTP."""
        parser, url = self._parser, self._url
        version = parser.get_http_version()
        if version not in _VERSIONS:
            raise Malformed(f"HTTP/{version} is not spoken here; HTTP/1.1 is.")
        if version == "1.0" and any(name == b"transfer-encoding" for name, _ in self._headers):
            raise Malformed("HTTP/1.0 knows no chunks.")
        raw_path, query = _target(url)
        scope = {
            "type": "http", "asgi": _ASGI, "http_version": version, "scheme": "http",
            "method": parser.get_method().decode("ascii"), "path": _decoded(raw_path), "raw_path": raw_path,
            "query_string": query, "root_path": "", "headers": self._headers, "client": self._client,
            "server": self._server, "state": {}, "extensions": {},
        }  # fmt: skip
        headers = self._headers
        self._url, self._headers, self._size, self._silent = b"", [], 0, 0
        self._exchange = self._begin(scope)
        if version == "1.0" or not parser.should_keep_alive():
            self._exchange.closing = True
        if parser.should_upgrade():
            self._exchange.closing = True
            self._behind = _framing(headers)

    def on_chunk_header(self) -> None:
        """Note that the body goes on."""
        self._silent = 0

    def on_body(self, part: bytes) -> None:
        """Hand a part of the body on."""
        self._silent = 0
        if self._exchange:
            self._exchange.feed(part)

    def on_message_complete(self) -> None:
        """Be ready for the next request."""
        if self._behind:  # llhttp takes what follows for the other protocol, but it is this request's body
            return
        exchange, self._exchange = self._exchange, None
        self._size = self._silent = 0
        if exchange:
            self._end(exchange)


class _Body:
    """What llhttp calls for a body whose head was read by another parser; nothing comes behind it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.on_chunk_header = reader.on_chunk_header
        self.on_body = reader.on_body

    def on_message_complete(self) -> None:
        """End the request."""
        self._reader.over = True
        self._reader.on_message_complete()


def _framing(headers: Headers) -> Headers:
    """The headers that announce a body; none where there is none."""
    found = [pair for pair in headers if pair[0] in (b"content-length", b"transfer-encoding")]
    return [] if found == [(b"content-length", b"0")] else found


def _too_large() -> HeadersTooLarge:
    return HeadersTooLarge(f"A request's head may hold {MOST_HEADER_BYTES} bytes.")


def _target(url: bytes) -> tuple[bytes, bytes]:
    """The path and the query of a request's target."""
    if not url.startswith(b"/"):
        scheme, _, rest = url.partition(b"://")
        slash = rest.find(b"/")
        if scheme.lower() not in (b"http", b"https") or slash < 1:
            raise Malformed("What is asked for is no path of this server.")
        url = rest[slash:]
    if b"#" in url:
        raise Malformed("What is asked for has a fragment, which no server is told of.")
    path, _, query = url.partition(b"?")
    return path, query


def _decoded(path: bytes) -> str:
    try:
        return unquote(path.decode("ascii"), errors="strict") if b"%" in path else path.decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("The path is not percent-encoded UTF-8.") from None
