"""A gateway over one small service of our own, with its generated contract and tokens of the development issuer."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import pytest
import yaml
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from litestar.types import ASGIApp

from gateway.app import create_gateway
from tollway import context
from tollway.canonical.record import Identifier, Record
from tollway.contracts.document import as_yaml, document
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.issuer import ClientRegistration, Issuer, client_secret, create_issuer
from tollway.limits.connection import SharedRates
from tollway.oauth.resource_server import resource_server
from tollway.problems import NotFound
from tollway.service import create_service
from tollway.settings import GatewaySettings
from tollway.telemetry.telemetry import Telemetry

ISSUER = "http://127.0.0.1:8080"
CLIENTS = (
    ClientRegistration(id="demo-sales", scopes=["sales:read"]),
    ClientRegistration(id="demo-writer", scopes=["sales:read", "sales:write"]),
)


class Line(Record):
    """A line of a quote."""

    product: Identifier
    quantity: Annotated[int, msgspec.Meta(ge=1)]


class Quote(Record):
    """A quote."""

    id: Identifier
    lines: list[Line]
    note: str | None = None


class Seen(Record):
    """What the service saw of a request."""

    headers: dict[str, str]
    subject: str
    correlation_id: str
    traceparent: str
    seconds_left: float


@get("/sales/v1/quotes/{quote_id:str}", operation_id="getQuote", opt={"scope": "sales:read"})
async def get_quote(quote_id: Identifier) -> Quote:
    """A quote."""
    if quote_id == "missing":
        raise NotFound("There is no quote missing.")
    return Quote(id=quote_id, lines=[])


@get("/sales/v1/quotes", operation_id="listQuotes", opt={"scope": "sales:read"})
async def list_quotes(page: Annotated[int, msgspec.Meta(ge=1)] = 1) -> list[Quote]:
    """Quotes, by page."""
    return [Quote(id=f"Q{page}", lines=[])]


@post("/sales/v1/quotes", operation_id="createQuote", opt={"scope": "sales:write"})
async def create_quote(data: Quote) -> Quote:
    """Create a quote."""
    return data


@get(
    "/sales/v1/seen",
    operation_id="see",
    opt={"scope": "sales:read"},
    response_headers={"correlation-id": "the service's own", "tollway-inner": "1"},
)
async def see(request: Any, x_note: Annotated[str, HeaderParameter(name="x-note")] = "") -> Seen:
    """What the service sees."""
    ids = context.current()
    return Seen(
        headers=dict(request.headers),
        subject=ids.subject,
        correlation_id=ids.correlation_id,
        traceparent=ids.traceparent,
        seconds_left=ids.remaining(3600),
    )


@get(
    "/sales/v1/tariff",
    operation_id="getTariff",
    opt={"scope": "sales:read"},
    response_headers={
        "cache-control": "max-age=60",
        "link": '</sales/v1/quotes>; rel="next"',
        "x-frame-options": "ALLOW",
    },
)
async def get_tariff() -> list[Quote]:
    """What caches may keep."""
    return []


HANDLERS: tuple[HTTPRouteHandler, ...] = (get_quote, list_quotes, create_quote, see, get_tariff)
ROUTES = {
    "products": [
        {
            "name": "sales",
            "prefix": "/sales/v1",
            "service": "sales",
            "contract": "sales.v1.yaml",
            "timeout": 20,
            "policies": [
                {"correlation": {}},
                {"authenticate": {}},
                {"rate_limit": {"limits": "50/minute"}},
                {"scopes": None},
                {"request_contract": {"max_body_bytes": 1000}},
                {"security_headers": {}},
            ],
        }
    ]
}


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A folder with the service's published contract and the routes."""
    contract = document("Sales", "1.0.0", HANDLERS, "What sales asks.")
    (tmp_path / "sales.v1.yaml").write_text(as_yaml(contract), "utf-8")
    (tmp_path / "routes.yaml").write_text(yaml.safe_dump(ROUTES), "utf-8")
    return tmp_path


@pytest.fixture
def identity() -> Identity:
    """The key that all services share."""
    return Identity("k" * 40)


@pytest.fixture
def service(identity: Identity) -> ASGIApp:
    """The service behind the gateway."""
    return create_service("sales", HANDLERS, identity=identity)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    """The development issuer."""
    return create_issuer(tmp_path / "state", ISSUER, "tollway", CLIENTS)


@pytest.fixture
def make_gateway(contracts: Path, issuer: Issuer) -> Callable[..., ASGIApp]:
    """Makes a gateway over services."""

    def make(
        services: Services, shared_rates: SharedRates | None = None, telemetry: Telemetry | None = None
    ) -> ASGIApp:
        return create_gateway(
            services=services,
            settings=GatewaySettings(),
            contracts=contracts,
            oauth=resource_server(
                GatewaySettings(),
                secret="k" * 40,
                local={issuer.url: issuer.fetch},
                revocations=issuer.revocations,
            ),
            handlers=issuer.handlers,
            routes_file=contracts / "routes.yaml",
            shared_rates=shared_rates,
            telemetry=telemetry,
        )

    return make


@pytest.fixture
def gateway(make_gateway: Callable[..., ASGIApp], identity: Identity, service: ASGIApp) -> ASGIApp:
    """A gateway with the service in the same process."""
    services = Services(identity)
    services.host("sales", service)
    gateway = make_gateway(services)
    services.check()
    return gateway


@pytest.fixture
async def anonymous(gateway: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url=ISSUER) as client:
        yield client


@pytest.fixture
async def token(anonymous: httpx.AsyncClient, tmp_path: Path) -> str:
    """A token that may only read."""
    return await _token(anonymous, tmp_path, "demo-sales")


@pytest.fixture
async def reader(gateway: ASGIApp, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may read."""
    async with _client(gateway, token) as client:
        yield client


@pytest.fixture
async def writer(gateway: ASGIApp, anonymous: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may read and write."""
    async with _client(gateway, await _token(anonymous, tmp_path, "demo-writer")) as client:
        yield client


def _client(gateway: ASGIApp, token: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url=ISSUER, headers=headers)


async def _token(client: httpx.AsyncClient, folder: Path, client_id: str) -> str:
    secret = client_secret(folder / "state", client_id)
    answer = await client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token
