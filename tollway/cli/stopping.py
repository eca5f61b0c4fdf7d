"""How a process is told to stop."""

import asyncio
import signal


async def told_to_stop() -> None:
    """Wait for Ctrl-C or a termination signal."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
