"""A process that serves a gateway as in production, over a service that notes what reaches it; for probes by sockets.

Its arguments are the folder of `routes.yaml` and `orders.v1.yaml`, and the port. What reached the service is a line
each in `reached.txt`. Nothing asks for a token, so that whatever is read as a request gets through to the service.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvloop

from gateway.app import create_gateway
from gateway.http1 import server
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.oauth.resource_server import resource_server
from tollway.settings import GatewaySettings

HEADER_SECONDS = 2
"""Shorter than in production, so that a test can wait for it."""


def service(folder: Path) -> Any:
    """Notes every request, and answers with how many tasks the process has and what was left of the time."""
    reached = (folder / "reached.txt").open("ab", buffering=0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        if scope["path"].endswith("/changes"):
            await stream(receive, send)
            return
        reached.write(f"{scope['method']} {scope['path']} {len(message['body'])}\n".encode())
        headers = dict(scope["headers"])
        if b"x-sleep" in headers:
            await asyncio.sleep(float(headers[b"x-sleep"]))
        content = b'{"tasks": %d, "seconds": %s}' % (len(asyncio.all_tasks()), headers[b"tollway-timeout"])
        status = int(headers.get(b"x-status", b"200"))
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": content, "more_body": False})

    return app


async def stream(receive: Any, send: Any) -> None:
    """One event, and then nothing until the reader is gone."""
    head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
    await send(head)
    await send({"type": "http.response.body", "body": b"data: one\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def main(folder: Path, port: int) -> None:
    """Serve until the process ends."""
    settings = GatewaySettings(public_url="https://api.example.com")
    services = Services(Identity("k" * 40))
    services.host("orders", service(folder))
    gateway = create_gateway(
        services=services,
        settings=settings,
        contracts=folder,
        oauth=resource_server(settings, secret="k" * 40),
        routes_file=folder / "routes.yaml",
    )
    server.HEADER_SECONDS = HEADER_SECONDS
    async with server.serve(gateway, "127.0.0.1", port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
