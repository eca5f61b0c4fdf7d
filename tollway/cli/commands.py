"""The commands of `tollway` that run more than one service, or none."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from tollway.cli import contracts
from tollway.cli.app import DEFAULT, Config
from tollway.cli.catalogue import CONTRACTS, GATEWAY, SERVICES
from tollway.cli.demo.play import play as play_demo
from tollway.cli.doctor import examine
from tollway.cli.embedded import embedded
from tollway.cli.installation import CLIENTS
from tollway.cli.sandboxes import sandbox as serve_sandbox
from tollway.issuer import client_secret
from tollway.sandboxes.server import kept_certificate
from tollway.settings import SandboxSettings, load
from tollway.stopping import told_to_stop
from tollway.telemetry import configure_logging

console = Console(width=None if sys.stdout.isatty() else 140)


def up(*, config: Config = DEFAULT) -> None:
    """Run everything in this process: gateway, every API, the engine and the configured sandboxes."""
    settings = load(config)

    async def run() -> None:
        async with embedded(settings) as running:
            console.print(f"Gateway   {running.url}   docs {running.url}/docs")
            for platform, sandbox in settings.sandboxes.items():
                console.print(f"Sandbox   http://127.0.0.1:{sandbox.port}   {platform}")
            if not settings.gateway.trusted_issuers:
                for client in CLIENTS:
                    secret = client_secret(settings.folder, client.id)
                    console.print(f"Client    {client.id}   secret {secret}   scopes {' '.join(client.scopes)}")
            console.print("Ctrl-C stops.")
            await told_to_stop()

    _run(run())


def services() -> None:
    """List every service with its layer and contract."""
    for name, entry in SERVICES.items():
        console.print(f"{name:22}{entry.layer:12}openapi/{entry.contract(name)}", highlight=False)
    console.print(f"{GATEWAY:22}{'gateway':12}gateway/routes.yaml", highlight=False)


def sandbox(
    platform: str,
    /,
    *,
    port: int = 0,
    tls: bool = False,
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - a sandbox holds nothing to protect
    folder: Path | None = None,
) -> None:
    """Run one platform's sandbox alone; its state is in memory, or kept in FOLDER."""
    settings = SandboxSettings(port=port, client_id=client_id, client_secret=client_secret)

    async def run() -> None:
        certificate = kept_certificate(folder or Path(".tollway")) if tls else None
        async with serve_sandbox(platform, settings, folder, certificate) as (address, _):
            console.print(f"The {platform} sandbox answers at {address.url}", soft_wrap=True)
            console.print(f"It accepts the client id {client_id!r} with the secret {client_secret!r}.")
            if certificate:
                console.print(f"Its certificate, to be trusted by clients, is {certificate[0]}.")
            console.print("Ctrl-C stops.")
            await told_to_stop()

    _run(run())


def openapi(*, folder: Path = CONTRACTS) -> None:
    """Write the published contracts from the handlers."""
    changed = contracts.write(folder)
    console.print("\n".join(changed) if changed else "All contracts are as they were.", highlight=False)


def doctor(*, config: Config = DEFAULT) -> None:
    """Check the settings, and that every configured platform answers."""
    if not asyncio.run(examine(load(config), console)):
        sys.exit(1)


def demo(*, config: Config = DEFAULT, once: bool = False, json: bool = False, erp: str = "netsuite") -> None:
    """Play the story from closed-won to cash on sandboxes, or with ERP tryton on the real one."""
    configure_logging("people")
    sys.exit(asyncio.run(play_demo(load(config), console, once=once, as_json=json, erp=erp)))


def _run(command: Coroutine[Any, Any, None]) -> None:
    configure_logging("people")
    asyncio.run(command)
