"""The embedded form: sandboxes, every service, the engine and the gateway in this one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from tollway.cli.catalogue import GATEWAY, SERVICES
from tollway.cli.flow import ClosedWonFlow
from tollway.cli.installation import Installation, installation
from tollway.cli.sandboxes import sandboxes
from tollway.sandboxes import Faults, serve
from tollway.settings import Settings


class Embedded(msgspec.Struct):
    """What runs."""

    installation: Installation
    sandboxes: dict[str, Faults]
    flow: ClosedWonFlow
    url: str
    """Where the gateway answers."""


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Embedded]:
    """Run everything until the block ends."""
    url = f"http://{settings.gateway.host}:{settings.gateway.port}"
    flow = ClosedWonFlow(url, settings.folder)
    hosted = [name for name in SERVICES if name not in settings.services]
    async with sandboxes(settings.sandboxes, settings.folder, {"salesforce": {"on_change": flow.on_change}}) as served:
        async with installation(settings, [*hosted, GATEWAY], executor="embedded") as made:
            gateway = serve(made.apps[GATEWAY], settings.gateway.host, settings.gateway.port)
            async with gateway as address:
                yield Embedded(made, served, flow, address.url)
            await flow.close()
