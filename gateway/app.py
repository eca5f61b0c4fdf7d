"""The gateway put together: API products from their routes, through their policies, beside the catalog."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from litestar.types import ControllerRouterHandler

from gateway import catalog, products, resource_metadata, routes
from gateway.asgi import Built, Gateway
from gateway.forward import NAME
from gateway.listing import listed
from gateway.unrouted import Unrouted
from policies import security_headers
from policies.base import GatewayResources
from tollway.contracts import published
from tollway.http.services import Services
from tollway.oauth.resource_server import ResourceServer
from tollway.service import DEGRADED, create_service
from tollway.settings import GatewaySettings
from tollway.telemetry.telemetry import Telemetry

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.limits.connection import SharedRates
    from tollway.storage import Database


def create_gateway(
    *,
    services: Services,
    settings: GatewaySettings,
    contracts: Path,
    oauth: ResourceServer,
    handlers: Sequence[ControllerRouterHandler] = (),
    routes_file: Path = routes.ROUTES,
    clock: Callable[[], float] = time,
    shared_rates: "SharedRates | None" = None,
    database: "Database | None" = None,
    telemetry: Telemetry | None = None,
) -> Gateway:
    """The gateway over `services`; raises StartupError when routes, contracts and policies do not fit together.

    `contracts` is the folder of published documents, `oauth` whose tokens are taken,
    `handlers` what is served beside the catalog, such as the development issuer's endpoints, `shared_rates` where
    limits are counted for all gateways, `database` where answers and the audit are kept, `telemetry` by what the
    gateway can be watched.
    """
    telemetry = telemetry or Telemetry()
    shared = GatewayResources(
        oauth=oauth, clock=clock, shared_rates=shared_rates, database=database, telemetry=telemetry
    )

    def build() -> Built:
        loaded = routes.load(routes_file)
        apis, when_taken = products.build(loaded, services, contracts, shared)
        pages = catalog.handlers(listed(loaded, apis), settings.public_url, published.others(contracts))
        pages += resource_metadata.handlers([(api.entry, api.contract) for api in apis], oauth)
        others = create_service(NAME, [*pages, *handlers], identity=None, ready=partial(_ready, shared))
        return Built({api.entry.prefix: api for api in apis}, others, when_taken)

    added = security_headers.fields(oauth.url)
    return Gateway(build, routes_file, added, unrouted=Unrouted(telemetry), terminators=oauth.terminators)


async def _ready(shared: GatewayResources) -> dict[str, str]:
    states = await shared.oauth.ready()
    if shared.shared_rates:
        states["redis"] = await shared.shared_rates.ready()
    if shared.database:
        state = await shared.database.ready()
        states["database"] = state if state == "ok" else DEGRADED + state  # reading goes on without it
    return states
