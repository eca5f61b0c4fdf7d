"""A service that runs several times: who is asked, who is left alone, and what is asked again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tollway.context import new_context
from tollway.http.exchange import Answer, Call
from tollway.http.replicas import Replicas
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.problems import StartupError, Unavailable, UnknownOutcome
from tollway.resilience.breaker import BreakerLimits

LIMITS = BreakerLimits(failures_in_a_row=3, open_seconds=2.0)
READ = Call("GET", "/shop", b"", [], b"")
WRITE = Call("POST", "/shop", b"", [], b"hello")


class Shop:
    """One of several, which answers by its name, or as it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self.status = b"200 OK"
        self.type = b"text/plain"
        self.seconds = 0.0
        self.hangs_up = False
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """It listens, at the same address each time."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    @property
    def url(self) -> str:
        """Where it answers, once it has been open."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                await asyncio.sleep(self.seconds)
                if self.hangs_up:
                    break
                head = b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-type: %s\r\n\r\n" % (self.status, self.type)
                writer.write(head + self.name.encode())
                await writer.drain()
                break
        writer.close()


@pytest.fixture
async def shops() -> AsyncIterator[tuple[Shop, Shop]]:
    """Two of them, open."""
    first, second = Shop("first"), Shop("second")
    async with first.open(), second.open():
        yield first, second


@pytest.fixture
async def both(shops) -> AsyncIterator[Replicas]:
    """The service that the two are."""
    replicas = Replicas("shop", [shop.url for shop in shops], LIMITS)
    yield replicas
    await replicas.close()


async def names(replicas: Replicas, count: int, request: Call = READ) -> list[str]:
    """Who answers so many calls."""
    return [(await replicas.call(request, 5)).body.decode() for _ in range(count)]


async def asked_again(replicas: Replicas, shop: Shop) -> None:
    """Call until one that was left alone answers."""
    async with asyncio.timeout(20):
        while shop.name not in await names(replicas, 1):  # noqa: ASYNC110 - a connection tells nobody
            await asyncio.sleep(0.05)


async def test_calls_go_round(both):
    """Each has the same share."""
    assert sorted(await names(both, 10)) == ["first"] * 5 + ["second"] * 5


async def test_one_that_is_gone_costs_no_call():
    """What it could not take the other takes, writes too; it is left alone, and asked again once it is back."""
    first, second = Shop("first"), Shop("second")
    async with first.open():
        async with second.open():
            replicas = Replicas("shop", [first.url, second.url], LIMITS)
        assert await names(replicas, 10, WRITE) == ["first"] * 10
        async with second.open():
            assert second.asked == 0
            await asked_again(replicas, second)
            assert sorted(await names(replicas, 10)) == ["first"] * 5 + ["second"] * 5
        await replicas.close()


async def test_one_that_hangs_up_is_left_alone(shops, both):
    """A read goes to the other one, and after a few times does so at once."""
    _, second = shops
    second.hangs_up = True
    assert await names(both, 20) == ["first"] * 20
    assert second.asked == LIMITS.failures_in_a_row


async def test_a_write_that_arrived_is_not_made_again(shops, both):
    """Whether it was carried out nobody knows, so no other replica gets it."""
    for shop in shops:
        shop.hangs_up = True
    with pytest.raises(UnknownOutcome):
        await both.call(WRITE, 5)
    assert [shop.asked for shop in shops] in ([1, 0], [0, 1])


async def test_what_a_service_says_itself_is_no_failure(shops, both):
    """A problem document of 503 tells of a platform; a bare 503 comes from something that stands in its place."""
    _, second = shops
    second.status, second.type = b"503 Service Unavailable", b"application/problem+json"
    assert (await names(both, 20)).count("second") == 10
    second.type = b"text/html"
    assert (await names(both, 20)).count("second") == LIMITS.failures_in_a_row


async def test_a_caller_in_a_hurry_puts_nobody_aside(shops, both):
    """A silence counts only where there was time to answer."""
    for shop in shops:
        shop.seconds = 0.2
    for _ in range(8):
        with pytest.raises(Unavailable):
            await both.call(READ, 0.05)
    for shop in shops:
        shop.seconds = 0.0
    assert sorted(await names(both, 4)) == ["first"] * 2 + ["second"] * 2


async def test_where_all_are_left_alone_all_are_asked(shops, both):
    """Nobody waits for a service that is back, only since all of it was away a moment ago."""
    for shop in shops:
        shop.hangs_up = True
    for _ in range(4):
        with pytest.raises(Unavailable):
            await both.call(READ, 5)
    for shop in shops:
        shop.hangs_up = False
    assert len(await names(both, 6)) == 6
    for shop in shops:
        await asked_again(both, shop)


async def test_the_setting_names_them_all(shops):
    """A URL may be several; what is none is told at the start, with the setting."""
    services = Services(Identity("k" * 40), {"shop": " ".join(shop.url for shop in shops)})
    answers: list[Answer] = [await services.send("till", "shop", READ, new_context()) for _ in range(2)]
    assert {answer.body for answer in answers} == {b"first", b"second"}
    await services.close()
    for wrong in ("shop:8101", "http://", "http://127.0.0.1:1 shop"):
        services = Services(Identity("k" * 40), {"shop": wrong})
        services.expect("shop")
        with pytest.raises(StartupError, match=r"services\.shop\.url"):
            services.check()
