"""The gateway put together: API products from their routes, through their policies, beside the catalog."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

import msgspec
from litestar.types import ControllerRouterHandler

from gateway import catalog, products, resource_metadata, routes
from gateway.asgi import Built, Gateway
from gateway.docs import Product, plan_words
from gateway.forward import NAME
from policies import security_headers
from policies.base import GatewayResources
from policies.lifecycle import Lifecycle
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
    shared = GatewayResources(
        oauth=oauth, clock=clock, shared_rates=shared_rates, database=database, telemetry=telemetry or Telemetry()
    )

    def build() -> Built:
        loaded = routes.load(routes_file)
        apis = products.build(loaded, services, contracts, shared)
        listed = [_listed(product, api.contract) for product, api in zip(loaded, apis, strict=True)]
        pages = catalog.handlers(listed, settings.public_url)
        pages += resource_metadata.handlers([(api.entry, api.contract) for api in apis], oauth)
        others = create_service(NAME, [*pages, *handlers], identity=None, ready=partial(_ready, shared))
        return Built({api.entry.prefix: api for api in apis}, others)

    return Gateway(build, routes_file, security_headers.fields(oauth.url))


async def _ready(shared: GatewayResources) -> dict[str, str]:
    states = await shared.oauth.ready()
    if shared.shared_rates:
        states["redis"] = await shared.shared_rates.ready()
    if shared.database:
        state = await shared.database.ready()
        states["database"] = state if state == "ok" else DEGRADED + state  # reading goes on without it
    return states


def _listed(product: routes.Product, contract: published.Contract) -> Product:
    """The product as the catalog tells of it."""
    entry = product.entry
    listed = Product(
        name=entry.name,
        prefix=entry.prefix,
        owner=entry.owner,
        document=contract.document,
        limits={name: plan_words(plan) for name, plan in product.plans.plans.items()},
    )
    for policy in product.policies:
        if isinstance(policy, Lifecycle):
            listed = msgspec.structs.replace(
                listed,
                deprecated_on=policy.deprecated_on,
                sunset_on=policy.sunset_on,
                successor=policy.successor,
            )
    return listed
