"""How services elsewhere are called: what is kept, what is repeated, and what a broken answer means."""

import asyncio

import pytest

from tollway.context import new_context
from tollway.http.exchange import Call
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.problems import Unavailable, UnknownOutcome

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"


class Elsewhere:
    """A service that says, request by request, what it is told to; None hangs up without a word."""

    def __init__(self, *says: bytes | None) -> None:
        self.says = list(says)
        self.heard: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                self.heard.append(head + await reader.readexactly(length))
                said = self.says.pop(0)
                if said is None:
                    break
                writer.write(said)
                await writer.drain()
                if b"until the end" in said:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()


@pytest.fixture
async def call():
    """Calls a service that says what is given, several times over the same services."""
    opened = []

    async def ask(elsewhere: Elsewhere, *requests: Call, longest: float = 5):
        server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        services = Services(Identity("k" * 40), {"shop": f"http://127.0.0.1:{port}/base"})
        opened.extend((server, services))
        return [await services.send("till", "shop", request, new_context(), longest) for request in requests]

    yield ask
    for each in opened:
        if isinstance(each, Services):
            await each.close()
        else:
            each.close()


def get(path: str = "/shop", **more) -> Call:
    return Call("GET", path, b"", [(b"x-note", b"1")], b"", **more)


def post(body: bytes = b"hello") -> Call:
    return Call("POST", "/shop", b"a=1", [(b"content-type", b"text/plain")], body)


async def test_connections_are_kept(call) -> None:
    """One connection after the other serves reads and writes, each written as HTTP asks."""
    elsewhere = Elsewhere(OK, OK, OK)
    asked = get("/a%20b")
    answers = await call(elsewhere, asked, post(), post(b""))
    assert asked == get("/a%20b")  # what travels with it is not written into what the caller may send again
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"ok")] * 3
    assert answers[0].headers == [(b"content-length", b"2"), (b"content-type", b"text/plain")]
    assert elsewhere.connections == 1
    first, second, third = elsewhere.heard
    assert first.startswith(b"GET /base/a%20b HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nx-note: 1\r\n" in first
    assert first.endswith(b"\r\n\r\n")
    assert second.startswith(b"POST /base/shop?a=1 HTTP/1.1\r\n")
    assert second.endswith(b"content-length: 5\r\n\r\nhello")
    assert b"content-length: 0" in third


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000, b"x" * 1_000_000),
    ],
)
async def test_bodies_of_every_framing_arrive_whole(call, said, body) -> None:
    """However an answer tells where it ends, it is read to there, and interim ones are passed over."""
    (answer,) = await call(Elsewhere(said), get())
    assert answer.body == body
    assert (b"link", b"x") not in answer.headers


async def test_a_read_goes_again_when_an_idle_connection_was_closed(call) -> None:
    """A kept connection that ends when it is used says nothing about a request that is safe to repeat."""
    elsewhere = Elsewhere(OK, None, OK)
    answers = await call(elsewhere, get(), get())
    assert [answer.status for answer in answers] == [200, 200]
    assert elsewhere.connections == 2


async def test_a_write_does_not_go_again(call) -> None:
    """A write that a connection ended on may have happened, so it is not repeated."""
    elsewhere = Elsewhere(OK, None, OK)
    with pytest.raises(UnknownOutcome, match="the connection ended"):
        await call(elsewhere, get(), post())
    assert len(elsewhere.heard) == 2


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"HTTP/1.1 200 OK\r\nx-then: until the end\r\ncontent-length: 10\r\n\r\nshort",
        b"what is this?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: %s\r\n" % (n, b"v" * 1000) for n in range(100)) + b"\r\n",
    ],
)
async def test_a_broken_answer_leaves_a_read_undone_and_a_write_unknown(call, said) -> None:
    """An answer that does not come, breaks off or is no HTTP is classified by what was asked."""
    with pytest.raises(Unavailable, match="did not answer GET /shop"):
        await call(Elsewhere(said), get(), longest=0.5)
    with pytest.raises(UnknownOutcome, match="did not answer POST /shop"):
        await call(Elsewhere(said), post(), longest=0.5)


async def test_a_streamed_answer_is_read_as_it_comes_and_let_go(call) -> None:
    """Parts arrive before the end; whoever stops reading ends the connection, and the next call has another."""
    elsewhere = Elsewhere(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", OK)
    (answer,) = await call(elsewhere, get(streamed=True))
    assert await anext(answer.stream) == b"abc"
    await answer.stream.aclose()
    await asyncio.wait_for(elsewhere.ended.wait(), 20)


async def test_a_head_answer_has_no_body(call) -> None:
    """The length that a HEAD is told is not waited for."""
    head = Call("HEAD", "/shop", b"", [], b"")
    elsewhere = Elsewhere(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", OK)
    answers = await call(elsewhere, head, get())
    assert [(answer.status, answer.body) for answer in answers] == [(200, b""), (200, b"ok")]


async def test_many_calls_at_once_have_a_connection_each(call) -> None:
    """Calls do not wait for one another."""
    elsewhere = Elsewhere(*[OK] * 20)
    await call(elsewhere)
    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    services = Services(Identity("k" * 40), {"shop": url})
    answers = await asyncio.gather(*(services.send("till", "shop", get(), new_context()) for _ in range(20)))
    assert {answer.body for answer in answers} == {b"ok"}
    assert elsewhere.connections == 20
    await services.close()
    server.close()
