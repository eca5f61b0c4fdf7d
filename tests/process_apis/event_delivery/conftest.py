"""The events product behind a gateway, over its experience and its process service, and clients of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml

import experience_apis.events.api
import process_apis.event_delivery.api
from gateway.app import create_gateway
from gateway.routes import ROUTES
from process_apis.event_delivery.service import EventDelivery
from tollway.canonical.event import ProcessFinished
from tollway.canonical.event_facts import ProcessFacts
from tollway.canonical.subscription import Channel
from tollway.cli.catalogue import CONTRACTS
from tollway.events.failures import Failures
from tollway.events.feed import Feed
from tollway.events.log import EventLog, Happening
from tollway.events.readers import Readers
from tollway.events.signing import Seal
from tollway.events.subscriptions import Subscriptions
from tollway.http.outside import Outside
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.issuer import ClientRegistration, client_secret, create_issuer
from tollway.oauth.resource_server import resource_server
from tollway.remotes.events import RemoteEvents
from tollway.sandboxes.server import serve
from tollway.service import create_service
from tollway.settings import GatewaySettings

CLIENTS = tuple(
    ClientRegistration(id=name, scopes=[f"events:{right}" for right in rights])
    for name, rights in {"partner": ("read", "write"), "rival": ("read", "write"), "reader": ("read",)}.items()
)


@pytest.fixture
def log(database) -> EventLog:
    """An empty log."""
    return EventLog(database)


@pytest.fixture
async def gateway_url(tmp_path: Path, database, log) -> AsyncIterator[str]:
    """A gateway with the events product alone, over its experience and its process service."""
    identity, outside = Identity("k" * 40), Outside()
    services = Services(identity)
    subscriptions = Subscriptions(database, Seal(identity.derived("event subscriptions")))
    channels = [Channel.WEBHOOK, Channel.SERVER_SENT_EVENTS]
    port = EventDelivery(log, subscriptions, Readers(database), Failures(database), outside, channels)
    handlers = process_apis.event_delivery.api.HANDLERS
    services.host(
        "event-delivery", create_service("event-delivery", handlers, identity=identity, dependencies={"events": port})
    )
    remote = RemoteEvents(services.client("events", "event-delivery"))
    given = {"events": remote, "feed": Feed(remote, 3.0)}
    services.host(
        "events", create_service("events", experience_apis.events.api.HANDLERS, identity=identity, dependencies=given)
    )
    routes = msgspec.yaml.decode(ROUTES.read_text("utf-8"))
    routes["products"] = [product for product in routes["products"] if product["name"] == "events"]
    routes["clients"] = {}
    (tmp_path / "routes.yaml").write_text(yaml.safe_dump(routes), "utf-8")
    issuer = create_issuer(tmp_path, "http://127.0.0.1:8080", "tollway", CLIENTS)
    oauth = resource_server(
        GatewaySettings(), secret="k" * 40, local={issuer.url: issuer.fetch}, revocations=issuer.revocations
    )
    gateway = create_gateway(
        services=services, settings=GatewaySettings(), contracts=CONTRACTS, oauth=oauth, handlers=issuer.handlers,
        routes_file=tmp_path / "routes.yaml", database=database,
    )  # fmt: skip
    async with serve(gateway) as address:
        yield address.url
    await outside.close()


@pytest.fixture
async def client(gateway_url, tmp_path):
    """Makes callers with a token."""
    made = []

    async def make(name: str) -> httpx.AsyncClient:
        async with httpx.AsyncClient(base_url=gateway_url) as http:
            auth = (name, client_secret(tmp_path, name))
            answer = await http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=auth)
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        made.append(httpx.AsyncClient(base_url=gateway_url, headers=headers))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def tell(log: EventLog):
    """Tells that processes with these ids went through."""

    async def write(*keys: str) -> None:
        for key in keys:
            facts = ProcessFacts(process="collections", process_id=key, subject="P-1")
            await log.tell(Happening(kind=ProcessFinished, key=key, subject="P-1", data=facts))

    return write
