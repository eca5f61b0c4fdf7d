"""The gateway put together: API products from their routes, through their policies, beside the catalog."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

import msgspec
from litestar.types import ControllerRouterHandler

from gateway import catalog, pipeline, routes
from gateway.asgi import Api, Built, Gateway
from gateway.docs import Product
from gateway.forward import NAME, forward
from policies.base import GatewayResources, PolicyResources
from policies.lifecycle import Lifecycle
from tollway.contracts import published
from tollway.http.services import Services
from tollway.oauth.resource_server import ResourceServer
from tollway.service import DEGRADED, create_service
from tollway.settings import GatewaySettings

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
        if database:
            state = await database.ready()
            states["database"] = state if state == "ok" else DEGRADED + state  # reading goes on without it
        return states

    def build() -> Built:
        products = routes.load(routes_file)
        apis = [_api(product, services, contracts, shared) for product in products]
        listed = [_listed(product, api.contract) for product, api in zip(products, apis, strict=True)]
        pages = catalog.handlers(listed, settings.public_url)
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


def _listed(product: routes.Product, contract: published.Contract) -> Product:
    """The product as the catalog tells of it."""
    entry = product.entry
    listed = Product(name=entry.name, prefix=entry.prefix, owner=entry.owner, document=contract.document)
    for policy in product.policies:
        if isinstance(policy, Lifecycle):
            listed = msgspec.structs.replace(
                listed,
                deprecated_on=policy.deprecated_on,
                sunset_on=policy.sunset_on,
                successor=policy.successor,
            )
    return listed
