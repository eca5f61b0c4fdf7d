"""What keeps the served gateway well, and its callers safe, whoever calls."""

import asyncio
import time

import httpx
import pytest

from policies.security_headers import fields

GET = b"GET /orders/v1/orders HTTP/1.1\r\nHost: a\r\n"
HALF = b"POST /orders/v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n{"
CLIENTS = 64
SECONDS = 4
ORDERS = "/orders/v1/orders"


@pytest.fixture
async def client(served):
    """A client of the served gateway."""
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as made:
        yield made


async def test_clients_that_vanish_mid_body_leave_nothing_behind(served) -> None:
    """While ordinary requests go on, thousands of connections end half way; then nothing is in flight any more.

    The gateway takes 40 requests at once, so as many that it still held would have it refuse the last ones here.
    """
    before = (await served.is_well())["tasks"]
    memory, ends = served.memory(), time.monotonic() + SECONDS
    vanished = sum(await asyncio.gather(*(_vanish(served.port, ends) for _ in range(CLIENTS))))
    assert vanished > 500
    await asyncio.sleep(2)  # longer than a body may pause
    assert (await served.is_well())["tasks"] == before
    answers = await asyncio.gather(
        *(served.send(GET + b"X-Sleep: 0.5\r\nConnection: close\r\n\r\n") for _ in range(39))
    )
    assert [answered.statuses for answered in answers] == [[200]] * 39
    assert served.memory() - memory < 60_000_000


async def test_readers_of_a_stream_that_vanish_leave_nothing_behind(served) -> None:
    """Of streams on which nothing comes, those whose readers are gone are ended, so that none fills a cap."""
    before = (await served.is_well())["tasks"]
    for number in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /orders/v1/changes HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(20):
            await reader.readuntil(b"data: one")
        if number % 2:
            writer.transport.abort()
        else:
            writer.close()
    async with asyncio.timeout(10):
        while (await served.is_well())["tasks"] != before:  # noqa: ASYNC110 - the process tells nobody
            await asyncio.sleep(0.1)


async def _vanish(port: int, ends: float) -> int:
    """Open a connection, send half a request and go, again and again; each second way is a reset."""
    count = 0
    while time.monotonic() < ends:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF)
        await writer.drain()
        await asyncio.sleep(0.01)
        if count % 2:
            writer.transport.abort()
        else:
            writer.close()
        count += 1
    return count


async def test_too_much_at_once_is_shed_with_a_time_to_come_again(served) -> None:
    """Beyond what it takes at once the gateway refuses within milliseconds, and takes all again afterwards."""
    slow = [served.send(GET + b"X-Sleep: 1.5\r\nConnection: close\r\n\r\n") for _ in range(60)]
    answers = await asyncio.gather(*slow)
    refused = [answered for answered in answers if answered.statuses == [503]]
    assert 15 <= len(refused) <= 25
    assert sum(answered.statuses == [200] for answered in answers) == 60 - len(refused)
    for answered in refused:
        assert answered.problem()["type"] == "urn:tollway:problem:temporary-reduced-capacity"
        assert b"\r\nretry-after: " in answered.content
        assert answered.seconds < 1.4
    await served.is_well()


async def test_a_failing_service_is_left_alone_and_tried_again(served, client) -> None:
    """After five failures callers are refused without the service being asked, until its time is over."""
    for _ in range(5):
        assert (await client.get(ORDERS, headers={"x-status": "503"})).status_code == 503
    served.reached()
    answer = await client.get(ORDERS)
    assert (answer.status_code, served.reached()) == (503, [])
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    await asyncio.sleep(1.1)
    await served.is_well()


async def test_a_callers_deadline_only_shortens(served, client) -> None:
    """The service learns what is left of the shorter of both times, and the caller gets its answer by then."""
    assert 5 < (await client.get(ORDERS)).json()["seconds"] <= 6
    assert 1.5 < (await client.get(ORDERS, headers={"request-timeout": "2"})).json()["seconds"] <= 2
    assert 5 < (await client.get(ORDERS, headers={"request-timeout": "99"})).json()["seconds"] <= 6
    began = time.monotonic()
    answer = await client.get(ORDERS, headers={"request-timeout": "0.3", "x-sleep": "5"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:tollway:problem:unavailable")
    assert time.monotonic() - began < 2


async def test_hasty_callers_do_not_open_the_circuit(client) -> None:
    """Time-outs that callers asked for themselves leave the service open to the others."""
    hasty = {"request-timeout": "0.05", "x-sleep": "1"}
    for _ in range(6):
        assert (await client.get(ORDERS, headers=hasty)).status_code == 503
    assert (await client.get(ORDERS)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [ORDERS, "/orders/v1/nothing", "/orders/v1/a%2Fb", "/nowhere", "/docs", "/.well-known/api-catalog",
     "/openapi/orders.v1.json", "/health/live"],
)  # fmt: skip
async def test_every_answer_carries_the_security_headers(client, path) -> None:
    """Answers, problems, pages and contracts alike; a page has a policy of its own that lets less than everything."""
    answer = await client.get(path)
    wanted = {name.decode(): value.decode() for name, value in fields("https://api.example.com")}
    for name, value in wanted.items():
        assert answer.headers.get_list(name) != []
        if name != "content-security-policy":
            assert answer.headers[name] == value
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"x-forwarded-host": "evil.example"}, {"forwarded": "host=evil.example;proto=http"},
     {"x-forwarded-proto": "http", "x-forwarded-for": "6.6.6.6"}, {"x-original-url": "//evil.example/"}],
)  # fmt: skip
async def test_links_come_from_the_settings(client, headers) -> None:
    """Whatever a caller says of the address it used, the catalog's links and the pages name the configured one."""
    plain = await client.get("/.well-known/api-catalog")
    answer = await client.get("/.well-known/api-catalog", headers=headers)
    assert answer.content == plain.content
    assert answer.json()["linkset"][0]["anchor"] == "https://api.example.com/orders/v1"
    for path in (ORDERS, "/docs", "/nowhere", "/orders/v1/nothing"):
        assert "evil.example" not in (await client.get(path, headers=headers)).text


@pytest.mark.parametrize(
    "target",
    [b"//evil.example/orders/v1/orders", b"/\\evil.example", b"/docs/", b"/docs//evil.example/..", b"/openapi/",
     b"/orders/v1/orders/", b"//evil.example/%2e%2e", b"/%2f%2fevil.example", b"http://evil.example/docs/"],
)  # fmt: skip
async def test_nothing_redirects(served, target) -> None:
    """No path, however it is written, has the gateway send a browser elsewhere or ask anybody else."""
    served.reached()
    answered = await served.send(b"GET " + target + b" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answered.statuses
    assert all(status < 300 or status >= 400 for status in answered.statuses)
    assert b"\r\nlocation:" not in answered.content.lower()
    assert served.reached() == []


async def test_a_preflight_never_reaches_the_service(served, client) -> None:
    """A browser's question is answered at the gateway, by the origin's name, and others learn nothing."""
    served.reached()
    asked = {"origin": "https://portal.example.com", "access-control-request-method": "POST"}
    answer = await client.options(ORDERS, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://portal.example.com"
    other = await client.options(ORDERS, headers=asked | {"origin": "https://evil.example"})
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers
    assert served.reached() == []
