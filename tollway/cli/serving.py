"""`tollway serve`: one service in a process of its own."""

import asyncio

import structlog

from tollway.cli.app import DEFAULT, Config
from tollway.cli.catalogue import GATEWAY, SERVICES
from tollway.cli.installation import installation
from tollway.cli.stopping import told_to_stop
from tollway.problems import StartupError
from tollway.sandboxes import serve
from tollway.settings import load
from tollway.telemetry import configure_logging

log = structlog.get_logger()


def serve_one(service: str, /, *, config: Config = DEFAULT, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Run one service: the gateway, or any of those that `tollway services` lists."""
    configure_logging("machines")
    settings = load(config)
    if service not in (*SERVICES, GATEWAY):
        raise StartupError(f"There is no service {service!r}; there are: {', '.join([*SERVICES, GATEWAY])}.")

    async def run() -> None:
        async with (
            installation(settings, [service], executor=f"{service}:{host}:{port}") as made,
            serve(made.apps[service], host, port) as address,
        ):
            log.info("serving", service=service, url=address.url)
            await told_to_stop()
            log.info("stopping", service=service)

    asyncio.run(run())
