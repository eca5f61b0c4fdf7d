"""Serves an application on a socket that others reach: in the running event loop, or by several worker processes."""

import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from functools import partial
from typing import Any, Protocol

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar.types import ASGIApp, Receive, Scope

from tollway.http.ports import bound
from tollway.problems import StartupError
from tollway.stopping import stop_asked

if sys.platform != "win32":
    import uvloop

HEADER_SECONDS = 20
"""How long a request's head may take to arrive, and how long an idle connection is kept."""
MOST_HEADER_BYTES = 131_072
"""Of a request's line and headers."""
_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG
FASTEST_LOOP = None if sys.platform == "win32" else uvloop.new_event_loop
"""What makes the event loop that a process runs on whose requests are worth it, for `asyncio.Runner`."""
Opening = Callable[[], AbstractAsyncContextManager[ASGIApp]]
"""Opens an application and what it stands on, and closes both."""


class Serving(Protocol):
    """Serves an application until the block ends, on a port that it may share with other processes."""

    def __call__(self, app: ASGIApp, host: str, port: int, *, shared: bool) -> AbstractAsyncContextManager[str]: ...


_OPTIONS: dict[str, Any] = {
    "http": HTTPModes.http1,
    "http1_settings": HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=MOST_HEADER_BYTES),
    "websockets": False,
    "backlog": 2048,
    "log_enabled": False,
}


@asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve until the block ends and answer the base URL; port 0 takes a free one.

    Raises StartupError, naming the setting to change, when the port is taken.
    """
    port = _free(host, port)
    server = Server(app, address=host, port=port, interface=Interfaces.ASGINL, **_OPTIONS)
    task = asyncio.create_task(server.serve())
    try:
        await _until_open(host, port, task)
        yield f"http://{host}:{port}"
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await task


def serve_by_workers(opening: Opening, host: str, port: int, workers: int, *, serving: Serving | None = None) -> None:
    """Serve by processes that share the port until told to stop; each opens an application of its own.

    A worker that ends by itself is replaced; SIGHUP reaches every worker. `serving` is what serves in each; granian
    does unless it is given.
    """
    port = _free(host, port)
    server = _Workers(
        "tollway",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        **_OPTIONS,
    )
    load = partial(_worker, opening, os.getpid())
    work = partial(_served, serving, host, port) if serving else None
    server.serve(spawn_target=work, target_loader=load, wrap_loader=False)


class _Workers(Granian):  # type: ignore[misc, valid-type]  # its type depends on the interpreter
    """Granian's worker processes, of which a hang-up signal replaces none."""

    def signal_handler_reload(self, *_: Any, **__: Any) -> None:
        """Pass the signal on."""
        for worker in self.wrks:
            os.kill(worker.inner.pid, signal.SIGHUP)


def _worker(opening: Opening, parent: int) -> "_Opened":
    if sys.platform == "linux":  # a killed parent leaves nobody who would answer on its port
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the application takes it
    return _Opened(opening)


def _served(serving: Serving, host: str, port: int, _number: int, _name: str, load: Callable[[], "_Opened"],
            *_granian: Any) -> None:  # fmt: skip
    """What a worker process does that granian does not serve in."""
    opened = load()
    with asyncio.Runner(loop_factory=FASTEST_LOOP) as runner:
        runner.run(_until_stopped(opened, serving, host, port))


async def _until_stopped(opened: "_Opened", serving: Serving, host: str, port: int) -> None:
    stop = stop_asked()
    try:
        async with opened.app() as app, serving(app, host, port, shared=True):
            await stop.wait()
    except StartupError as error:
        print(f"tollway: {error}", file=sys.stderr)  # noqa: T201 - as the command itself would say it
        sys.exit(1)


class _Opened:
    """An application that its server's lifespan opens and closes."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def app(self) -> AsyncIterator[ASGIApp]:
        """The application, until the block ends."""
        async with self._opening() as app:
            gc.collect()
            gc.freeze()  # what lives as long as the process need not be looked through again
            yield app

    def __call__(self, scope: Scope, receive: Receive, send: Any) -> Awaitable[None]:
        if self._app is None:
            return self._live(receive, send)
        return self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Any) -> None:
        await receive()
        try:
            async with self.app() as self._app:
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except StartupError as error:
            print(f"tollway: {error}", file=sys.stderr)  # noqa: T201 - as the command itself would say it
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def _free(host: str, port: int) -> int:
    """The port itself, or one for 0; raises StartupError when it is taken."""
    with closing(bound(host, port)) as probe:
        return int(probe.getsockname()[1])


async def _until_open(host: str, port: int, task: asyncio.Task[None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            if task.done():
                task.result()
                raise StartupError(f"The service on port {port} stopped while it started.") from None
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
