"""Requests that reach no product because nobody could read them are counted."""

import asyncio

import pytest

from gateway.http1 import server
from tollway.http.services import Services
from tollway.telemetry.telemetry import Telemetry


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (b"GET /sales/v1/quotes HTTP/1.1\r\nHost a\r\n\r\n", "malformed-request"),
        (b"GET /sales/v1/quotes HTTP/1.1\r\nX: " + b"a" * 140_000 + b"\r\n\r\n", "headers-too-large"),
        (b"GET /sales/v1/quotes/%2e%2e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "malformed-request"),
        (b"GET /sales/v1/quotes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", None),
    ],
    ids=["a header without a colon", "a head without an end", "a path with two readings", "one that can be read"],
)
async def test_what_cannot_be_read_is_counted_by_its_problem(
    make_gateway, identity, service, request_, problem
) -> None:
    """Whether the server or the gateway refused it; what can be read is its product's to count."""
    services, telemetry = Services(identity), Telemetry()
    services.host("sales", service)
    unread = telemetry.metrics.counter("requests_unread", "", ("problem",))
    async with server.serve(make_gateway(services, telemetry=telemetry), "127.0.0.1", 0) as url, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(request_)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 4")
    assert unread.values == ({(problem,): [1.0]} if problem else {})
