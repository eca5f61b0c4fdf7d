"""The commands about the audit: its head, and whether anything in it was changed."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from tollway.audit.chain import parsed
from tollway.cli.app import DEFAULT, Config
from tollway.settings import load

if TYPE_CHECKING:
    from tollway.storage import Database

T = TypeVar("T")
Place = Annotated[int | None, Parameter(help="The number of a record.")]
Pins = Annotated[
    tuple[str, ...],
    Parameter(name="--pin", help="A head that `tollway audit head` printed and that was kept elsewhere."),
]


def head(*, config: Config = DEFAULT) -> None:
    """Print the head of the audit's chain; whoever keeps it elsewhere can tell later that nothing before it changed."""
    from tollway.audit.verification import read_head  # noqa: PLC0415 - the database's library is loaded where it is used

    print(asyncio.run(_with_database(config, read_head)))


def verify(
    *,
    config: Config = DEFAULT,
    first: Annotated[Place, Parameter(name="--from")] = None,
    last: Annotated[Place, Parameter(name="--to")] = None,
    pin: Pins = (),
) -> None:
    """Find the first record of the audit that was edited, removed, added or moved; exit status 1 when there is one."""
    from tollway.audit.verification import verify as verified  # noqa: PLC0415 - as above

    pins = [parsed(one) for one in pin]
    result = asyncio.run(_with_database(config, lambda database: verified(database, first or 1, last, pins)))
    if result.broken:
        print(f"Record {result.broken.position} of the audit: {result.broken.why}.")
        sys.exit(1)
    print(f"{result.records} records of the audit are as they were written; its head is {result.head}")


async def _with_database(config: Config, work: "Callable[[Database], Awaitable[T]]") -> T:
    from tollway.storage import open_database  # noqa: PLC0415 - as above

    settings = load(config)
    database = await open_database(settings.folder, settings.storage.url)
    try:
        return await work(database)
    finally:
        await database.close()
