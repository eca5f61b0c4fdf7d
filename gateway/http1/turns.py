"""The requests of one connection, each answered when the one before it is."""

import asyncio
from collections import deque
from collections.abc import Callable

from litestar.types import ASGIApp

from gateway.http1.exchange import Exchange
from tollway.http.waiting import wake


class Turns:
    """Has an application answer in one task for the connection: one for each request would cost more than to read it.

    What was read of all connections is answered together, instead of where it is read: code that runs again and again
    stays in the processor's caches. The application is to leave its execution context as it found it.
    """

    def __init__(self, app: ASGIApp, ended: Callable[[Exchange], None]) -> None:
        """`ended` is called with each exchange whose application has returned, and of which nothing more comes."""
        self.current: Exchange | None = None
        self._app = app
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._next: deque[Exchange] = deque()
        self._closing = False
        self._turn: asyncio.Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether there is a request that is not answered."""
        return self.current is not None or bool(self._next)

    @property
    def waiting(self) -> int:
        """How many wait for the current exchange to end."""
        return len(self._next)

    @property
    def ending(self) -> bool:
        """Whether the current exchange is the last one."""
        return self._closing and not self._next

    def add(self, exchange: Exchange) -> bool:
        """Have it take its turn; answers whether it has to wait for others."""
        waits = self.busy
        self._next.append(exchange)
        self._wake()
        return waits

    async def run(self) -> None:
        """Answer one after the other; returns when the last exchange has ended."""
        app, following, ended = self._app, self._next, self._ended
        while True:
            while not following:
                if self._closing:
                    return
                self._turn = self._loop.create_future()
                await self._turn
            exchange = self.current = following.popleft()
            await exchange.run(app)
            self.current = None
            ended(exchange)
            if following:  # who sends many requests together does not keep the others waiting
                await asyncio.sleep(0)

    def leave(self) -> None:
        """Tell those that are here that nobody waits for more than their answers."""
        for exchange in (self.current, *self._next):
            if exchange:
                exchange.left = True
                exchange.wake()

    def close(self) -> None:
        """Take no request after those that are here; what is answered already is not waited for."""
        self._closing = True
        if self.current and self.current.answered and not self.current.complete:
            self.current.closing = True
            self.current.wake()
        self._wake()

    def forget(self) -> None:
        """Begin none of those that wait."""
        self._next.clear()
        self.close()

    def _wake(self) -> None:
        wake(self._turn)
