"""What is written in one turn of the loop, and when it is sent."""

import asyncio

from tollway.http.connection import Connection
from tollway.http.outbox import Outbox


class Transport(asyncio.WriteTransport):
    """Tells a list of what is sent by it."""

    def __init__(self, sent, *, closing=False):
        super().__init__()
        self.sent, self.closing = sent, closing

    def is_closing(self):
        return self.closing

    def write(self, data):
        self.sent.append(data)


async def test_all_that_is_ready_has_its_turn_before_anything_is_sent() -> None:
    """A reader that is woken half way would find half of it."""
    happened, outbox = [], Outbox()

    async def write(data):
        happened.append("wrote")
        outbox.put(Transport(happened), data)

    await asyncio.gather(*(write(data) for data in (b"1", b"2", b"3")))
    await asyncio.sleep(0)
    assert happened == ["wrote", "wrote", "wrote", b"1", b"2", b"3"]


async def test_what_waits_can_be_sent_at_once_and_is_sent_once() -> None:
    """Whoever sends by itself sends behind it."""
    sent, outbox = [], Outbox()
    outbox.put(Transport(sent), b"1")
    outbox.send()
    assert sent == [b"1"]
    outbox.put(Transport(sent), b"2")
    for _ in range(3):
        await asyncio.sleep(0)
    assert sent == [b"1", b"2"]


async def test_nothing_is_sent_to_who_is_gone() -> None:
    """The others get theirs."""
    sent, outbox = [], Outbox()
    for data, closing in ((b"1", False), (b"2", True), (b"3", False)):
        outbox.put(Transport(sent, closing=closing), data)
    outbox.send()
    assert sent == [b"1", b"3"]


async def test_services_are_asked_together() -> None:
    """What is asked over several connections is sent when the last of them has been."""
    sent, outbox, answers = [], Outbox(), []
    for request in (b"1", b"2"):
        connection = Connection(outbox)
        connection.connection_made(Transport(sent))
        answers.append(connection.ask(request, until=0.0))
        assert sent == []
    await asyncio.sleep(0)
    assert sent == [b"1", b"2"]
    assert not any(answer.done() for answer in answers)
