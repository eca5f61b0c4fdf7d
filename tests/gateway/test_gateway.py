"""The gateway from a caller's side."""

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.types import ASGIApp

from tollway.http.services import Services
from tollway.identity import Identity
from tollway.sandboxes import serve

QUOTE = {"id": "Q-1", "lines": [{"product": "P-1", "quantity": 2}]}


async def test_a_caller_with_the_scope_reaches_the_service(reader: httpx.AsyncClient) -> None:
    """A request with a token that grants the operation's scope is answered by the service."""
    answer = await reader.get("/sales/v1/quotes/Q-7")
    assert (answer.status_code, answer.json()) == (200, {"id": "Q-7", "lines": []})


@pytest.mark.parametrize("path", ["/sales/v1/quotes/Q-7", "/sales/v1/nothing", "/docs", "/nowhere", "/health/ready"])
async def test_a_request_leaves_the_context_as_it_was(reader: httpx.AsyncClient, path: str) -> None:
    """Its server has one execution context for all requests of a connection, so none may see what another one set."""
    await reader.get("/health/live")  # the client's own, if any
    before = dict(contextvars.copy_context().items())
    await reader.get(path)
    assert dict(contextvars.copy_context().items()) == before


async def test_a_body_reaches_the_service_unchanged(writer: httpx.AsyncClient) -> None:
    """What a caller posts is what the service reads."""
    answer = await writer.post("/sales/v1/quotes", json=QUOTE)
    assert (answer.status_code, answer.json()) == (201, QUOTE)


async def test_what_the_service_says_of_caching_and_links_stands(reader: httpx.AsyncClient) -> None:
    """A header that both set is the gateway's, but for caching, which the service knows best, and for links."""
    answer = await reader.get("/sales/v1/tariff")
    assert answer.headers.get_list("cache-control") == ["max-age=60"]
    assert answer.headers["link"] == '</sales/v1/quotes>; rel="next"'
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert (await reader.get("/sales/v1/quotes/Q1")).headers["cache-control"] == "no-store"


async def test_a_caller_without_a_token_is_challenged(anonymous: httpx.AsyncClient) -> None:
    """Without a token the answer is a 401 problem with a bearer challenge."""
    answer = await anonymous.get("/sales/v1/quotes/Q-7")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_missing_scope_is_named(reader: httpx.AsyncClient) -> None:
    """A token that may only read cannot write, and the answer says which scope it lacks."""
    answer = await reader.post("/sales/v1/quotes", json=QUOTE)
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="sales:write"' in answer.headers["www-authenticate"]


async def test_the_service_sees_who_calls_and_nothing_that_was_forged(reader: httpx.AsyncClient) -> None:
    """Identity headers and the token of a caller stop at the gateway, which signs for the caller itself."""
    forged = {
        "tollway-identity": "forged",
        "tollway-else": "forged",
        "tollway-timeout": "9999",
        "connection": "x-hop",
        "x-hop": "1",
        "x-own": "2",
    }
    answer = await reader.get("/sales/v1/seen", headers=forged)
    seen = answer.json()
    assert answer.status_code == 200
    assert seen["subject"] == "demo-sales"
    assert seen["headers"]["tollway-identity"] != "forged"
    assert 15 < seen["seconds_left"] <= 20
    assert seen["headers"]["x-own"] == "2"
    assert not {"authorization", "x-hop", "connection", "tollway-else"} & seen["headers"].keys()


async def test_ids_travel_in_and_out(reader: httpx.AsyncClient) -> None:
    """The caller's ids reach the service, under a span of the gateway's own, and come back once."""
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"correlation-id": "order-17", "traceparent": f"00-{trace}-{span}-01"}
    answer = await reader.get("/sales/v1/seen", headers=headers)
    seen = answer.json()
    assert answer.headers["correlation-id"] == seen["correlation_id"] == "order-17"
    assert "tollway-inner" not in answer.headers
    assert seen["traceparent"].split("-")[1] == trace
    assert seen["traceparent"].split("-")[2] != span
    assert answer.headers["traceparent"] == seen["traceparent"]


@pytest.mark.parametrize("path", ["/sales/v1/nothing", "/nowhere", "/sales/v9/quotes/1", "/sales/v1", "/sales"])
async def test_unknown_addresses_are_problems(reader: httpx.AsyncClient, path: str) -> None:
    """An address that does not exist is a 404 problem with the caller's correlation id."""
    answer = await reader.get(path, headers={"correlation-id": "lost"})
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:tollway:problem:no-such-route"
    assert answer.json()["correlation_id"] == answer.headers["correlation-id"] == "lost"


async def test_a_method_that_is_not_taken_names_those_that_are(reader: httpx.AsyncClient) -> None:
    """A wrong method is a 405 problem with Allow."""
    answer = await reader.delete("/sales/v1/quotes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "path", ["quotes/a%2Fb", "%2e%2e/v1/seen", "quotes/%2e%2e", "quotes/a%00", "quotes/%ff", "quotes/a%5Cb"]
)
async def test_a_path_with_two_readings_goes_no_further(gateway: ASGIApp, token: str, path: str) -> None:
    """A path that the gateway and the service might read differently is refused as malformed."""
    async with serve(gateway) as address, httpx.AsyncClient(base_url=address.url) as client:
        url = client.base_url.copy_with(raw_path=f"/sales/v1/{path}".encode())
        answer = await client.get(url, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["title"]) == (400, "The request cannot be read")


