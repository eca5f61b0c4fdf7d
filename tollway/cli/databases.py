"""The database of this process, where anything hosted here keeps something in one."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.routes import ROUTES, load
from policies.audit import Audit
from policies.idempotency import Idempotency
from tollway.cli.catalogue import GATEWAY, of_layer
from tollway.problems import StartupError
from tollway.settings import Settings

if TYPE_CHECKING:  # the database's library is loaded where one is used
    from tollway.storage import Database

KEEPING = (Audit, Idempotency)
"""The policies that write to the database."""


def process_services(names: list[str]) -> list[str]:
    """Those of the services that run durable processes."""
    return [name for name in names if name in of_layer("process")]


def routes_file(settings: Settings) -> Path:
    """The gateway's routes."""
    return Path(settings.gateway.routes) if settings.gateway.routes else ROUTES


async def database_for(
    names: list[str], settings: Settings, stack: AsyncExitStack, *, embedded: bool
) -> "Database | None":
    """The database that the named services need, open until the stack is closed; None where they need none."""
    gateway = GATEWAY in names and _gateway_keeps(settings)
    needing = [*process_services(names), *([GATEWAY] if gateway else [])]
    if not needing:
        return None
    if not settings.storage.url and not embedded:
        raise StartupError(
            f"The setting storage.url is missing: {needing[0]} by itself shares a PostgreSQL database with the other "
            "services that keep something; SQLite files are for the embedded form."
        )
    from tollway.storage import open_database  # noqa: PLC0415 - see above

    database = await open_database(settings.folder, settings.storage.url)
    stack.push_async_callback(database.close)
    if gateway:
        await _sweep(database, stack)
    return database


def _gateway_keeps(settings: Settings) -> bool:
    return any(isinstance(policy, KEEPING) for product in load(routes_file(settings)) for policy in product.policies)


async def _sweep(database: "Database", stack: AsyncExitStack) -> None:
    """Forget expired idempotency keys until the stack is closed."""
    from tollway.idempotency.sweeper import sweeping  # noqa: PLC0415 - see above

    work = sweeping(database)
    await work.start()
    stack.push_async_callback(work.stop)
