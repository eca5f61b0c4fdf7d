"""What the gateway's HTTP/1.1 server makes of what callers send and applications answer, by raw sockets."""

import asyncio
import contextlib
import random
from contextlib import asynccontextmanager

import msgspec
import pytest

from gateway.http1 import connection, server
from tollway.problems import TooSlow

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def _without_complaints(caplog):
    """The loop has had nothing to say of what the server did."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@asynccontextmanager
async def served(app):
    """A connection to the served application."""
    async with server.serve(app, "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        async with asyncio.timeout(20):
            yield reader, writer
        writer.close()


async def answer(send, status=200, body=b"", headers=()):
    """Answer whole."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def whole(reader, *, head=False):
    """The next answer: its status, headers and body."""
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines[1:-2])
    size = 0 if head else int(headers.get(b"content-length", b"0"))
    return int(lines[0].split()[1]), headers, await reader.readexactly(size)


async def echo(scope, receive, send):
    """Answers with the path and the size of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await answer(send, body=b"%b %d" % (scope["path"].encode(), size))


async def test_requests_that_come_together_are_answered_in_their_order() -> None:
    """The first takes longest, and is answered first; the application never has two of one connection at once."""
    at_once = []

    async def app(scope, receive, send):
        at_once.append(scope["path"])
        await asyncio.sleep(0.2 if scope["path"] == "/1" else 0)
        await answer(send, body=scope["path"].encode())
        at_once.remove(scope["path"])
        assert at_once == []

    async with served(app) as (reader, writer):
        writer.write(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(1, 40)))
        bodies = [(await whole(reader))[2] for _ in range(1, 40)]
    assert bodies == [b"/%d" % number for number in range(1, 40)]


async def test_a_body_may_come_while_others_are_answered() -> None:
    """Of requests that come together, the last may lack its body until those before it are answered."""

    async def app(scope, receive, send):
        await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    async with served(app) as (reader, writer):
        for before in range(4):
            writer.write(GET * before + POST % 3)
            for _ in range(before):
                assert (await whole(reader))[2] == b"/ 0"
            writer.write(b"a")
            await asyncio.sleep(0.1)
            writer.write(b"bc")
            assert (await whole(reader))[2] == b"/ 3"


def _request(path: bytes, body: bytes, *, chunked: bool) -> bytes:
    if not chunked:
        return b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)
    parts = (body[place : place + 30_000] for place in range(0, len(body), 30_000))
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % (path, framed)


@pytest.mark.parametrize("seed", range(12))
async def test_every_request_is_answered_however_it_comes_and_is_read(seed) -> None:
    """Bodies of every size, cut anywhere, to applications that read all, some or nothing of them, at once or later."""
    dice = random.Random(seed)  # noqa: S311 - it draws examples

    async def app(scope, receive, send):
        _, _, how, size = scope["path"].split("/")
        if "l" in how:
            await asyncio.sleep(0.003)
        read, more = 0, "r" in how or "s" in how
        while more:
            message = await receive()
            read += len(message["body"])
            more = message["more_body"] and "r" in how
        assert read == int(size) or "r" not in how
        await answer(send, body=scope["path"].encode())

    paths, sent = [], b""
    for number in range(40):
        size = dice.choice((0, 1, 1000, 70_000, 300_000))
        paths.append(b"/%d/%b/%d" % (number, dice.choice((b"r", b"s", b"n", b"lr", b"ls", b"ln")), size))
        sent += _request(paths[-1], dice.randbytes(size), chunked=dice.random() < 0.5)

    async def write(writer):
        place = 0
        while place < len(sent):
            step = dice.choice((1, 50, 5000, 100_000, 400_000))
            writer.write(sent[place : place + step])
            await writer.drain()
            await asyncio.sleep(dice.choice((0, 0, 0.002)))
            place += step

    async with served(app) as (reader, writer):
        writing = asyncio.create_task(write(writer))
        assert [(await whole(reader))[2] for _ in paths] == paths
        await writing


class Transport(asyncio.Transport):
    """Keeps what is written, and whether more is read."""

    def __init__(self):
        super().__init__()
        self.reading, self.written = True, b""

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def is_closing(self):
        return False

    def write(self, data):
        self.written += data


async def test_those_who_ask_together_are_answered_together() -> None:
    """Nothing is sent while somebody else's request is ready, but for the parts of a stream, which come behind."""
    happened = []

    class Telling(Transport):
        def write(self, data):
            happened.append(data.rpartition(b"\r\n\r\n")[2])

    async def app(scope, receive, send):
        path = scope["raw_path"]
        happened.append(path)
        if path == b"/stream":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await answer(send, body=b"answer to %b" % path)

    listener, connections = server.Listener(app), []
    for path in (b"/1", b"/2", b"/stream", b"/3"):
        connections.append(made := connection.Connection(listener))
        made.connection_made(Telling())
        made.data_received(GET.replace(b"/ ", path + b" "))
    for _ in range(5):
        await asyncio.sleep(0)
    assert happened == [b"/1", b"/2", b"/stream", b"answer to /1", b"answer to /2", b"part", b"/3", b"answer to /3"]
    for made in connections:
        made.connection_lost(None)


