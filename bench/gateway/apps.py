"""The measured applications: the bare service, and the gateway with it or before it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from litestar.types import ASGIApp

from bench.gateway import areas
from bench.gateway.invoices import HANDLERS, SERVICE
from bench.gateway.workspace import AUDIENCE, ISSUER, Workspace
from gateway.app import create_gateway
from tollway.http.services import Services
from tollway.limits.connection import SharedRates
from tollway.oauth.resource_server import resource_server
from tollway.service import create_service
from tollway.settings import GatewaySettings, RedisSettings
from tollway.storage import open_database
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.telemetry import Telemetry


class Application(msgspec.Struct, frozen=True):
    """What a worker process is to run."""

    folder: str
    routes: str = ""
    """The file of routes; empty for the bare service."""
    service_url: str = ""
    """Where the service answers; empty has it in the gateway's process."""
    redis_url: str = ""
    """Where limits are counted for all workers; empty counts in each worker by itself."""
    storage_url: str = ""
    """Where answers and the audit are kept; empty for routes that keep none."""
    collector_url: str = ""
    """Where a span of every request goes; empty records none."""
    areas: int = 0
    """How many routes the service has instead of the operations that are compared."""


@asynccontextmanager
async def opened(application: Application) -> AsyncIterator[ASGIApp]:
    """The application with all it stands on, until the block ends."""
    workspace = Workspace(Path(application.folder))
    handlers = areas.handlers(application.areas) if application.areas else list(HANDLERS)
    service = create_service(SERVICE, handlers, identity=workspace.identity)
    if not application.routes:
        yield service
        return
    services = Services(workspace.identity, {SERVICE: application.service_url} if application.service_url else {})
    if not application.service_url:
        services.host(SERVICE, service)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        rates = SharedRates(RedisSettings(url=application.redis_url)) if application.redis_url else None
        if rates:
            stack.push_async_callback(rates.close)
        database = None
        if application.storage_url:
            database = await open_database(workspace.folder, application.storage_url)
            stack.push_async_callback(database.close)
        telemetry = None
        if application.collector_url:
            telemetry = Telemetry(TelemetrySettings(otlp_endpoint=application.collector_url, sampling=1.0))
            stack.callback(telemetry.close)
        settings = GatewaySettings(audience=AUDIENCE)
        yield create_gateway(
            services=services,
            settings=settings,
            contracts=workspace.folder,
            oauth=resource_server(settings, secret=workspace.folder.name, local={ISSUER: workspace.fetch}),
            routes_file=Path(application.routes),
            shared_rates=rates,
            database=database,
            telemetry=telemetry,
        )
