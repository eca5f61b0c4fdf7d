"""Every service on a socket of its own, and a gateway without rate limits, over sandboxes: one for all contracts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import yaml

from gateway.app import create_gateway
from gateway.routes import ROUTES
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES, of_layer
from tollway.cli.installation import installation
from tollway.cli.sandboxes import sandboxes
from tollway.identity import HEADER, Identity
from tollway.issuer import ClientRegistration, client_secret, create_issuer
from tollway.sandboxes import serve
from tollway.settings import Settings, load

CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
RIGHTS = ("read", "write")
EVERYTHING = ClientRegistration(
    id="everything", scopes=[f"{api}:{one}" for api in of_layer("experience") for one in RIGHTS]
)


class Served(msgspec.Struct):
    """Where everything answers, and how to be let in."""

    urls: dict[str, str]
    """By service; experience services are behind the gateway."""
    identity: Identity
    token: str

    def url(self, name: str) -> str:
        """Where the service's contract is kept."""
        return self.urls[GATEWAY if SERVICES[name].layer == "experience" else name]

    def headers(self, name: str) -> dict[str, str]:
        """What lets a caller in."""
        if SERVICES[name].layer == "experience":
            return {"authorization": f"Bearer {self.token}"}
        return {HEADER: self.identity.sign("finance", name)}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, make_variables: Callable[..., dict[str, str]]) -> Iterator[Served]:
    """Everything, in a thread of its own, until the tests end."""
    settings = load(CONFIGURATION, make_variables(tmp_path_factory.mktemp("contracts")))
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    made: list[Served] = []

    async def run() -> None:
        async with _everything(settings) as everything:
            made.append(everything)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(30)
    yield made[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()


@asynccontextmanager
async def _everything(settings: Settings) -> AsyncIterator[Served]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sandboxes(settings.sandboxes, settings.folder, {}))
        made = await stack.enter_async_context(installation(settings, SERVICES, "contracts", embedded=True))
        url = f"http://127.0.0.1:{settings.gateway.port}"
        issuer = create_issuer(settings.folder, url, settings.gateway.audience, (EVERYTHING,))
        gateway = create_gateway(
            services=made.services,
            settings=settings.gateway,
            contracts=CONTRACTS,
            issuer=issuer.url,
            fetch=issuer.fetch,
            handlers=issuer.handlers,
            routes_file=_without_limits(settings.folder),
        )
        await stack.enter_async_context(serve(gateway, port=settings.gateway.port))
        urls = {GATEWAY: url}
        for name in (*of_layer("system"), *of_layer("process")):
            urls[name] = (await stack.enter_async_context(serve(made.apps[name]))).url
        async with httpx.AsyncClient() as http:
            form, secret = {"grant_type": "client_credentials"}, client_secret(settings.folder, EVERYTHING.id)
            answer = await http.post(f"{url}/oauth2/token", data=form, auth=(EVERYTHING.id, secret))
        yield Served(urls, made.services.identity, answer.raise_for_status().json()["access_token"])


def _without_limits(folder: Path) -> Path:
    """The gateway's routes, to be called more often than any plan allows."""
    routes = yaml.safe_load(ROUTES.read_text("utf-8"))
    for product in routes["products"]:
        product["policies"] = [policy for policy in product["policies"] if "rate_limit" not in policy]
    path = folder / "routes.yaml"
    path.write_text(yaml.safe_dump(routes), "utf-8")
    return path
