"""The gateway put together: API products from their routes, through their policies, beside the catalog."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from litestar.types import ControllerRouterHandler

from gateway import catalog, pipeline, routes
from gateway.asgi import Api, Built, Gateway
from gateway.forward import NAME, forward
from policies.base import GatewayResources, PolicyResources
from tollway.contracts import published
from tollway.http.services import Services
from tollway.oauth.resource_server import ResourceServer
from tollway.service import DEGRADED, create_service
from tollway.settings import GatewaySettings

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.shared_rates import SharedRates
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
) -> Gateway:
    """The gateway over `services`; raises StartupError when routes, contracts and policies do not fit together.

    `contracts` is the folder of published documents, `oauth` whose tokens are taken,
    `handlers` what is served beside the catalog, such as the development issuer's endpoints, `shared_rates` where
    limits are counted for all gateways, `database` where answers and the audit are kept.
    """
    shared = GatewayResources(oauth=oauth, clock=clock, shared_rates=shared_rates, database=database)

    async def ready() -> dict[str, str]:
        states = await oauth.ready()
        if shared_rates:
            states["redis"] = await shared_rates.ready()
        if database and (state := await database.ready()):
            states["database"] = state if state == "ok" else DEGRADED + state  # reading goes on without it
        return states

    def build() -> Built:
        apis = [_api(product, services, contracts, shared) for product in routes.load(routes_file)]
        pages = catalog.handlers([(api.entry, api.contract) for api in apis])
        others = create_service(NAME, [*pages, *handlers], identity=None, ready=ready)
        return Built({api.entry.prefix: api for api in apis}, others)

    return Gateway(build, routes_file)


def _api(product: routes.Product, services: Services, contracts: Path, shared: GatewayResources) -> Api:
    entry = product.entry
    contract = published.load(contracts, entry.contract)
    resources = PolicyResources(
        product=entry.name, service=entry.service, timeout=entry.timeout, contract=contract, gateway=shared
    )
    handler = pipeline.build(product, forward(services, entry.service, entry.timeout), resources)
    return Api(entry, contract, handler)
