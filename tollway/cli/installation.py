"""The composition root: services hosted by this process, put together from the settings."""

import asyncio
import secrets
import signal
import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from gateway.app import create_gateway
from gateway.asgi import Gateway
from gateway.reload import RoutesReload
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES
from tollway.cli.databases import database_for, process_services, routes_file
from tollway.cli.platforms import Platforms
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.issuer import ClientRegistration, create_issuer
from tollway.oauth.resource_server import ResourceServer, resource_server
from tollway.problems import StartupError
from tollway.remotes.processes import RemoteActivation, RemoteCasework, RemoteInvoicing, RemoteOnboarding
from tollway.service import create_service
from tollway.settings import Settings
from tollway.telemetry.telemetry import Telemetry

if TYPE_CHECKING:  # engine, database and Redis' library, half of a start, are loaded where they are used
    from tollway.cli.processes import Processes
    from tollway.limits.connection import SharedRates
    from tollway.storage import Database

CLIENTS = (
    ClientRegistration(id="sales-app", scopes=["sales:read"]),
    ClientRegistration(id="finance-app", scopes=["finance:read", "finance:write"]),
    ClientRegistration(id="operations-desk", scopes=["operations:read", "operations:write"]),
    ClientRegistration(id="salesforce-flow", scopes=["inbound:write"]),
)
"""Who may call the gateway of the embedded form; their secrets are generated at the first start."""


class Installation(msgspec.Struct):
    """The services that this process hosts."""

    settings: Settings
    services: Services
    platforms: Platforms
    processes: "Processes | None"
    apps: dict[str, ASGIApp]


@asynccontextmanager
async def installation(
    settings: Settings, hosted: Iterable[str], executor: str, *, embedded: bool = False
) -> AsyncIterator[Installation]:
    """Host services until the block ends: everything is connected, processes go on where they stopped.

    `hosted` are names of the catalogue, or `gateway`. `executor` names this process to the engine: the same name
    after a restart takes its unfinished processes up again. `embedded`: nothing runs elsewhere, so that the
    development issuer and a service identity of our own making will do.
    """
    names = list(hosted)
    async with AsyncExitStack() as stack:
        urls = {name: service.url for name, service in settings.services.items()}
        services = Services(Identity(_identity_key(settings, embedded=embedded)), urls)
        stack.push_async_callback(services.close)
        platforms = Platforms(settings)
        stack.push_async_callback(platforms.close)
        database = await database_for(names, settings, stack, embedded=embedded)
        processes = _processes(settings, services, database) if database and process_services(names) else None
        made = Installation(settings, services, platforms, processes, {})
        for name in names:
            if name == GATEWAY:
                oauth, endpoints = _oauth(made, embedded=embedded)
                await oauth.start()
                stack.push_async_callback(oauth.close)
                telemetry = _telemetry(settings, stack)
                gateway = _gateway(made, oauth, endpoints, _shared_rates(settings, stack), database, telemetry)
                made.apps[name] = gateway
                _reload_routes(gateway, stack)
            else:
                made.apps[name] = _service(made, name, database)
            services.host(name, made.apps[name])
        services.check()
        if processes:
            await processes.engine.launch(settings.folder, settings.storage.url, executor)
            stack.push_async_callback(processes.engine.close)
            for poller in (poller for name in names for poller in processes.pollers(name)):
                await poller.start()
                stack.push_async_callback(poller.stop)
        yield made


def _processes(settings: Settings, services: Services, database: "Database") -> "Processes":
    from tollway.cli.processes import Processes  # noqa: PLC0415 - see above

    return Processes(settings, services, database)


def _service(made: Installation, name: str, database: "Database | None") -> Litestar:
    entry, ready = SERVICES[name], None
    if entry.layer == "system":
        ports, ready = made.platforms.ports(name), made.platforms.check
    elif entry.layer == "process" and made.processes and database:
        ports, ready = made.processes.ports(name), partial(_database_ready, database)
    else:
        ports = _process_ports(made.services, name)
    return create_service(name, entry.handlers, identity=made.services.identity, dependencies=ports, ready=ready)


async def _database_ready(database: "Database") -> dict[str, str]:
    return {"database": await database.ready()}


def _process_ports(services: Services, caller: str) -> dict[str, Any]:
    """What experience services depend on."""
    client = partial(services.client, caller)
    return {
        "onboarding": RemoteOnboarding(client("customer-onboarding")),
        "activation": RemoteActivation(client("project-activation")),
        "invoicing": RemoteInvoicing(client("invoice-generation")),
        "casework": RemoteCasework(client("casework")),
    }


def _shared_rates(settings: Settings, stack: AsyncExitStack) -> "SharedRates | None":
    if not settings.redis.url:
        return None
    from tollway.limits.connection import SharedRates  # noqa: PLC0415 - see above

    shared = SharedRates(settings.redis)
    stack.push_async_callback(shared.close)
    return shared


def _reload_routes(gateway: Gateway, stack: AsyncExitStack) -> None:
    """Take changed routes into use when their file changes or a hang-up signal comes."""
    routes = RoutesReload(gateway)
    routes.start()
    stack.push_async_callback(routes.stop)
    if threading.current_thread() is threading.main_thread():  # Python gives signals to no other
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, routes.ask)
        stack.callback(loop.remove_signal_handler, signal.SIGHUP)


def _oauth(made: Installation, *, embedded: bool) -> tuple[ResourceServer, Sequence[HTTPRouteHandler]]:
    """Whose tokens the gateway takes, and the endpoints of the development issuer where it is that one."""
    settings, secret = made.settings, _identity_key(made.settings, embedded=embedded)
    if settings.gateway.trusted_issuers:
        return resource_server(settings.gateway, secret=secret, redis=settings.redis), ()
    if not embedded:
        raise StartupError(
            "The setting gateway.issuer is missing: the development issuer is for the embedded form only."
        )
    url = f"http://{settings.gateway.host}:{settings.gateway.port}"
    issuer = create_issuer(settings.folder, url, settings.gateway.audience, CLIENTS)
    oauth = resource_server(
        settings.gateway,
        secret=secret,
        redis=settings.redis,
        local={issuer.url: issuer.fetch},
        revocations=issuer.revocations,
    )
    return oauth, issuer.handlers


def _gateway(
    made: Installation,
    oauth: ResourceServer,
    endpoints: Sequence[HTTPRouteHandler],
    shared_rates: "SharedRates | None",
    database: "Database | None",
    telemetry: Telemetry,
) -> Gateway:
    settings = made.settings.gateway
    return create_gateway(
        services=made.services,
        settings=settings,
        contracts=CONTRACTS,
        routes_file=routes_file(made.settings),
        shared_rates=shared_rates,
        database=database,
        oauth=oauth,
        handlers=endpoints,
        telemetry=telemetry,
    )


def _telemetry(settings: Settings, stack: AsyncExitStack) -> Telemetry:
    telemetry = Telemetry(settings.telemetry, settings.folder)
    stack.callback(telemetry.close)
    return telemetry


def _identity_key(settings: Settings, *, embedded: bool) -> str:
    """The configured key; in the embedded form one that is made at the first start and kept."""
    if settings.identity.key or not embedded:
        return settings.identity.key
    kept = settings.folder / "identity.key"
    if not kept.exists():
        _write_private(kept, secrets.token_urlsafe(48))
    return kept.read_text("ascii")


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, "ascii")
