"""Every service on a socket of its own, and a gateway without rate limits, over sandboxes: one for all contracts."""

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml

from gateway.app import create_gateway
from gateway.routes import ROUTES
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.canonical.case import OwnerRole
from tollway.cases.actors import PREFIX
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES, of_layer
from tollway.cli.demo.deals import DEALS, DemoDeal
from tollway.cli.demo.people import People
from tollway.cli.installation import installation
from tollway.cli.sandboxes import sandboxes
from tollway.identity import HEADER, Identity
from tollway.issuer import ClientRegistration, client_secret, create_issuer
from tollway.oauth.resource_server import resource_server
from tollway.sandboxes import serve
from tollway.settings import Settings, load
from tollway.storage import open_database

CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
RIGHTS = ("read", "write")
EVERYTHING = ClientRegistration(
    id="everything",
    scopes=[f"{api}:{one}" for api in of_layer("experience") for one in RIGHTS] + ["operations:operations_lead"],
)


class Served(msgspec.Struct):
    """Where everything answers, and how to be let in."""

    urls: dict[str, str]
    """By service; experience services are behind the gateway."""
    identity: Identity
    token: str
    settings: Settings

    def url(self, name: str) -> str:
        """Where the service's contract is kept."""
        return self.urls[GATEWAY if SERVICES[name].layer == "experience" else name]

    def headers(self, name: str) -> dict[str, str]:
        """What lets a caller in."""
        if SERVICES[name].layer == "experience":
            return {"authorization": f"Bearer {self.token}"}
        return {HEADER.decode(): self.identity.sign("finance", name, "tests", LEAD).decode()}


LEAD = frozenset({f"{PREFIX}{OwnerRole.OPERATIONS_LEAD}"})
"""The scope of somebody who may act on every desk."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, make_variables: Callable[..., dict[str, str]]) -> Iterator[Served]:
    """Everything, in a thread of its own, until the file's tests end: a process has one engine at a time."""
    settings = load(CONFIGURATION, make_variables(tmp_path_factory.mktemp("contracts")))
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[Served] = []

    async def run() -> None:
        try:
            async with _everything(settings) as everything:
                made.append(everything)
                ready.set()
                await stop.wait()
        finally:
            ready.set()

    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(loop.run_until_complete, run())
        ready.wait(60)
        if not made:
            ended.result(60)
        yield made[0]
        loop.call_soon_threadsafe(stop.set)
        ended.result(60)


@pytest.fixture(scope="module")
def known(served: Served) -> dict[str, str]:
    """Values of path parameters that name something: a deal with its project, and one whose onboarding is parked."""
    return asyncio.run(_known(served))


async def _known(served: Served) -> dict[str, str]:
    connection = served.settings.crm.connection
    org = OrgClient(read_settings(connection, served.settings.connections[connection]))
    people = People(org, dt.datetime.now(dt.UTC).date())
    complete = next(deal for deal in DEALS if deal.tax_registration)
    incomplete = next(deal for deal in DEALS if not deal.tax_registration)
    async with httpx.AsyncClient(base_url=served.urls[GATEWAY], headers=served.headers("sales"), timeout=60) as http:
        deal_id, process_id = await _won(people, http, complete)
        await _won(people, http, incomplete)
        async with asyncio.timeout(180):
            overview, cases = {"stage": ""}, []
            while overview["stage"] != "active" or not cases:
                await asyncio.sleep(0.2)
                overview = (await http.get(f"/sales/v1/deals/{deal_id}")).raise_for_status().json()
                cases = (await http.get("/operations/v1/cases")).raise_for_status().json()
    await org.close()
    return {
        "deal_id": deal_id,
        "number": overview["project_number"],
        "project_number": overview["project_number"],
        "process_id": process_id,
        "case_id": cases[0]["id"],
        "legal_entity": complete.legal_entity,
    }


async def _won(people: People, http: httpx.AsyncClient, deal: DemoDeal) -> tuple[str, str]:
    """The ids of a deal that was won and of the process that onboards it."""
    deal_id = await people.open_deal(deal)
    await people.close_won(deal_id)
    event = {
        "event_id": f"EVENT-{deal_id}",
        "opportunity_id": deal_id,
        "stage": "Closed Won",
        "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
        "organization_id": "00D000000000001EAA",
    }
    answer = await http.post("/inbound/v1/salesforce/opportunity-closed-won", json=event)
    return deal_id, answer.raise_for_status().json()["process_id"]


@asynccontextmanager
async def _everything(settings: Settings) -> AsyncIterator[Served]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sandboxes(settings.sandboxes, settings.folder, {}))
        made = await stack.enter_async_context(installation(settings, SERVICES, "contracts", embedded=True))
        url = f"http://127.0.0.1:{settings.gateway.port}"
        issuer = create_issuer(settings.folder, url, settings.gateway.audience, (EVERYTHING,))
        database = await open_database(settings.folder, settings.storage.url)
        stack.push_async_callback(database.close)
        gateway = create_gateway(
            services=made.services,
            settings=settings.gateway,
            contracts=CONTRACTS,
            oauth=resource_server(settings.gateway, secret="k" * 40, local={issuer.url: issuer.fetch}),
            handlers=issuer.handlers,
            database=database,
            routes_file=_without_limits(settings.folder),
        )
        await stack.enter_async_context(serve(gateway, port=settings.gateway.port))
        urls = {GATEWAY: url}
        for name in (*of_layer("system"), *of_layer("process")):
            urls[name] = (await stack.enter_async_context(serve(made.apps[name]))).url
        async with httpx.AsyncClient() as http:
            form, secret = {"grant_type": "client_credentials"}, client_secret(settings.folder, EVERYTHING.id)
            answer = await http.post(f"{url}/oauth2/token", data=form, auth=(EVERYTHING.id, secret))
        yield Served(urls, made.services.identity, answer.raise_for_status().json()["access_token"], settings)


def _without_limits(folder: Path) -> Path:
    """The gateway's routes, to be called more often than any plan allows."""
    routes = msgspec.yaml.decode(ROUTES.read_text("utf-8"))
    for product in routes["products"]:
        limits = {"rate_limit", "concurrency", "load_shedding"}
        product["policies"] = [policy for policy in product["policies"] if not limits & policy.keys()]
    path = folder / "routes.yaml"
    path.write_text(yaml.safe_dump(routes), "utf-8")
    return path