async def test_problems_of_the_service_pass_through(reader: httpx.AsyncClient) -> None:
    """The service's own problem document reaches the caller, with the same correlation id."""
    answer = await reader.get("/sales/v1/quotes/missing", headers={"correlation-id": "c-1"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no quote missing."
    assert answer.json()["correlation_id"] == "c-1"


async def test_a_limit_is_told_on_every_answer_and_kept(reader: httpx.AsyncClient) -> None:
    """Refusals count against the plan and show it; beyond it the answer is 429 with Retry-After."""
    answer = await reader.get("/sales/v1/nothing")
    assert answer.headers["ratelimit"] == '"minute";r=49;t=60'
    for _ in range(49):
        answer = await reader.get("/sales/v1/quotes/Q-7")
        assert answer.status_code == 200
    answer = await reader.get("/sales/v1/quotes/Q-7")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.json()["type"] == "urn:tollway:problem:quota-exceeded"


async def test_a_service_elsewhere_answers_over_the_network(
    make_gateway: object, identity: Identity, service: ASGIApp, token: str
) -> None:
    """The same gateway reaches a service behind a socket, and the caller cannot tell."""
    async with serve(service) as behind:
        services = Services(identity, {"sales": behind.url})
        async with serve(make_gateway(services)) as front, httpx.AsyncClient(base_url=front.url) as client:
            answer = await client.get("/sales/v1/quotes/Q-9", headers={"authorization": f"Bearer {token}"})
        await services.close()
    assert (answer.status_code, answer.json()["id"]) == (200, "Q-9")


async def test_what_a_service_runs_on_is_not_told(
    make_gateway: object, identity: Identity, service: ASGIApp, token: str
) -> None:
    """The name of the server behind, and its date, stay behind."""
    async with serve(service) as behind, httpx.AsyncClient() as straight:
        services = Services(identity, {"sales": behind.url})
        assert {"server", "date"} <= (await straight.get(f"{behind.url}/health/live")).headers.keys()
        front = httpx.ASGITransport(make_gateway(services))
        async with httpx.AsyncClient(transport=front, base_url="http://gateway.test") as client:
            answer = await client.get("/sales/v1/quotes/Q-9", headers={"authorization": f"Bearer {token}"})
        await services.close()
    assert answer.status_code == 200
    assert not {"server", "date"} & answer.headers.keys()


async def test_a_service_that_is_down_is_a_503(make_gateway: object, identity: Identity, token: str) -> None:
    """When nobody answers behind the gateway, the caller learns that nothing happened."""
    services = Services(identity, {"sales": "http://127.0.0.1:9"})
    gateway = make_gateway(services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gateway") as client:
        answer = await client.get("/sales/v1/quotes/Q-9", headers={"authorization": f"Bearer {token}"})
    await services.close()
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:tollway:problem:unavailable")


async def test_what_nobody_foresaw_is_told_without_details(
    make_gateway: object, identity: Identity, token: str
) -> None:
    """A failure inside is a 500 problem that gives the correlation id and nothing else away."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret-of-the-house")

    services = Services(identity)
    services.host("sales", broken)
    transport = httpx.ASGITransport(make_gateway(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/sales/v1/quotes/Q-9", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 500
    assert "secret-of-the-house" not in answer.text
    assert answer.json()["correlation_id"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"id": "Q-1", "lines": [', "application/json", 400),
        (b'{"id": "Q-1", "lines": []}', "text/plain", 415),
        (b"x" * 1001, "application/json", 413),
        (b'{"id": "-", "lines": [{"product": "P", "quantity": 0}], "more": 1}', "application/json", 422),
    ],
)
async def test_bodies_that_break_the_contract_never_reach_the_service(
    writer: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    """Broken, misnamed, oversized and invalid bodies each get their own problem, with the ids of the request."""
    headers = {"content-type": kind, "correlation-id": "c-9"}
    answer = await writer.post("/sales/v1/quotes", content=content, headers=headers)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["instance"], problem["correlation_id"]) == ("/sales/v1/quotes", "c-9")
    if status == 422:
        pointers = {violation["pointer"] for violation in problem["violations"]}
        assert pointers == {"/id", "/lines/0/quantity", ""}


async def test_a_body_that_never_ends_is_cut_off(gateway: ASGIApp, token: str) -> None:
    """A chunked body without an end is answered at the limit, over a real socket, instead of being read."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield b" " * 65_536

    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with serve(gateway) as address, httpx.AsyncClient(base_url=address.url) as client:
        with contextlib.suppress(httpx.TransportError):  # a caller that goes on sending may miss the answer
            answer = await client.request("GET", "/sales/v1/quotes", content=endless(), headers=headers)
            assert answer.status_code == 413
    assert sent < 30_000_000


async def test_an_honest_body_that_is_too_large_gets_its_answer(gateway: ASGIApp, token: str) -> None:
    """A caller that finishes a body beyond the limit reads its 413, and its connection goes on."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with serve(gateway) as address, httpx.AsyncClient(base_url=address.url, headers=headers) as client:
        answer = await client.request("GET", "/sales/v1/quotes", content=b" " * 5_000_000)
        assert (answer.status_code, "connection" in answer.headers) == (413, False)
        assert (await client.get("/sales/v1/quotes")).status_code == 200


async def test_two_readings_of_a_length_are_refused(gateway: ASGIApp) -> None:
    """A request that gives both a length and chunks, the root of request smuggling, ends its connection."""
    async with serve(gateway) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(
            b"POST /sales/v1/quotes HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        answers = await asyncio.wait_for(reader.read(65_536), 20)
        writer.close()
    assert b"200 OK" not in answers
