"""`tollway serve`: one service on an address, alone or with others that it then calls without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog
from litestar.types import ASGIApp

from gateway.http1 import server as gateway_server
from tollway.cli.app import DEFAULT, Config
from tollway.cli.catalogue import GATEWAY, SERVICES, of_layer
from tollway.cli.installation import installation
from tollway.http import server
from tollway.problems import StartupError
from tollway.settings import load
from tollway.stopping import told_to_stop
from tollway.telemetry import configure_logging

log = structlog.get_logger()


def serve_some(
    service: str, /, *beside: str, config: Config = DEFAULT, host: str = "127.0.0.1", port: int = 8000, workers: int = 1
) -> None:
    """Run one service, the gateway or any of those that `tollway services` lists.

    BESIDE are services that live in the same process: `tollway serve gateway sales finance` has the gateway call
    these without a socket. WORKERS processes share the address.
    """
    hosted = (service, *beside)
    for name in hosted:
        if name not in (*SERVICES, GATEWAY):
            raise StartupError(f"There is no service {name!r}; there are: {', '.join([*SERVICES, GATEWAY])}.")
    if workers < 2:  # noqa: PLR2004
        configure_logging("machines")
        with asyncio.Runner(loop_factory=server.FASTEST_LOOP if service == GATEWAY else None) as runner:
            runner.run(_serve(config, hosted, host, port))
        return
    durable = [name for name in hosted if name in of_layer("process")]
    if durable:
        raise StartupError(
            f"{durable[0]} runs durable processes; instead of giving it --workers, start it again on another port."
        )
    load(config)
    # The gateway speaks HTTP by itself, since all requests of all callers come that way.
    serve_by_workers = gateway_server.serve_by_workers if service == GATEWAY else server.serve_by_workers
    serve_by_workers(partial(_worker, config, hosted, host, port), host, port, workers)


async def _serve(config: Path, hosted: tuple[str, ...], host: str, port: int) -> None:
    serve = gateway_server.serve if hosted[0] == GATEWAY else server.serve
    async with _opened(config, hosted, host, port) as app, serve(app, host, port) as url:
        log.info("serving", service=hosted[0], beside=hosted[1:], url=url)
        await told_to_stop()
        log.info("stopping", service=hosted[0])


@asynccontextmanager
async def _opened(config: Path, hosted: tuple[str, ...], host: str, port: int) -> AsyncIterator[ASGIApp]:
    async with installation(load(config), hosted, executor=f"{hosted[0]}:{host}:{port}") as made:
        yield made.apps[hosted[0]]


@asynccontextmanager
async def _worker(config: Path, hosted: tuple[str, ...], host: str, port: int) -> AsyncIterator[ASGIApp]:
    configure_logging("machines")
    async with _opened(config, hosted, host, port) as app:
        yield app
