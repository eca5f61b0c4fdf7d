"""Writes to a caller, and knows whether it reads."""

import asyncio

from tollway.http.outbox import Outbox
from tollway.http.waiting import wake


class Writer:
    """The way back to a caller, which may have left."""

    __slots__ = ("_outbox", "_room", "_transport", "full")

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self.full = False
        """Whether the caller does not read as fast as it is written to."""
        self._transport = transport
        self._outbox = outbox
        self._room: asyncio.Future[None] | None = None

    @property
    def unsent(self) -> int:
        """Bytes that wait for the caller."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send at once, so that it is known whether there is room for more."""
        self._outbox.send()
        if not self._transport.is_closing():
            self._transport.write(data)

    def write_soon(self, data: bytes) -> None:
        """Send together with what others are answered now."""
        self._outbox.put(self._transport, data)

    async def drained(self) -> None:
        """Wait until the caller has read enough, or is gone."""
        while self.full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def has_room(self) -> None:
        """Have the answer go on."""
        self.full = False
        wake(self._room)

    def end(self) -> None:
        """Tell the caller that nothing follows what was written."""
        self._outbox.send()
        if not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """End the connection when all that was written is sent."""
        self._outbox.send()
        self._transport.close()
