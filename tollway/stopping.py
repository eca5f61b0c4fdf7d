"""How a process is told to stop, and how it ends."""

import asyncio
import os
import signal
import sys
from typing import NoReturn


def stop_asked() -> asyncio.Event:
    """What Ctrl-C or a termination signal sets from now on, instead of ending the process."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


async def told_to_stop() -> None:
    """Wait for Ctrl-C or a termination signal."""
    await stop_asked().wait()


def leave(status: int) -> NoReturn:
    """End this process when everything in it is closed, without taking the interpreter apart.

    Threads of the HTTP server may outlast its last answer by a moment, and one that meets an interpreter on its way out
    aborts the process (granian, issue 693): whoever watches it would see a crash.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
