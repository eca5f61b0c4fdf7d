"""A log, subscriptions, receivers that listen on loopback, and workers that deliver to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tollway.canonical.event import BusinessEvent, ProcessFinished
from tollway.canonical.event_facts import ProcessFacts
from tollway.canonical.subscription import Channel, Subscription, SubscriptionOrder
from tollway.events.delivery import Delivery
from tollway.events.failures import Failures
from tollway.events.log import EventLog, Happening
from tollway.events.settings import EventsSettings
from tollway.events.signing import Seal
from tollway.events.subscriptions import Subscriptions
from tollway.events.webhooks import Webhooks
from tollway.http.outside import Outside
from tollway.sandboxes.server import serve
from tollway.storage import Database
from tollway.storage.leases import Leases

OWNER = "partner-app"
LOOPBACK = ["127.0.0.0/8"]


def happened(number: int, subject: str = "P-1") -> Happening:
    """A process of some deal that went through."""
    facts = ProcessFacts(process="collections", process_id=f"collections:{number}", subject=subject)
    return Happening(kind=ProcessFinished, key=f"collections:{number}", subject=subject, data=facts)


class Receiver:
    """A webhook's receiver that answers as it is told to, and remembers what came."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.taken: list[BusinessEvent] = []
        self.answers: Callable[[BusinessEvent], int] = lambda _: 204
        self.seconds = 0.0
        self.headers: list[tuple[bytes, bytes]] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body, more = b"", scope["type"] == "http"
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        if scope["type"] != "http":
            return
        event = msgspec.json.decode(body, type=BusinessEvent)
        self.received.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        status = self.answers(event)
        if status < 300:
            self.taken.append(event)
        await send({"type": "http.response.start", "status": status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"so it is" if status >= 300 else b""})

    def keys(self, subject: str = "") -> list[int]:
        """The numbers of the events that were taken, in the order in which they came."""
        return [int(one.data.process_id.partition(":")[2]) for one in self.taken if subject in ("", one.subject)]


class Worker(Delivery):
    """Delivers; its turn ends when everything that it began has ended."""

    async def turn(self) -> None:
        """Take a whole turn."""
        await super().turn()
        await asyncio.gather(*self._serving.values())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything."""
    made = Receiver()
    async with serve(made) as address:
        made.url = f"{address.url}/hooks?of=tollway"
        yield made


@pytest.fixture
async def slow_receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers after a minute."""
    made = Receiver()
    made.seconds = 60.0
    async with serve(made) as address:
        made.url = f"{address.url}/hooks"
        yield made


@pytest.fixture
def log(database: Database) -> EventLog:
    """An empty log."""
    return EventLog(database)


@pytest.fixture
def subscriptions(database: Database) -> Subscriptions:
    """Nobody's subscriptions."""
    return Subscriptions(database, Seal(b"k" * 32))


@pytest.fixture
def failures(database: Database) -> Failures:
    """What was not taken."""
    return Failures(database)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    """The way to receivers on this machine."""
    made = Outside(LOOPBACK, timeout=2)
    yield made
    await made.close()


@pytest.fixture
def subscribe(subscriptions: Subscriptions) -> Callable[..., Awaitable[Subscription]]:
    """Makes subscriptions to all that is in the log."""

    async def make(
        url: str | None, owner: str = OWNER, channel: Channel = Channel.WEBHOOK, **more: Any
    ) -> Subscription:
        order = SubscriptionOrder(name="all of it", channel=channel, url=url, **more)
        return await subscriptions.create(owner, order, 0)

    return make


@pytest.fixture
def worker(
    database: Database, log: EventLog, subscriptions: Subscriptions, failures: Failures, outside: Outside
) -> Callable[..., Worker]:
    """Makes workers, each with a name of its own."""
    made: list[Worker] = []

    def make(*pauses: float, senders: dict[Channel, Any] | None = None) -> Worker:
        settings = EventsSettings(retry_seconds=pauses or (0.01, 0.01, 0.01))
        leases = Leases(database, f"worker-{len(made)}")
        given = senders or {Channel.WEBHOOK: Webhooks(outside)}
        made.append(Worker(log, subscriptions, failures, leases, given, settings))
        return made[-1]

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Takes turns until something is so, or fails after ten seconds."""

    async def wait(so: Callable[[], bool], turn: Callable[[], Awaitable[None]]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while not so():
                    await turn()
                    await asyncio.sleep(0.02)
        assert so()

    return wait


@pytest.fixture
def tell(log: EventLog) -> Callable[..., Awaitable[None]]:
    """Tells that processes went through, of a subject for each number."""

    async def told(*numbers: int, subject: Callable[[int], str] = lambda _: "P-1") -> None:
        await log.tell(*[happened(number, subject(number)) for number in numbers])

    return told
