"""A caller's connection: its requests are answered one after the other."""

import asyncio
from typing import TYPE_CHECKING, Any

from gateway.http1.exchange import Exchange
from gateway.http1.reader import Reader
from gateway.http1.refusal import refusal
from gateway.http1.turns import Turns
from gateway.http1.writer import Writer
from tollway.problems import ProblemError, TooSlow

if TYPE_CHECKING:  # it takes the connections
    from gateway.http1.server import Listener

_STALLED_SECONDS = 60
"""How long an answer may wait for a caller that reads none of it."""
_LINGER_SECONDS = 2
"""How long is listened after the last answer: a connection closed while its caller is still sending would take the
answer with it."""


class Connection(asyncio.Protocol):
    """The transport of one caller, and who waits for what on it."""

    def __init__(self, listener: "Listener") -> None:
        self.loop = listener.loop
        self.writer: Writer
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._reader: Reader
        self._turns = Turns(listener.app, self._ended)
        self._since = listener.now
        """When the state began whose end is waited for."""
        self._deaf = False
        """Whether what comes is no longer read."""
        self._held = False
        """Whether the caller is told to wait with what it sends."""
        self._left = False
        """Whether the caller sends no more."""
        self._refused: ProblemError | None = None
        """What came last was no request, for this reason; told when those before it are answered."""
        self._unsent = 0
        """Bytes that waited for the caller when that was last looked at."""
        self._in_head = False
        """Whether it was in the middle of a head then."""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for requests."""
        self._transport = transport  # type: ignore[assignment]  # create_server makes no other
        self.writer = Writer(transport, self._listener.outbox)  # type: ignore[arg-type]  # see above
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._address = peer[0] if peer else ""
        self._reader = Reader(self._begun, self._arrived, peer and peer[:2], here and here[:2])
        self._listener.opened(self, self._run())

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._deaf:
            return
        try:
            self._reader.feed(data)
        except ProblemError as problem:
            self._refuse(problem)
        if self._reader.over:
            self._deaf = True
            self._turns.close()

    def eof_received(self) -> bool:
        """Take no more requests; who sent the last one may still read its answer, but a stream is broken off."""
        self._left = True
        self._turns.close()
        self._turns.leave()
        return self._turns.busy

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it makes no difference why
        """Tell the exchange whose turn it is, which goes on to its end."""
        self._transport, self._deaf = None, True
        self._turns.forget()
        self._listener.connections.discard(self)
        self.eof_received()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Have the answer wait."""
        self.writer.full = True

    def resume_writing(self) -> None:
        """Have the answer go on."""
        self.writer.has_room()

    # What the reader calls

    def _begun(self, scope: dict[str, Any]) -> Exchange:
        exchange = Exchange(self, scope)
        if self._turns.add(exchange):
            self.pause()
        return exchange

    def _arrived(self, exchange: Exchange) -> None:
        exchange.complete = True
        exchange.wake()

    # What the exchanges call

    @property
    def ending(self) -> bool:
        """Whether the answer to come is the last one."""
        return self._turns.ending and self._refused is None

    @property
    def now(self) -> float:
        """The loop's time, to the second."""
        return self._listener.now

    @property
    def date(self) -> tuple[bytes, bytes]:
        """The header that tells when an answer was made."""
        return self._listener.date

    def pause(self) -> None:
        """Have the caller wait with what it sends."""
        if self._transport and not self._held:
            self._held = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Have it go on."""
        if self._held:
            self._held = False
            if self._transport and not self._transport.is_closing():
                self._transport.resume_reading()

    def unwanted(self) -> None:
        """Have the caller send what is left of a request that is answered, to read its answer thereafter."""
        self._since = self._listener.now
        self.resume()

    # What the listener calls

    def check(self, header_seconds: float) -> None:
        """End the connection when what is waited for does not come."""
        now, turns = self._listener.now, self._turns
        if self._moves():
            self._since = now
        waited = now - self._since
        if self._unsent or (self._deaf and not turns.busy):
            if waited > (_STALLED_SECONDS if self._unsent else _LINGER_SECONDS):
                self._abort()
        elif turns.busy:
            self._check_body(turns.current, header_seconds)
        elif waited > header_seconds and self._in_head:
            self._refuse(TooSlow(f"The request's head did not arrive in {header_seconds} seconds."))
        elif waited > header_seconds:
            turns.close()

    def _check_body(self, exchange: Exchange | None, longest: float) -> None:
        """Wait no longer for the rest of a request than is given to an application, or for what nobody wants."""
        if exchange and not exchange.complete:
            if exchange.answered and self._listener.now - self._since > longest:
                self._turns.close()
            elif not exchange.answered and self._listener.now - exchange.heard > _STALLED_SECONDS:
                self._refuse(TooSlow(f"Nothing of the request's body has come for {_STALLED_SECONDS} seconds."))

    def _moves(self) -> bool:
        """Whether the caller has read something since this was last looked at, or has begun a head."""
        unsent, in_head = self.writer.unsent, self._reader.in_head
        moves = (unsent != self._unsent) or (in_head and not self._in_head)
        self._unsent, self._in_head = unsent, in_head
        return moves

    def finish(self) -> None:
        """Take no more requests, and end once those that are here are answered; a stream is broken off."""
        self._turns.close()
        if self._turns.current and self._turns.current.started:
            self._turns.leave()

    def end(self) -> None:
        """End when all that was written is sent."""
        if self._transport:
            self.writer.close()

    # How exchanges end, and the connection with them

    async def _run(self) -> None:
        """Have the requests answered, and at last let go of the caller: send no more, and listen until it has left."""
        try:
            await self._turns.run()
        except BaseException:  # an application was cancelled: nobody else would end the connection
            self._abort()
            raise
        self._deaf, self._since = True, self._listener.now
        if self._refused:
            answer = self._listener.refused(self._refused, self._address)
            Exchange(self, {"method": "", "http_version": "1.1", "headers": []}).answer(answer)
        if self._transport is None or self._transport.is_closing():
            return
        if self._left:
            self.writer.close()
        else:
            self.writer.end()
            self._transport.resume_reading()

    def _ended(self, exchange: Exchange) -> None:
        self._since = self._listener.now
        if not exchange.answered:
            self._unanswered(exchange)
        if exchange.closing:
            self._deaf, self._refused = True, None  # the caller expects nothing more
            self._turns.forget()
        elif self._held and self._turns.waiting <= 1:  # the rest of the next one may still have to come
            self.resume()

    def _unanswered(self, exchange: Exchange) -> None:
        """End what the application left without an answer, or in the middle of one."""
        if not exchange.started:
            exchange.answer(refusal(ProblemError("Something failed that nobody foresaw.")))
        else:
            self._abort()
        exchange.closing = True

    def _abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _refuse(self, problem: ProblemError) -> None:
        """Read no further, and tell why: in the answer to the request that this is of, or behind all answers."""
        self._deaf = True
        if arriving := self._reader.arriving:
            arriving.broken, arriving.closing = problem, True
            arriving.wake()
        else:
            self._refused = problem
        self._turns.close()
