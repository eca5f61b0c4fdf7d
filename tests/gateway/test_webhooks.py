"""Webhooks through the gateway: signed by platforms, stored before they are answered, and taken."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml
from sqlalchemy import select

from gateway.app import create_gateway
from gateway.routes import ROUTES
from process_apis.ingress.service import NoticeIngress
from tollway.canonical.notice import NoticeStatus
from tollway.cases import Cases
from tollway.cli.catalogue import CONTRACTS, SERVICES
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.ingress.drainer import Drainer
from tollway.ingress.inbox import Inbox
from tollway.ingress.settings import WebhookSettings
from tollway.ingress.webhooks import Webhooks
from tollway.oauth.resource_server import resource_server
from tollway.remotes.ingress import RemoteIngress
from tollway.service import create_service
from tollway.settings import GatewaySettings
from tollway.storage.tables import audit

SECRET = "whsec_test_secret"
PATH = "/webhooks/v1/billing"


def event(number: int, subject: str = "in_1") -> bytes:
    """A Stripe event."""
    data = {"object": {"id": subject}}
    return msgspec.json.encode({"id": f"evt_{number}", "type": "invoice.paid", "created": 1690000000, "data": data})


def signed(body: bytes, *, secret: str = SECRET) -> dict[str, str]:
    """The headers of a call that Stripe makes now."""
    now = int(time.time())
    mac = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json; charset=utf-8", "stripe-signature": f"t={now},v1={mac}"}


@pytest.fixture
def inbox(database) -> Inbox:
    """Where notices are stored."""
    return Inbox(database)


@pytest.fixture
async def gateway(tmp_path: Path, database, inbox) -> AsyncIterator[httpx.AsyncClient]:
    """The shipped product over the shipped services, called without a token."""
    identity = Identity("k" * 40)
    services = Services(identity)
    kept = NoticeIngress(inbox, Cases(database))
    ingress = create_service("ingress", SERVICES["ingress"].handlers, identity=identity, dependencies={"ingress": kept})
    services.host("ingress", ingress)
    ports = {
        "ingress": RemoteIngress(services.client("webhooks", "ingress")),
        "webhooks": Webhooks({"billing": WebhookSettings(scheme="stripe", secret=SECRET)}, ""),
    }
    webhooks = create_service("webhooks", SERVICES["webhooks"].handlers, identity=identity, dependencies=ports)
    services.host("webhooks", webhooks)
    shipped = msgspec.yaml.decode(ROUTES.read_text("utf-8"))
    products = [product for product in shipped["products"] if product["name"] == "webhooks"]
    routes_file = tmp_path / "routes.yaml"
    routes_file.write_text(yaml.safe_dump(shipped | {"products": products}), "utf-8")
    app = create_gateway(
        services=services,
        settings=GatewaySettings(),
        contracts=CONTRACTS,
        oauth=resource_server(GatewaySettings(), secret="k" * 40),
        routes_file=routes_file,
        database=database,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def test_a_signed_call_is_stored_and_answered(gateway, inbox, database):
    """A call without any token is taken by its signature, kept to the last byte, once, and audited."""
    body = event(1) + b" \n"
    first, again = [await gateway.post(PATH, content=body, headers=signed(body)) for _ in range(2)]
    assert (first.status_code, first.json()) == (202, {"notices": 1, "new": 1})
    assert (again.status_code, again.json()) == (202, {"notices": 1, "new": 0})
    (kept,) = await inbox.list()
    assert (kept.source, kept.event_id, kept.subject) == ("webhook:billing", "evt_1", "in_1")
    assert kept.correlation_id == first.headers["correlation-id"]
    async with database.transaction() as connection:
        rows = (await connection.execute(select(audit.c.product, audit.c.operation, audit.c.status))).all()
    assert [tuple(row) for row in rows] == [("webhooks", "receiveWebhook", 202)] * 2


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (PATH, signed(event(2)), 401),
        (PATH, signed(event(1), secret="whsec_other_one"), 401),
        (PATH, {"content-type": "application/json"}, 401),
        ("/webhooks/v1/unknown", signed(event(1)), 401),
        ("/webhooks/v1/-bad-", signed(event(1)), 422),
        (PATH, signed(event(1)) | {"content-type": "text/plain"}, 415),
    ],
)
async def test_what_is_not_signed_is_not_stored(gateway, inbox, path, headers, status):
    """A problem document says that it is refused, and nothing is kept."""
    answer = await gateway.post(path, content=event(1), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await inbox.list() == []


async def test_a_body_beyond_the_limit_is_refused(gateway):
    """What is larger than any platform sends is not even looked at."""
    body = event(1) + b" " * 500_000
    assert (await gateway.post(PATH, content=body, headers=signed(body))).status_code == 413


async def test_what_nobody_acts_on_is_listed(gateway, inbox, database):
    """Until there is an adapter that acts on it, a webhook's notice is kept as unhandled."""
    drainer = Drainer("test", inbox, database, Cases(database), ["stripe"], {})
    await drainer.start()
    for number in range(3):
        await gateway.post(PATH, content=event(number), headers=signed(event(number)))
    async with asyncio.timeout(10):
        while len(await inbox.list(NoticeStatus.UNHANDLED)) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await drainer.stop()