@pytest.mark.parametrize("early", [True, False], ids=["at once", "later"])
async def test_a_head_that_comes_with_the_connection_does_not_keep_its_body_out(early) -> None:
    """What comes before the connection's task has begun is read on like everything else."""
    made, transport = connection.Connection(server.Listener(echo)), Transport()
    made.connection_made(transport)
    if not early:
        await asyncio.sleep(0)
    made.data_received(POST % 3)
    assert transport.reading
    await asyncio.sleep(0.01)
    made.data_received(b"abc")
    await asyncio.sleep(0.01)
    assert transport.written.endswith(b"/ 3")
    made.connection_lost(None)


@pytest.mark.parametrize("step", [1, 7, 100])
async def test_what_comes_in_pieces_is_read_as_what_comes_at_once(step) -> None:
    """Heads, lengths and chunks may be cut anywhere."""
    chunked = (
        b"POST /c%20d?x=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
    )
    sent = POST % 5 + b"12345" + chunked + GET
    async with served(echo) as (reader, writer):
        for place in range(0, len(sent), step):
            writer.write(sent[place : place + step])
            await asyncio.sleep(0)
        assert [(await whole(reader))[2] for _ in range(3)] == [b"/ 5", b"/c d 5", b"/ 0"]


async def test_an_application_may_do_what_it_may_in_a_task() -> None:
    """It is one task's from its first step to its last, with time-outs and tasks of its own."""

    async def app(scope, receive, send):
        task = asyncio.current_task()
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            await asyncio.sleep(0.01)
            made = group.create_task(asyncio.sleep(0.01, "made"))
        assert asyncio.current_task() is task
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(5)
        except TimeoutError:
            await answer(send, body=made.result().encode())

    async with served(app) as (reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert (await whole(reader))[2] == b"made"


async def test_a_large_body_waits_for_the_application() -> None:
    """A caller is read from no faster than the application reads, and nothing is lost."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        began.set()
        await go_on.wait()
        await echo(scope, receive, send)

    async with served(app) as (reader, writer):
        writer.write(POST % (20 * MEGABYTE) + b"x" * (20 * MEGABYTE))
        await began.wait()
        await asyncio.sleep(0.5)
        assert writer.transport.get_write_buffer_size() > 5 * MEGABYTE
        go_on.set()
        assert (await whole(reader))[2] == b"/ %d" % (20 * MEGABYTE)


async def test_a_body_that_was_not_wanted_is_thrown_away() -> None:
    """The connection goes on with the next request, as long as there is not too much to throw away."""

    async def app(scope, receive, send):
        await answer(send, 401)

    async with served(app) as (reader, writer):
        writer.write(POST % MEGABYTE)
        assert (await whole(reader))[0] == 401
        writer.write(b"x" * MEGABYTE + GET)
        assert (await whole(reader))[0] == 401
        writer.write(POST % (100 * MEGABYTE))
        assert (await whole(reader))[0] == 401
        writer.write(b"x" * (15 * MEGABYTE))
        assert await reader.read() == b""


async def test_an_answer_to_head_has_no_body() -> None:
    """Its headers are those of the answer to GET."""

    async def app(scope, receive, send):
        await answer(send, body=b"12345", headers=[(b"content-length", b"5")])

    async with served(app) as (reader, writer):
        writer.write(GET.replace(b"GET", b"HEAD") + GET)
        assert (await whole(reader, head=True))[1][b"content-length"] == b"5"
        assert (await whole(reader))[2] == b"12345"


async def test_an_answer_without_content_has_no_length() -> None:
    """204 and 304 end with their head."""

    async def app(scope, receive, send):
        await answer(send, 204)

    async with served(app) as (reader, writer):
        writer.write(GET + GET)
        for _ in range(2):
            status, headers, _ = await whole(reader)
            assert status == 204
            assert b"content-length" not in headers


async def stream(scope, receive, send):
    """Answers in parts."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"three"})


async def test_an_answer_in_parts_comes_in_chunks() -> None:
    """An empty part does not end it."""
    async with served(stream) as (reader, writer):
        writer.write(GET + GET)
        for _ in range(2):
            assert b"transfer-encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"


async def test_a_caller_that_knows_no_chunks_gets_none() -> None:
    """In HTTP/1.0 the connection ends each answer."""
    async with served(stream) as (reader, writer):
        writer.write(GET.replace(b"1.1", b"1.0"))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"transfer-encoding" not in head
    assert body == b"onetwothree"


async def test_the_date_is_told_once() -> None:
    """What the application says of it holds."""
    told = [[], [(b"date", b"yesterday")]]

    async def app(scope, receive, send):
        await answer(send, headers=told.pop(0))

    async with served(app) as (reader, writer):
        writer.write(GET + GET)
        assert (await whole(reader))[1][b"date"].endswith(b" GMT")
        assert (await whole(reader))[1][b"date"] == b"yesterday"


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b=c", b"a\n", b"a\rb"])
async def test_a_header_cannot_become_two(value) -> None:
    """What would be read as another header is not sent: the caller is told that something failed."""

    async def app(scope, receive, send):
        await answer(send, headers=[(b"x-note", value), (b"content-length", b"0")])

    async with served(app) as (reader, writer):
        writer.write(GET)
        status, headers, body = await whole(reader)
        assert status == 500
        assert b"set-cookie" not in headers
        assert headers[b"correlation-id"].decode() == msgspec.json.decode(body)["correlation_id"]


async def test_a_caller_may_ask_for_the_end() -> None:
    """After `Connection: close` nothing more is read, however quickly it was answered."""
    async with served(echo) as (reader, writer):
        writer.write(GET.replace(b"Host", b"Connection: close\r\nHost") + GET)
        _, headers, body = await whole(reader)
        assert headers[b"connection"] == b"close"
        assert body == b"/ 0"
        assert await reader.read() == b""


async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    """An application that fails half way ends the connection without the end of the answer."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        raise RuntimeError

    async with served(app) as (reader, writer):
        writer.write(GET)
        content = b""
        try:
            content = await reader.readuntil(b"\r\none\r\n")
            content += await reader.read()
        except ConnectionResetError:
            pass
    assert not content.endswith(b"0\r\n\r\n")


async def test_a_caller_that_sends_no_more_gets_its_answers() -> None:
    """One half of a connection may be closed before the answers have come."""

    async def app(scope, receive, send):
        await asyncio.sleep(0.2)
        await echo(scope, receive, send)

    async with served(app) as (reader, writer):
        writer.write(GET + POST % 3 + b"abc")
        writer.write_eof()
        content = await reader.read()
    assert content.count(b"HTTP/1.1 200 OK") == 2
    assert content.endswith(b"/ 3")


async def test_an_application_is_told_that_its_caller_has_left() -> None:
    """Whoever waits for the caller hears so at once."""
    heard = asyncio.Event()

    async def app(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    async with served(app) as (_, writer):
        writer.write(GET)
        await asyncio.sleep(0.1)
        writer.close()
        await heard.wait()


async def test_a_caller_that_does_not_read_is_waited_for_and_then_not(monkeypatch) -> None:
    """An answer is made as fast as it is read, and given up when none of it is."""
    monkeypatch.setattr(connection, "_STALLED_SECONDS", 2)
    parts, ended = [], asyncio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(60):
            await send({"type": "http.response.body", "body": b"x" * MEGABYTE, "more_body": True})
            parts.append(1)
        ended.set()

    async with served(app) as (reader, writer):
        writer.write(GET)
        await asyncio.sleep(1)
        assert 0 < len(parts) < 30
        await ended.wait()  # what nobody reads goes nowhere
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(70 * MEGABYTE)


async def test_a_caller_that_reads_nothing_is_not_answered_on_and_on() -> None:
    """Requests that come together wait for room in their turn, although whole answers are not sent at once."""
    answered = 0

    async def app(scope, receive, send):
        nonlocal answered
        answered += 1
        await answer(send, body=b"x" * 60_000)

    async with served(app) as (reader, writer):
        writer.write(GET * 1_000)
        await asyncio.sleep(1)
        waits = answered
        await asyncio.sleep(0.2)
        assert waits == answered < 500
        for _ in range(1_000):
            assert len((await whole(reader))[2]) == 60_000


async def test_a_caller_that_reads_slowly_gets_all_of_its_answer(monkeypatch) -> None:
    """As long as some of it is read it is sent, however long that takes, the last answer of a connection, too."""
    monkeypatch.setattr(connection, "_STALLED_SECONDS", 1)
    monkeypatch.setattr(connection, "_LINGER_SECONDS", 1)

    async def app(scope, receive, send):
        await answer(send, body=b"x" * 8 * MEGABYTE)

    async with served(app) as (reader, writer):
        writer.write(GET.replace(b"Host", b"Connection: close\r\nHost"))
        content = bytearray()
        while part := await reader.read(100_000):
            content += part
            await asyncio.sleep(0.06)
    assert content.endswith(b"x" * 8 * MEGABYTE)


async def test_a_body_that_stops_is_not_waited_for(monkeypatch) -> None:
    """An application that waits for the rest is told so, where it does not know better itself."""
    monkeypatch.setattr(connection, "_STALLED_SECONDS", 1)

    async def app(scope, receive, send):
        try:
            await echo(scope, receive, send)
        except TooSlow as error:
            await answer(send, error.status)

    async with served(app) as (reader, writer):
        writer.write(POST % 10 + b"abc")
        status, headers, _ = await whole(reader)
        assert (status, headers[b"connection"]) == (408, b"close")


CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n\r\nhello", CHUNKS], ids=["length", "chunks"])
@pytest.mark.parametrize("step", [1, 1000])
async def test_a_body_with_a_proposal_to_speak_something_else_is_read(framing, step) -> None:
    """Who would rather have HTTP/2 is answered in HTTP/1.1, with all it sent; what stands behind is not read."""
    sent = b"POST /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + framing + GET
    async with served(echo) as (reader, writer):
        for place in range(0, len(sent), step):
            writer.write(sent[place : place + step])
            await asyncio.sleep(0)
        _, headers, body = await whole(reader)
        assert (headers[b"connection"], body) == (b"close", b"/u 5")
        assert await reader.read() == b""


async def test_an_application_that_is_cancelled_ends_the_connection() -> None:
    """Nobody waits for an answer that will not come."""

    async def app(scope, receive, send):
        raise asyncio.CancelledError

    async with served(app) as (reader, writer):
        writer.write(GET)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""


async def test_many_requests_together_do_not_keep_others_waiting() -> None:
    """What comes on another connection is answered between them."""
    order = []

    async def app(scope, receive, send):
        order.append(scope["path"])
        await answer(send)

    async with server.serve(app, "127.0.0.1", 0) as url, asyncio.timeout(20):
        port = int(url.rpartition(":")[2])
        (_, many), (one, writer) = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        many.write(GET * 3000)
        writer.write(GET.replace(b"/", b"/other", 1))
        await whole(one)
        assert order.index("/other") < 2000
        many.close()
        writer.close()


async def test_a_status_without_a_name_is_a_status() -> None:
    """What a service answers is passed on, whether or not it is known here."""

    async def app(scope, receive, send):
        await answer(send, 520)

    async with served(app) as (reader, writer):
        writer.write(GET)
        assert (await whole(reader))[0] == 520


async def test_what_came_before_the_end_is_answered() -> None:
    """A request that was read whole is answered, even behind an answer that is only being read."""

    async def app(scope, receive, send):
        await answer(send, body=b"x" * (20 * MEGABYTE if scope["path"] == "/big" else 1))

    async with served(app) as (reader, writer):
        writer.write(GET.replace(b"/", b"/big", 1))
        await asyncio.sleep(0.2)
        writer.write(GET + b"NONSENSE\r\n\r\n")
        await asyncio.sleep(0.2)
        assert [(await whole(reader))[0] for _ in range(3)] == [200, 200, 400]


async def test_a_body_is_asked_for_when_it_is_wanted() -> None:
    """A caller that waits to be told so is told to go on once, and not at all when its request is refused."""

    async def app(scope, receive, send):
        if scope["path"] == "/refused":
            await answer(send, 403)
        else:
            await echo(scope, receive, send)

    expecting = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    async with served(app) as (reader, writer):
        writer.write(expecting % b"/wanted")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await whole(reader))[2] == b"/wanted 2"
        writer.write(expecting % b"/refused")
        status, headers, _ = await whole(reader)
        assert (status, headers[b"connection"]) == (403, b"close")  # whether the body comes is not known any more


async def test_what_is_no_request_is_told_so_after_the_answers_before_it() -> None:
    """The problem document says what cannot be read, and the connection ends; nothing behind it is looked at."""

    async def app(scope, receive, send):
        await asyncio.sleep(0.1)
        await echo(scope, receive, send)

    async with served(app) as (reader, writer):
        writer.write(GET + b"NONSENSE\r\n\r\n" + GET)
        status, headers, _ = await whole(reader)
        assert status == 200
        assert b"connection" not in headers
        status, headers, body = await whole(reader)
        assert await reader.read() == b""
    assert status == 400
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"connection"] == b"close"
    assert msgspec.json.decode(body)["type"] == "urn:tollway:problem:malformed-request"


async def test_an_idle_connection_ends(monkeypatch) -> None:
    """It is kept for a while after an answer, and then closed without a word."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 1)
    async with served(echo) as (reader, writer):
        writer.write(GET)
        await whole(reader)
        await asyncio.sleep(0.3)
        writer.write(GET)
        await whole(reader)
        assert await reader.read() == b""


async def test_a_stream_is_broken_off_at_the_end_and_an_answer_is_not() -> None:
    """The server ends when what was asked is answered, and waits for no stream that would go on for ever."""
    writers, contents = [], []

    async def app(scope, receive, send):
        if scope["path"] == "/whole":
            await asyncio.sleep(0.5)
            await answer(send, body=b"done")
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async with server.serve(app, "127.0.0.1", 0) as url, asyncio.timeout(10):
        for path in (b"/whole", b"/stream"):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.write(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            writers.append((reader, writer))
        await writers[1][0].readuntil(b"one")
    for reader, writer in writers:
        try:
            contents.append(await reader.read())
        except ConnectionResetError:
            contents.append(b"")
        writer.close()
    assert contents[0].endswith(b"done")
    assert not contents[1].endswith(b"0\r\n\r\n")
