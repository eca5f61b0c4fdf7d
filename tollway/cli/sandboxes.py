"""The sandboxes there are, and how each is served: in the embedded form, or alone by `tollway sandbox`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import system_apis.erp.netsuite.sandbox
import system_apis.salesforce_platform.sandbox
from system_apis.salesforce_platform.sandbox import EventOptions
from tollway.problems import StartupError
from tollway.sandboxes import Address, Faults, State, serve
from tollway.settings import SandboxSettings

SANDBOXES: Mapping[str, Callable[..., Faults]] = {
    "salesforce": system_apis.salesforce_platform.sandbox.create_sandbox,
    "netsuite": system_apis.erp.netsuite.sandbox.create_sandbox,
}


@asynccontextmanager
async def sandbox(
    platform: str,
    settings: SandboxSettings,
    folder: Path | None,
    certificate: tuple[Path, Path] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Address, Faults]]:
    """Serve one sandbox until the block ends; its state lives in `folder`, or in memory without one."""
    if platform not in SANDBOXES:
        raise StartupError(f"There is no sandbox for {platform!r}; there are: {', '.join(SANDBOXES)}.")
    if settings.events_port:
        if platform != "salesforce":
            raise StartupError(f"The setting sandboxes.{platform}.events_port is for Salesforce's sandbox only.")
        options |= {"events": EventOptions(port=settings.events_port)}
    state = State(folder / f"sandbox-{platform}.db" if folder else None)
    app = SANDBOXES[platform](state, client_id=settings.client_id, client_secret=settings.client_secret, **options)
    try:
        async with serve(app, port=settings.port, certificate=certificate) as address:
            yield address, app
    finally:
        state.close()


@asynccontextmanager
async def sandboxes(
    configured: Mapping[str, SandboxSettings], folder: Path, options: Mapping[str, dict[str, Any]]
) -> AsyncIterator[dict[str, Faults]]:
    """Serve all configured sandboxes until the block ends; `options` are a platform's own, by platform."""
    async with AsyncExitStack() as stack:
        served = {}
        for platform, settings in configured.items():
            opening = sandbox(platform, settings, folder, **options.get(platform, {}))
            _, served[platform] = await stack.enter_async_context(opening)
        yield served
