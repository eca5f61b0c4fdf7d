"""Requests that two programs might read in two ways, by raw sockets to the served gateway.

Each is followed, on the same connection, by what would be a second request if its end were misread. The service must
never see that one, and the caller never get an answer to it.
"""

import pytest

START = b"POST /orders/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
GET = b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\nX-Smuggled: 1\r\n\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
ONE_CHUNK = b"2\r\n{}\r\n0\r\n\r\n"
ENDS = {
    "length and chunks": START + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": START + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": START + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "a list of lengths": START + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a plus": START + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": START + b"Content-Length: -1\r\n\r\n{}",
    "a hexadecimal length": START + b"Content-Length: 0x2\r\n\r\n{}",
    "a length with a space": START + b"Content-Length: 2 3\r\n\r\n{}",
    "a length beyond 64 bits": START + b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "no chunks after all": START + b"Transfer-Encoding: chunked, identity\r\n\r\n" + ONE_CHUNK,
    "chunks and nothing": START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + ONE_CHUNK,
    "almost chunked": START + b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}",
    "quoted chunked": START + b'Transfer-Encoding: "chunked"\r\nContent-Length: 2\r\n\r\n{}',
    "identity": START + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
    "vertical tab": START + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + ONE_CHUNK,
    "chunked twice": START + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + ONE_CHUNK,
    "packed and chunked": START + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + ONE_CHUNK,
    "chunks in HTTP/1.0": START.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + ONE_CHUNK,
    "a space before the colon": START + b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}",
    "a space before the length's colon": START + b"Content-Length : 2\r\n\r\n{}",
    "a folded line": START + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n{}",
    "a folded value": START + b"X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
    "a first line that is folded": b"POST /orders/v1/orders HTTP/1.1\r\n Host: a\r\nContent-Length: 2\r\n\r\n{}",
    "a bare line feed that hides chunks": START + b"X: a\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    "a bare carriage return": START + b"X: a\rContent-Length: 30\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a value": START + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a name": START + b"X\0: a\r\nContent-Length: 2\r\n\r\n{}",
    "an empty name": START + b": a\r\nContent-Length: 2\r\n\r\n{}",
    "no colon": START + b"foo\r\nContent-Length: 2\r\n\r\n{}",
    "a chunk beyond 64 bits": CHUNKED + b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk with 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "garbage for a size": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk without its end": CHUNKED + b"2\r\n{}XX0\r\n\r\n",
    "chunks by line feeds": CHUNKED + b"2\n{}\n0\n\n",
    "a line feed in an extension": CHUNKED + b"2;a\nxx\r\n{}\r\n0\r\n\r\n",
    "an extension without end": CHUNKED + b"2;" + b"a" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
    "the same length twice": START + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "lines by line feeds alone": START.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}",
    "a space after the size": CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n",
    "trailers that would be headers": CHUNKED
    + b"2\r\n{}\r\n0\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n",
    "trailers without end": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
}  # fmt: skip
LINES = {
    "HTTP/0.9": b"GET /orders/v1/orders\r\n\r\n",
    "HTTP/1.2": b"GET /orders/v1/orders HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2 over HTTP/1": b"GET /orders/v1/orders HTTP/2.0\r\nHost: a\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "two versions": b"GET /orders/v1/orders HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "tabs": b"GET\t/orders/v1/orders\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a method that is none": b"G\xe9T /orders/v1/orders HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path that is not ASCII": b"GET /orders/v1/orders\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "a line of 70 KB": b"GET /orders/v1/orders?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a line of 1 MB": b"GET /orders/v1/orders?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "100,000 headers": GET + b"".join(b"X%d: a\r\n" % number for number in range(100_000)) + b"\r\n",
    "the same header 101 times": GET + b"X: a\r\n" * 101 + b"\r\n",
    "90 headers": GET + b"".join(b"X%d: a\r\n" % number for number in range(90)) + b"\r\n",
    "a header of 50 KB": GET + b"X: " + b"a" * 50_000 + b"\r\n\r\n",
    "a header of 500 KB": GET + b"X: " + b"a" * 500_000 + b"\r\n\r\n",
    "no host": b"GET /orders/v1/orders HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: b\r\n\r\n",
    "another's address": b"GET http://127.0.0.1:9/other HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
    "all of the server": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "an echo": b"TRACE /orders/v1/orders HTTP/1.1\r\nHost: a\r\nX-Secret: s\r\n\r\n",
}
READ_ALIKE = {
    "a tab before the value": START + b"Transfer-Encoding:\tchunked\r\n\r\n" + ONE_CHUNK,
    "two spaces": START.replace(b" ", b"  ", 1) + b"Content-Length: 2\r\n\r\n{}",
    "an underscore": START + b"Transfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    "an extension": CHUNKED + b"2;a=b\r\n{}\r\n0\r\n\r\n",
    "zeros before the size": CHUNKED + b"0" * 40 + b"2\r\n{}\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nX-Checksum: 1\r\nHost: b\r\n\r\n",
    "a whole address": START.replace(b"/orders", b"http://a/orders", 1) + b"Content-Length: 2\r\n\r\n{}",
}


