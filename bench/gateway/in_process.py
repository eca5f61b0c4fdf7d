"""Drives an ASGI application without a server: what a request costs by itself."""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar.types import ASGIApp, Receive, Send

from bench.gateway.invoices import BODY, INVOICE, INVOICES

_TURN = 16


class Call(msgspec.Struct, frozen=True):
    """A request to send."""

    method: str
    path: str
    body: bytes = b""


GET = Call("GET", f"{INVOICES}/{INVOICE.id}")
POST = Call("POST", INVOICES, BODY)


class Caller:
    """Sends calls to an application, round robin over them and over headers, and sees that each succeeds.

    Each turn of the headers begins one call later, so that in time every caller sends every call.
    """

    def __init__(self, app: ASGIApp, headers: Sequence[Mapping[str, str]], calls: Sequence[Call] = (GET,)) -> None:
        self._app = app
        self._headers = [[(name.encode(), value.encode()) for name, value in one.items()] for one in headers]
        self._calls = [(call, [(b"host", b"127.0.0.1"), *_about(call.body)]) for call in calls]
        self._sent = 0
        self._statuses: set[int] = set()

    async def cost(self, requests: int, at_once: int = 1) -> float:
        """Processor µs per request, of as many at once as connections of a server would send."""
        began = time.process_time()
        await asyncio.gather(*(self._several(requests // at_once) for _ in range(at_once)))
        used = time.process_time() - began
        if not self._statuses <= {200, 201}:
            raise RuntimeError(f"In process, requests were answered {sorted(self._statuses)}.")
        return used / requests * 1e6

    async def _several(self, requests: int) -> None:
        for number in range(requests):
            await self._one()
            if number % _TURN == 0:  # what waits for its turn, as the renewal of a lease, gets it in a server, too
                await asyncio.sleep(0)

    async def _one(self) -> None:
        turn, place = divmod(self._sent, len(self._headers))
        call, about = self._calls[(place + turn) % len(self._calls)]
        headers = self._headers[place]
        self._sent += 1
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
            "method": call.method, "path": call.path, "raw_path": call.path.encode(), "query_string": b"",
            "root_path": "", "headers": [*about, *headers], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            "state": {}, "extensions": {},
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": call.body, "more_body": False}

        receiving: Receive = receive  # type: ignore[assignment]  # the messages are plain dictionaries
        sending: Send = self._send  # type: ignore[assignment]
        await self._app(scope, receiving, sending)

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._statuses.add(message["status"])


def settle() -> None:
    """Keep what lives on out of the garbage collector's way, as the server's workers do once they are open."""
    gc.collect()
    gc.freeze()


def _about(body: bytes) -> list[tuple[bytes, bytes]]:
    if not body:
        return []
    return [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
