"""A gateway served by a process of its own, and raw sockets to it."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml

SERVED = Path(__file__).with_name("gateway_process.py")
ANSWER = {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}
STREAM = {"200": {"description": "ok", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1.0.0"},
    "security": [],
    "paths": {
        "/orders/v1/orders": {
            "get": {"operationId": "listOrders", "responses": ANSWER},
            "post": {"operationId": "createOrder", "requestBody": BODY, "responses": ANSWER},
        },
        "/orders/v1/changes": {"get": {"operationId": "streamChanges", "responses": STREAM}},
    },
}
IN_FLIGHT = 40
ROUTES = {
    "products": [
        {
            "name": "orders",
            "prefix": "/orders/v1",
            "service": "orders",
            "contract": "orders.v1.yaml",
            "timeout": 6,
            "policies": [
                {"security_headers": {}},
                {"correlation": {}},
                {"cors": {"origins": ["https://portal.example.com"]}},
                {"request_limits": {"body_seconds": 3, "body_pause": 1, "max_header_bytes": 16_384}},
                {"load_shedding": {"in_flight": IN_FLIGHT, "bulk_share": 1, "delay": 5, "bulk_delay": 5}},
                {"request_contract": {}},
                {"circuit_breaker": {"failures_in_a_row": 5, "open_seconds": 1}},
            ],
        }
    ]
}
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


class Answered(msgspec.Struct):
    """What came back on a connection."""

    statuses: list[int]
    """Of the final answers, one for each request that was read."""
    content: bytes
    closed: bool
    seconds: float

    def problem(self) -> dict[str, object]:
        """The problem document of the last answer."""
        head, _, body = self.content.rpartition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in head
        problem: dict[str, object] = msgspec.json.decode(body)
        assert problem["status"] == self.statuses[-1]
        return problem


class Served:
    """The process, what reached its service, and raw connections to it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._reached = folder / "reached.txt"
        self._seen = 0

    def reached(self) -> list[str]:
        """What has reached the service since this was last asked."""
        lines = self._reached.read_text("ascii").splitlines()
        new, self._seen = lines[self._seen :], len(lines)
        return new

    def memory(self) -> int:
        """Bytes that the process holds resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    async def send(self, *parts: bytes, pause: float = 0.0, wait: float = 8.0) -> Answered:
        """Send the parts and read until the other end closes, `wait` seconds at most."""
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        content, closed = bytearray(), False
        sending = asyncio.create_task(_send(writer, parts, pause))
        try:
            async with asyncio.timeout(wait):
                while chunk := await reader.read(65_536):
                    content += chunk
                closed = True
        except TimeoutError:
            pass
        except ConnectionError:
            closed = True
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
        statuses = [int(status) for status in _STATUS.findall(content) if status != b"100"]
        return Answered(statuses, bytes(content), closed, time.monotonic() - began)

    async def is_well(self) -> dict[str, object]:
        """Answers what the service says to an ordinary request."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.get("/orders/v1/orders")
        assert answer.status_code == 200, answer.text
        assert self.reached()[-1] == "GET /orders/v1/orders 0"
        said: dict[str, object] = answer.json()
        return said


async def _send(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], pause: float) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Served]:
    """A gateway in a process of its own."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "orders.v1.yaml").write_text(yaml.safe_dump(CONTRACT), "utf-8")
    (folder / "routes.yaml").write_text(yaml.safe_dump(ROUTES), "utf-8")
    port = free_port()
    with subprocess.Popen([sys.executable, SERVED, folder, str(port)]) as process:
        try:
            _until_live(process, port)
            yield Served(process, port, folder)
        finally:
            process.kill()


def _until_live(process: "subprocess.Popen[bytes]", port: int) -> None:
    ends = time.monotonic() + 40
    while time.monotonic() < ends:
        assert process.poll() is None, "the gateway ended while it started"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the gateway did not answer")
