"""Requests that reach no product are counted, and stand in the access log beside all others."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.http1 import server
from tollway.http.services import Services
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry


def lines(telemetry: Telemetry, log: Path) -> list[dict[str, Any]]:
    """What the access log has once everything is told, without what differs each time."""
    telemetry.close()
    told = [json.loads(line) for line in log.read_text().splitlines()]
    for one in told:
        assert one.pop("timestamp").startswith("20")
        assert len(one.pop("trace_id")) == 32
        assert one.pop("duration_us") >= 0
    return told


@pytest.fixture
def log(tmp_path) -> Path:
    """Where the access log is written."""
    return tmp_path / "access.log"


@pytest.fixture
def telemetry(log) -> Telemetry:
    """What the gateway is watched by, with an access log."""
    return Telemetry(TelemetrySettings(access_log=str(log)))


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
async def test_what_cannot_be_read_is_told_of_by_its_problem(
    make_gateway, identity, service, request_, problem, telemetry, log
) -> None:
    """Whether the server or the gateway refused it; what can be read is its product's to tell of."""
    services = Services(identity)
    services.host("sales", service)
    unread = telemetry.metrics.counter("requests_unread", "", ("problem",))
    async with server.serve(make_gateway(services, telemetry=telemetry), "127.0.0.1", 0) as url, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(request_)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 4")
    assert unread.values == ({(problem,): [1.0]} if problem else {})
    assert [line["problem"] for line in lines(telemetry, log)] == ([problem] if problem else [])


async def test_what_nobody_could_read_stands_in_the_log_by_the_id_its_caller_was_told(
    make_gateway, identity, telemetry, log
) -> None:
    """Who complains quotes the correlation id of the answer, and is found by it."""
    async with server.serve(make_gateway(Services(identity), telemetry=telemetry), "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"no HTTP\r\n\r\n")
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
    quoted = answer.partition(b"correlation-id: ")[2].partition(b"\r\n")[0].decode()
    assert lines(telemetry, log) == [
        {
            "event": "request",
            "correlation_id": quoted,
            "product": "",
            "method": "",
            "path": "",
            "status": 400,
            "address": "127.0.0.1",
            "problem": "malformed-request",
        }
    ]


async def test_pages_and_unknown_paths_are_told_of(make_gateway, identity, telemetry, log) -> None:
    """Who looks for doors that are not there is seen; the query, which may hold anything, is not."""
    counted = telemetry.metrics.counter("unrouted_requests", "", ("status",))
    async with (
        server.serve(make_gateway(Services(identity), telemetry=telemetry), "127.0.0.1", 0) as url,
        httpx.AsyncClient(base_url=url, headers={"correlation-id": "c-1"}) as http,
    ):
        for path in ("/health/live", "/.env?token=s3cret", "/unknown/v9/things"):
            await http.get(path)
    told = lines(telemetry, log)
    assert [(line["path"], line["status"]) for line in told] == [
        ("/health/live", 200),
        ("/.env", 404),
        ("/unknown/v9/things", 404),
    ]
    assert {(line["correlation_id"], line["product"], line["method"]) for line in told} == {("c-1", "", "GET")}
    assert counted.values == {("200",): [1.0], ("404",): [2.0]}
