"""Serves the gateway on an address: in the running event loop, or by several worker processes."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from email.utils import formatdate

from litestar.types import ASGIApp

from gateway.asgi import Gateway
from gateway.http1.connection import Connection
from gateway.http1.refusal import refusal
from tollway.context import new_context
from tollway.http import server
from tollway.http.exchange import Answer
from tollway.http.outbox import Outbox
from tollway.http.ports import bound
from tollway.problems import ProblemError

HEADER_SECONDS = server.HEADER_SECONDS
_STOP_SECONDS = 25
"""How long answers that are under way are waited for at the end; a worker process has 30 for all it has to do."""
_LOOKS, _BETWEEN_LOOKS = 100, 0.02
"""How often, and how many seconds apart, it is looked whether all that was answered has been read."""
_BACKLOG = 2048


@asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int, *, shared: bool = False) -> AsyncIterator[str]:
    """Serve until the block ends and answer the base URL; port 0 takes a free one.

    `shared`: other processes that say so too may listen on the same port. Raises StartupError, naming the setting to
    change, when the port is taken.
    """
    listening = bound(host, port, shared=shared)
    loop, listener = asyncio.get_running_loop(), Listener(app)
    accepting = await loop.create_server(lambda: Connection(listener), sock=listening, backlog=_BACKLOG)
    ticking = asyncio.create_task(listener.tick())
    try:
        yield f"http://{host}:{listening.getsockname()[1]}"
    finally:
        accepting.close()
        await listener.finish()
        ticking.cancel()


def serve_by_workers(opening: server.Opening, host: str, port: int, workers: int) -> None:
    """Serve by processes that share the port until told to stop; each opens an application of its own.

    A worker that ends by itself is replaced; SIGHUP reaches every worker.
    """
    server.serve_by_workers(opening, host, port, workers, serving=serve)


class Listener:
    """What the connections to one application share."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._unread = app.unread if isinstance(app, Gateway) else None
        self.loop = asyncio.get_running_loop()
        self.outbox = Outbox()
        self.connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.now = 0.0
        """The loop's time, to the second."""
        self.date = (b"date", b"")
        """The header that tells when an answer was made."""
        self._look()

    def opened(self, connection: Connection, running: Coroutine[None, None, None]) -> None:
        """Keep a connection in mind while it is open, and until what was asked by it is done."""
        self.connections.add(connection)
        task = self.loop.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refused(self, problem: ProblemError, address: str) -> Answer:
        """What whoever is connected at this address is answered, who sent what was no request."""
        ids = new_context()
        if self._unread:
            self._unread(problem, ids, address)
        return refusal(problem, ids.correlation_id)

    async def tick(self) -> None:
        """Once a second tell the time, and have connections that wait for too long end."""
        while True:
            await asyncio.sleep(1)
            self._look()
            for connection in tuple(self.connections):
                connection.check(HEADER_SECONDS)

    async def finish(self) -> None:
        """End every connection: an idle one at once, others with the answer that is under way."""
        for connection in tuple(self.connections):
            connection.finish()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
        for connection in tuple(self.connections):
            connection.end()
        for _ in range(_LOOKS):
            if not self.connections:
                return
            await asyncio.sleep(_BETWEEN_LOOKS)

    def _look(self) -> None:
        self.now = self.loop.time()
        self.date = (b"date", formatdate(usegmt=True).encode("ascii"))
