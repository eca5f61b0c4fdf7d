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
from tollway.issuer_keys import Fetch, IssuerKeys, download
from tollway.service import create_service
from tollway.settings import GatewaySettings

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.shared_rates import SharedRates


def create_gateway(
    *,
    services: Services,
    settings: GatewaySettings,
    contracts: Path,
    issuer: str,
    fetch: Fetch = download,
    handlers: Sequence[ControllerRouterHandler] = (),
    routes_file: Path = routes.ROUTES,
    clock: Callable[[], float] = time,
    shared_rates: "SharedRates | None" = None,
) -> Gateway:
    """The gateway over `services`; raises StartupError when routes, contracts and policies do not fit together.

    `contracts` is the folder of published documents, `fetch` how the metadata and keys of `issuer` are had,
    `handlers` what is served beside the catalog, such as the development issuer's endpoints, `shared_rates` where
    limits are counted for all gateways.
    """
    keys = IssuerKeys(issuer, fetch, clock=clock)
    shared = GatewayResources(
        issuers={issuer: keys}, audience=settings.audience, clock=clock, shared_rates=shared_rates
    )

    async def ready() -> dict[str, str]:
        states = {"issuer": await keys.ready()}
        return states | {"redis": await shared_rates.ready()} if shared_rates else states

    def build() -> Built:
        apis = [_api(product, services, contracts, shared) for product in routes.load(routes_file)]
        pages = catalog.handlers([(api.entry, api.contract) for api in apis])
        others = create_service(NAME, [*pages, *handlers], identity=None, ready=ready)
        return Built({api.entry.prefix: api for api in apis}, others)

    return Gateway(build)


def _api(product: routes.Product, services: Services, contracts: Path, shared: GatewayResources) -> Api:
    entry = product.entry
    contract = published.load(contracts, entry.contract)
    resources = PolicyResources(
        product=entry.name, service=entry.service, timeout=entry.timeout, contract=contract, gateway=shared
    )
    handler = pipeline.build(product, forward(services, entry.service, entry.timeout), resources)
    return Api(entry, contract, handler)
