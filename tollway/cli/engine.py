"""`tollway engine`: what the durable engine holds, for whoever runs it."""

import asyncio
import sys

from rich.console import Console
from rich.table import Table

from tollway.cli.app import DEFAULT, Config
from tollway.engine.versions import VERSION, versions
from tollway.settings import load
from tollway.storage import open_database

console = Console(width=None if sys.stdout.isatty() else 140)


def show_versions(*, config: Config = DEFAULT) -> None:
    """List the versions of the processes' shape, who works each, and what of each is not finished.

    A version whose row says 0 and 0 has drained: its last workers can go.
    """
    settings = load(config)

    async def read() -> Table:
        database = await open_database(settings.folder, settings.storage.url)
        table = Table("Version", "Workers", "Running", "Queued", "Parked", "")
        for one in await versions(database, settings.folder, settings.storage.url):
            mine = "this release" if one.version == VERSION else ""
            table.add_row(one.version, str(one.workers), str(one.running), str(one.queued), str(one.parked), mine)
        await database.close()
        return table

    console.print(asyncio.run(read()))
