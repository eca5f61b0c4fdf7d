"""`tollway doctor`: whether the settings are right, and everything they name answers."""

from contextlib import suppress

from rich.console import Console
from rich.table import Table

from tollway.cli.platforms import Platforms
from tollway.limits.connection import SharedRates
from tollway.problems import ProblemError, StartupError, Unavailable
from tollway.settings import Settings
from tollway.storage import open_database


async def examine(settings: Settings, console: Console) -> bool:
    """Print a table of everything that was checked; answers whether all of it is well."""
    table = Table("What", "State", "Said")
    well = True
    rows = [("settings", True, "complete"), await _database(settings)]
    for what, state, said in [*rows, *await _redis(settings), *await _platforms(settings)]:
        table.add_row(what, "[green]ok[/]" if state else "[red]failing[/]", said)
        well = well and state
    console.print(table)
    return well


async def _database(settings: Settings) -> tuple[str, bool, str]:
    try:
        database = await open_database(settings.folder, settings.storage.url)
    except StartupError as error:
        return "database", False, str(error)
    state = await database.ready()
    await database.close()
    return "database", state == "ok", "PostgreSQL" if settings.storage.url else f"SQLite in {settings.folder}"


async def _redis(settings: Settings) -> list[tuple[str, bool, str]]:
    if not settings.redis.url:
        return []
    try:
        shared = SharedRates(settings.redis)
    except StartupError as error:
        return [("redis", False, str(error))]
    try:
        await shared.ping()
    except Unavailable as error:
        return [("redis", False, f"does not answer: {error.__cause__}")]
    finally:
        await shared.close()
    return [("redis", True, "answers")]


def _shared(settings: Settings) -> SharedRates | None:
    with suppress(StartupError):  # which is told of in a row of its own
        return SharedRates(settings.redis) if settings.redis.url else None
    return None


async def _platforms(settings: Settings) -> list[tuple[str, bool, str]]:
    shared = _shared(settings)
    platforms, rows = Platforms(settings, shared), []
    for service in ("crm", "psa", "erp"):
        try:
            platforms.ports(service)
        except StartupError as error:
            rows.append((service, False, str(error)))
    for name, connection in platforms.connected.items():
        try:
            rows.append((name, True, await connection.check()))
        except ProblemError as error:
            rows.append((name, False, error.detail))
    rows += [(f"quota ({name})", True, told) for name, told in platforms.quotas.describe().items()]
    await platforms.close()
    if shared:
        await shared.close()
    return rows