def named(probes: dict[str, bytes]) -> object:
    """The probes as parameters of a test."""
    return pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in probes.items()])


@named(ENDS)
async def test_what_has_two_ends_is_refused_and_the_connection_closed(served, raw) -> None:
    """One problem of class 400, nothing reaches the service, and what follows on the connection is not read."""
    served.reached()
    answered = await served.send(raw + SMUGGLED)
    assert len(answered.statuses) == 1
    assert 400 <= answered.statuses[0] < 500
    assert answered.problem()["detail"]
    assert answered.closed
    assert served.reached() == []
    await served.is_well()


@named(LINES)
async def test_heads_that_are_none_are_refused(served, raw) -> None:
    """One problem, of class 400, and nothing reaches the service."""
    served.reached()
    answered = await served.send(raw)
    assert len(answered.statuses) == 1
    assert 400 <= answered.statuses[0] < 500
    assert answered.problem()["correlation_id"]
    assert answered.closed
    assert served.reached() == []
    await served.is_well()


@named(READ_ALIKE)
async def test_what_the_standard_reads_one_way_is_read_that_way(served, raw) -> None:
    """An unusual but clear request is carried out once, and the next on the connection once, each with its own body."""
    served.reached()
    answered = await served.send(raw + GET + b"\r\n")
    assert answered.statuses == [200, 200]
    assert served.reached() == ["POST /orders/v1/orders 2", "GET /orders/v1/orders 0"]


async def test_the_body_of_a_refused_request_is_no_request(served) -> None:
    """A body that is refused unread, small or large, whole or not, is never taken for what comes next."""
    refused = b"POST /orders/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    served.reached()
    for size, sent in ((len(SMUGGLED), 1), (len(SMUGGLED) * 2000, 2000), (len(SMUGGLED) + 1000, 1)):
        answered = await served.send(refused % size + SMUGGLED * sent)
        assert answered.statuses in ([415], [])
        assert answered.closed
    assert served.reached() == []
    answered = await served.send(GET + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    assert answered.statuses == [415]
    assert served.reached() == []
    await served.is_well()


async def test_an_upgrade_is_not_one(served) -> None:
    """Neither HTTP/2 nor a websocket begins on a connection, so nothing gets past the policies inside of one."""
    h2c = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    websocket = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    for upgrade in (h2c, websocket):
        for behind in (b"", SMUGGLED, SMUGGLED * 1000):
            served.reached()
            answered = await served.send(GET + upgrade + behind)
            assert answered.statuses == [200]
            assert answered.closed
            assert len(served.reached()) == 1


@pytest.mark.parametrize("head", [b"", b"P", b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\nX"])
async def test_a_head_that_does_not_come_is_not_waited_for(served, head) -> None:
    """A connection without a whole head is closed when the server's time for one is over."""
    answered = await served.send(head)
    assert answered.closed
    assert answered.statuses == ([408] if head else [])
    assert answered.seconds < 5


async def test_a_head_that_trickles_is_not_waited_for(served) -> None:
    """A head that comes byte by byte has the same time as one that does not come."""
    answered = await served.send(*(bytes([byte]) for byte in GET * 10), pause=0.1)
    assert answered.closed
    assert answered.statuses == [408]
    assert answered.seconds < 5
