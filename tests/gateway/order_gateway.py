"""A gateway of its own process, before a service that notes every call; run by test_idempotency_processes.py."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from litestar import post
from litestar.handlers import HTTPRouteHandler

from gateway.app import create_gateway
from tollway.canonical.record import Identifier, Record
from tollway.contracts.document import as_yaml, document
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.issuer import ClientRegistration, create_issuer
from tollway.oauth.resource_server import resource_server
from tollway.sandboxes import serve
from tollway.service import create_service
from tollway.settings import GatewaySettings
from tollway.storage import open_database

ISSUER = "http://127.0.0.1:8080"
CLIENTS = (ClientRegistration(id="shop", scopes=["sales:write"]),)
KEY = "k" * 40
POLICIES = [
    {"correlation": {}},
    {"authenticate": {}},
    {"scopes": {}},
    {"audit": {}},
    {"idempotency": {"lease": 2}},
    {"request_contract": {}},
]
PRODUCT = {
    "name": "sales",
    "prefix": "/sales/v1",
    "service": "sales",
    "contract": "sales.v1.yaml",
    "policies": POLICIES,
}


class Order(Record):
    """An order."""

    id: Identifier


class Made(Record):
    """An order as it was made."""

    id: Identifier
    by: int
    """The process that made it."""


def handler(called: Callable[[str], None], held: Callable[[], bool]) -> HTTPRouteHandler:
    """Makes orders, and takes as long as it is held."""

    @post("/sales/v1/orders", operation_id="createOrder", opt={"scope": "sales:write"})
    async def create_order(data: Order) -> Made:
        """Make an order."""
        called(data.id)
        while held():  # noqa: ASYNC110 - a file tells processes, an event would not
            await asyncio.sleep(0.02)
        return Made(id=data.id, by=os.getpid())

    return create_order


async def run(folder: Path, storage_url: str) -> None:
    """Serve until somebody ends the process; the first line of the output is the address."""
    calls = os.open(folder / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    make_order = handler(lambda order: os.write(calls, f"{order}\n".encode()), (folder / "hold").exists)
    mine = folder / str(os.getpid())
    mine.mkdir()
    (mine / "sales.v1.yaml").write_text(as_yaml(document("Sales", "1.0.0", [make_order])), "utf-8")
    (mine / "routes.yaml").write_text(yaml.safe_dump({"products": [PRODUCT]}), "utf-8")
    services = Services(Identity(KEY))
    services.host("sales", create_service("sales", [make_order], identity=services.identity))
    issuer = create_issuer(folder / "state", ISSUER, "tollway", CLIENTS)
    gateway = create_gateway(
        services=services,
        settings=GatewaySettings(),
        contracts=mine,
        oauth=resource_server(GatewaySettings(), secret=KEY, local={issuer.url: issuer.fetch}),
        handlers=issuer.handlers,
        routes_file=mine / "routes.yaml",
        database=await open_database(mine, storage_url),
    )
    async with serve(gateway) as address:
        sys.stdout.write(f"{address.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
