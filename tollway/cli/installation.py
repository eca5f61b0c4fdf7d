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
from gateway.reload import RoutesReload, Told
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES
from tollway.cli.databases import database_for, process_services, routes_file
from tollway.cli.platforms import Platforms
from tollway.events.feed import Feed
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.ingress.webhooks import Webhooks
from tollway.issuer import ClientRegistration, create_issuer
from tollway.oauth.resource_server import ResourceServer, resource_server
from tollway.problems import StartupError
from tollway.remotes.casework import RemoteCasework
from tollway.remotes.events import RemoteEvents
from tollway.remotes.history import RemoteHistory
from tollway.remotes.ingress import RemoteIngress
from tollway.remotes.processes import RemoteActivation, RemoteInvoicing, RemoteOnboarding
from tollway.remotes.reconciliation import RemoteReconciliations
from tollway.service import create_service
from tollway.settings import Settings
from tollway.telemetry.telemetry import Telemetry

if TYPE_CHECKING:  # engine, database and Redis' library, half of a start, are loaded where they are used
    from tollway.cli.processes import Processes
    from tollway.limits.connection import SharedRates
    from tollway.storage import Database

DESK = ("operations:read", "operations:write")
CLIENTS = (
    ClientRegistration(id="sales-app", scopes=["sales:read"]),
    ClientRegistration(id="finance-app", scopes=["finance:read", "finance:write"]),
    ClientRegistration(id="operations-desk", scopes=[*DESK, "operations:operations_lead"]),
    ClientRegistration(id="finance-desk", scopes=[*DESK, "operations:finance_operations"]),
    ClientRegistration(id="salesforce-flow", scopes=["inbound:write"]),
    ClientRegistration(id="partner-app", scopes=["events:read", "events:write"]),
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

    `hosted` are names of the catalogue, or `gateway`. `executor` names this process to the engine: on SQLite the same
    name after a restart takes its unfinished processes up again. `embedded`: nothing runs elsewhere, so that the
    development issuer and a service identity of our own making will do.
    """
    names = list(hosted)
    async with AsyncExitStack() as stack:
        urls = {name: service.url for name, service in settings.services.items()}
        services = Services(Identity(_identity_key(settings, embedded=embedded)), urls)
        stack.push_async_callback(services.close)
        shared_rates = _shared_rates(settings, stack)
        platforms = Platforms(settings, shared_rates, alone=embedded)
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
                made.apps[name] = gateway = _gateway(made, oauth, endpoints, shared_rates, database, telemetry)
                _reload_routes(gateway, stack, database)
            else:
                made.apps[name] = _service(made, name, database)
            services.host(name, made.apps[name])
        services.check()
        if processes:
            among = database if settings.storage.url else None
            await processes.engine.launch(settings.folder, settings.storage.url, executor, among)
            stack.push_async_callback(processes.engine.close, settings.engine.drain_seconds)
            for work in [*processes.upkeep(), *(work for name in names for work in processes.background(name))]:
                await work.start()
                stack.push_async_callback(work.stop)
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
        ports = _process_ports(made, name)
    return create_service(name, entry.handlers, identity=made.services.identity, dependencies=ports, ready=ready)


async def _database_ready(database: "Database") -> dict[str, str]:
    return {"database": await database.ready()}


def _process_ports(made: Installation, caller: str) -> dict[str, Any]:
    """What experience services depend on."""
    client = partial(made.services.client, caller)
    events = RemoteEvents(client("event-delivery"))
    return {
        "events": events,
        "ingress": RemoteIngress(client("ingress")),
        "webhooks": Webhooks(made.settings.webhooks, made.settings.gateway.public_url),
        "feed": Feed(events, made.settings.events.stream_seconds),
        "onboarding": RemoteOnboarding(client("customer-onboarding")),
        "activation": RemoteActivation(client("project-activation")),
        "invoicing": RemoteInvoicing(client("invoice-generation")),
        "casework": RemoteCasework(client("casework")),
        "history": RemoteHistory(client("history")),
        "reconciliations": RemoteReconciliations(client("reconciliation")),
    }


def _shared_rates(settings: Settings, stack: AsyncExitStack) -> "SharedRates | None":
    if not settings.redis.url:
        return None
    from tollway.limits.connection import SharedRates  # noqa: PLC0415 - see above

    shared = SharedRates(settings.redis)
    stack.push_async_callback(shared.close)
    return shared


def _reload_routes(gateway: Gateway, stack: AsyncExitStack, database: "Database | None") -> None:
    """Take changed routes into use when their file changes or a hang-up signal comes."""
    routes = RoutesReload(gateway, taken=_audited(database) if database else None)
    routes.start()
    stack.push_async_callback(routes.stop)
    if threading.current_thread() is threading.main_thread():  # Python gives signals to no other
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, routes.ask)
        stack.callback(loop.remove_signal_handler, signal.SIGHUP)


def _audited(database: "Database") -> Told:
    from tollway.audit.routes import routes_audited  # noqa: PLC0415 - see above

    return routes_audited(database)


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
