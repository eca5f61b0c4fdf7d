"""Bodies that are broken, hostile or never come, by raw sockets to the served gateway."""

import asyncio

import pytest

START = b"POST /orders/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
JSON = START % b"application/json"
MEGABYTE = 1_000_000


def whole(body: bytes, kind: bytes = b"application/json") -> bytes:
    """A request with this body, after which the connection ends."""
    return (START % kind) + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


BODIES = {
    "cut short": (whole(b'{"id": "O-1", "lines": ['), 400),
    "no JSON": (whole(b"<order/>"), 400),
    "a byte that is not UTF-8": (whole(b'{"id": "\xff"}'), 400),
    "Latin-1 by name": (whole('{"id": "é"}'.encode("latin-1"), b"application/json; charset=iso-8859-1"), 415),
    "UTF-16 by name": (whole('{"id": "é"}'.encode("utf-16"), b"application/json; charset=utf-16"), 415),
    "UTF-16 without a word": (whole('{"id": "é"}'.encode("utf-16")), 400),
    "a key twice": (whole(b'{"id": "O-1", "id": "O-2"}'), 400),
    "10,000 deep": (whole(b'{"a":' * 10_000 + b"1" + b"}" * 10_000), 400),
    "10,000 deep and cut short": (whole(b"[" * 10_000), 400),
    "NaN": (whole(b'{"id": NaN}'), 400),
    "a text type": (whole(b"{}", b"text/plain"), 415),
    "packed": (JSON + b"Content-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 415),
    "one byte too many": (whole(b"{" + b" " * (MEGABYTE - 1) + b"}"), 413),
    "1 GB by its length": (JSON + b"Content-Length: 1000000000\r\n\r\n{", 413),
    "missing": (whole(b""), 422),
}


@pytest.mark.parametrize(("raw", "status"), [pytest.param(*given, id=name) for name, given in BODIES.items()])
async def test_bad_bodies_are_problems(served, raw, status) -> None:
    """Each gets its own problem document in time, in words, and none reaches the service."""
    served.reached()
    answered = await served.send(raw)
    assert answered.statuses == [status]
    assert answered.seconds < 4
    problem = answered.problem()
    assert problem["detail"]
    assert problem["correlation_id"]
    assert b"\r\nx-content-type-options: nosniff\r\n" in answered.content
    assert b"\r\ncache-control: no-store\r\n" in answered.content
    assert served.reached() == []
    await served.is_well()


@pytest.mark.parametrize("size", [17_000, 65_536, 100_000])
async def test_headers_that_are_too_large_are_a_problem(served, size) -> None:
    """A token, say, of 64 KB gets a problem document like everything else that is too much."""
    served.reached()
    answered = await served.send(
        b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n"
        % (b"x" * size)
    )
    assert answered.statuses == [431]
    assert "16384 bytes" in str(answered.problem()["detail"])
    assert served.reached() == []


async def test_a_head_beyond_what_the_server_takes_ends_the_connection(served) -> None:
    """What is larger than 128 KB is refused by the server, in words, and reaches nobody."""
    served.reached()
    answered = await served.send(b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\nX-Note: %s\r\n\r\n" % (b"x" * 200_000))
    assert answered.closed
    assert answered.statuses == [431]
    assert "131072 bytes" in str(answered.problem()["detail"])
    assert served.reached() == []
    await served.is_well()


async def test_the_largest_body_is_taken(served) -> None:
    """A body of just the size that is allowed reaches the service whole."""
    served.reached()
    answered = await served.send(whole(b"{" + b" " * (MEGABYTE - 2) + b"}"))
    assert answered.statuses == [200]
    assert served.reached() == [f"POST /orders/v1/orders {MEGABYTE}"]


async def test_a_body_that_stops_is_a_408(served) -> None:
    """When no more of a body comes the caller is told, after the pause that is allowed, and the connection ends."""
    answered = await served.send(JSON + b"Content-Length: 100\r\n\r\n{")
    assert answered.statuses == [408]
    assert answered.problem()["type"] == "urn:tollway:problem:request-timeout"
    assert answered.closed
    assert 0.9 < answered.seconds < 3


@pytest.mark.parametrize("announced", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
async def test_a_body_that_trickles_is_a_408(served, announced) -> None:
    """However steadily it comes, a body has its time as a whole."""
    parts = [b"1\r\n \r\n" if b"chunked" in announced else b" "] * 100
    answered = await served.send(JSON + announced, *parts, pause=0.3)
    assert answered.statuses == [408]
    assert 2.5 < answered.seconds < 6
    assert answered.closed


async def test_an_expected_body_that_does_not_come_is_a_408(served) -> None:
    """A caller that was told to continue and does not is not waited for either; one that is refused is not told to."""
    expecting = b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    answered = await served.send(JSON + expecting)
    assert answered.content.startswith(b"HTTP/1.1 100 ")
    assert answered.statuses == [408]
    refused = await served.send(START % b"text/plain" + expecting)
    assert refused.content.startswith(b"HTTP/1.1 415 ")


async def test_garbage_between_chunks_ends_the_request(served) -> None:
    """Chunks that turn to garbage half way are a problem, and the service never sees the half."""
    served.reached()
    answered = await served.send(JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"garbage\r\n", pause=0.2)
    assert answered.statuses == [400]
    assert "cannot be read" in str(answered.problem()["detail"])
    assert answered.closed
    assert answered.seconds < 3
    assert served.reached() == []


async def test_a_body_without_end_costs_no_memory(served) -> None:
    """Many callers that send without end, or announce 1 GB, are cut off, and the process does not grow with them."""
    await served.is_well()
    before = served.memory()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    endless = (served.send(JSON + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 300, wait=20) for _ in range(10))
    announced = (
        served.send(JSON + b"Content-Length: 1000000000\r\n\r\n", *[b" " * 65_536] * 300, wait=20) for _ in range(10)
    )
    for answered in await asyncio.gather(*endless, *announced):
        assert answered.closed
        assert answered.statuses in ([413], [408], [])  # one that is still sending may miss its answer
    assert served.memory() - before < 60 * MEGABYTE
    await served.is_well()
