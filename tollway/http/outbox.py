"""Sends together what is written in one turn of the event loop."""

import asyncio


class Outbox:
    """What is to be sent when all that is ready has had its turn.

    Whatever is sent wakes its reader, which goes before whoever has more to do, and finds one thing to read. What is
    sent together is read together.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.WriteTransport, bytes]] = []

    def put(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        """Have it sent; whoever writes to the transport itself, or closes it, calls `send` before."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.send)
        self._waiting.append((transport, data))

    def send(self) -> None:
        """Send what waits, but to those who are gone."""
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)
