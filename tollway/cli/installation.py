"""The composition root: services hosted by this process, put together from the settings."""

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar
from litestar.types import ASGIApp

from gateway.app import create_gateway
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES, of_layer
from tollway.cli.platforms import Platforms
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.issuer import ClientRegistration, create_issuer
from tollway.problems import StartupError
from tollway.remotes.processes import RemoteActivation, RemoteCasework, RemoteInvoicing, RemoteOnboarding
from tollway.service import create_service
from tollway.settings import Settings

if TYPE_CHECKING:  # engine, database and Redis' library, half of a start, are loaded where they are used
    from tollway.cli.processes import Processes
    from tollway.shared_rates import SharedRates
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
        database = await _database(settings, names, stack, embedded=embedded)
        processes = _processes(settings, services, database) if database else None
        made = Installation(settings, services, platforms, processes, {})
        for name in names:
            if name == GATEWAY:
                made.apps[name] = _gateway(made, _shared_rates(settings, stack), embedded=embedded)
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


async def _database(
    settings: Settings, names: list[str], stack: AsyncExitStack, *, embedded: bool
) -> "Database | None":
    hosted = [name for name in names if name in of_layer("process")]
    if not hosted:
        return None
    if not settings.storage.url and not embedded:
        raise StartupError(
            f"The setting storage.url is missing: {hosted[0]} by itself shares a PostgreSQL database with the other "
            "process services; SQLite files are for the embedded form."
        )
    from tollway.storage import open_database  # noqa: PLC0415 - see above

    database = await open_database(settings.folder, settings.storage.url)
    stack.push_async_callback(database.close)
    return database


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
    from tollway.shared_rates import SharedRates  # noqa: PLC0415 - see above

    shared = SharedRates(settings.redis)
    stack.push_async_callback(shared.close)
    return shared


def _gateway(made: Installation, shared_rates: "SharedRates | None", *, embedded: bool) -> ASGIApp:
    settings = made.settings.gateway
    build = partial(
        create_gateway, services=made.services, settings=settings, contracts=CONTRACTS, shared_rates=shared_rates
    )
    if settings.issuer:
        return build(issuer=settings.issuer)
    if not embedded:
        raise StartupError(
            "The setting gateway.issuer is missing: the development issuer is for the embedded form only."
        )
    url = f"http://{settings.host}:{settings.port}"
    issuer = create_issuer(made.settings.folder, url, settings.audience, CLIENTS)
    return build(issuer=issuer.url, fetch=issuer.fetch, handlers=issuer.handlers)


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
