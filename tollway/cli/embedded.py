"""The embedded form: sandboxes, every service, the engine and the gateway in this one process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from gateway.http1.server import serve
from tollway.cli.catalogue import GATEWAY, SERVICES
from tollway.cli.flow import ClosedWonFlow
from tollway.cli.installation import Installation, installation
from tollway.cli.sandboxes import sandboxes
from tollway.sandboxes import Faults
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
    options = {"salesforce": {"on_change": flow.on_change}}
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(sandboxes(settings.sandboxes, settings.folder, options))
        opening = installation(settings, [*hosted, GATEWAY], executor="embedded", embedded=True)
        made = await stack.enter_async_context(opening)
        stack.push_async_callback(flow.close)
        gateway = serve(made.apps[GATEWAY], settings.gateway.host, settings.gateway.port)
        yield Embedded(made, served, flow, await stack.enter_async_context(gateway))
