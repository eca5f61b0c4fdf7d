"""The wire between workers and a platform, which can be cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Passes bytes on in both directions."""

    def __init__(self, port: int) -> None:
        """`port` is where the platform answers."""
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._dead = False

    def cut(self) -> int:
        """Break every connection at once, in the middle of whatever it carries; answers how many there were."""
        cut = len(self._open) // 2
        for writer in self._open:
            writer.transport.abort()
        return cut

    async def dead(self, seconds: float) -> None:
        """Cut, and let nobody connect for a while."""
        self._dead = True
        self.cut()
        await asyncio.sleep(seconds)
        self._dead = False

    @asynccontextmanager
    async def served(self, port: int) -> AsyncIterator[None]:
        """Listen on `port` until the block ends."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()
            self.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:
            writer.transport.abort()
            return
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, ours}
        self._open |= pair
        try:
            await asyncio.gather(_pass(reader, ours), _pass(theirs, writer))
        finally:
            self._open -= pair
            for one in pair:
                one.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    writer.close()
