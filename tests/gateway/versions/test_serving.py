"""Serving an older version over the newer one, whatever the change is: here one in which everything differs."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.versions import CHANGES
from gateway.versions.base import ApiAnswer, ApiRequest, OperationChange, VersionChange, answered_body
from gateway.versions.serving import transformed
from policies.base import Caller, GatewayResponse
from tollway.context import RequestContext
from tollway.contracts.published import Contract
from tollway.problem_document import Violation
from tollway.problems import Conflict, ContractDrift, Invalid, Malformed, NoSuchRoute

JSON = (b"content-type", b"application/json")
PROBLEM = (b"content-type", b"application/problem+json; charset=utf-8")
BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


def _contract(prefix: str, paths: dict[str, Any]) -> Contract:
    placed = {prefix + path: item for path, item in paths.items()}
    return Contract({"openapi": "3.1.0", "info": {}, "paths": placed}, f"{prefix[1:].replace('/', '.')}.yaml")


OLDER = _contract(
    "/shop/v1",
    {
        "/basket/{customer}": {"post": {"operationId": "fill", "requestBody": BODY}},
        "/basket": {"get": {"operationId": "look"}},
        "/photo": {"get": {"operationId": "photo"}},
    },
)
NEWER = _contract(
    "/shop/v2",
    {
        "/customers/{customer}/orders": {"put": {"operationId": "order", "requestBody": BODY}},
        "/basket": {"get": {"operationId": "look"}},
        "/photo": {"get": {"operationId": "photo"}},
    },
)


def _ordered(older: ApiRequest) -> ApiRequest:
    """The customer moved in the path, the method, the query and a header changed, and an item became a list."""
    version, customer = older.segments[:2], older.segments[3]
    return ApiRequest(
        method="PUT",
        segments=(*version, "customers", customer, "orders"),
        query=(*(("page_size" if name == "limit" else name, value) for name, value in older.query), ("all", "true")),
        headers={("x-shop" if name == "shop" else name): value for name, value in older.headers.items()},
        body={"lines": [older.body["item"]]},
    )


def _filled(newer: ApiAnswer) -> ApiAnswer:
    headers = (*newer.headers, ("x-basket", "full"))
    return msgspec.structs.replace(newer, status=200, headers=headers, body=newer.body["lines"][0])


CHANGE = VersionChange(
    older="/shop/v1",
    newer="/shop/v2",
    contract="shop.v1.yaml",
    operations={
        "fill": OperationChange(
            request=_ordered, answer=_filled, pointer=lambda newer: newer.replace("/lines/0", "/item")
        ),
        "look": OperationChange(answer=answered_body(lambda newer: newer["lines"][0])),
        "photo": OperationChange(),
    },
)


@pytest.fixture
def ask(make_newer, make_request):
    """Asks the shop's v1 over a v2 that answers as told; gives back v2 and the answer."""

    async def asked(answer, method="GET", target="/shop/v1/basket", *, prepare=lambda request: None, **sending):
        newer = make_newer(answer)
        request = make_request(OLDER, method, target, **sending)
        prepare(request)
        return newer, await transformed(newer, CHANGE, older=OLDER, newer=NEWER)(request)

    return asked


def answering(body: Any, *headers: tuple[bytes, bytes], status: int = 200) -> GatewayResponse:
    return GatewayResponse(status, list(headers) or [JSON], msgspec.json.encode(body))


async def test_every_part_of_a_request_can_change(ask) -> None:
    """Method, path, query, headers and body reach the newer version as its contract has them."""
    newer, answer = await ask(
        answering({"lines": ["pen"]}, status=201),
        "POST",
        "/shop/v1/basket/Bj%C3%B6rn%20%26%20S%C3%B8n?limit=5&tag=a%20b&tag=",
        headers={"shop": "north", "content-length": "14"},
        body={"item": "pen"},
    )
    (sent,) = newer.asked
    assert sent.operation.id == "order"
    assert (sent.method, sent.path) == ("PUT", "/shop/v2/customers/Bj%C3%B6rn%20%26%20S%C3%B8n/orders")
    assert sent.path_values == {"customer": "Björn & Søn"}
    assert sent.query == b"page_size=5&tag=a+b&tag=&all=true"
    assert await sent.body() == b'{"lines":["pen"]}'
    assert sent.headers == {b"x-shop": b"north", b"content-length": b"17"}
    assert (answer.status, answer.body) == (200, b'"pen"')
    assert answer.headers == [JSON, (b"x-basket", b"full")]


async def test_what_does_not_change_is_passed_on_to_the_byte(ask) -> None:
    """An operation that is the same in both sends its query, and gives its answer, as they came."""
    content = b"\x89PNG\x00"
    newer, answer = await ask(
        GatewayResponse(200, [(b"content-type", b"image/png")], content), target="/shop/v1/photo?a=%2f&&b"
    )
    assert newer.asked[0].query == b"a=%2f&&b"
    assert (answer.body, answer.headers) == (content, [(b"content-type", b"image/png")])


async def test_a_stream_that_does_not_change_is_not_waited_for(ask) -> None:
    """An answer that comes in parts is passed on in parts; nothing of it is read here."""

    async def parts():
        raise AssertionError("somebody read the stream")
        yield b""

    stream = parts()
    _, answer = await ask(GatewayResponse(200, [], b"", stream), target="/shop/v1/photo")
    assert answer.stream is stream


async def test_a_stream_that_changes_is_read_first(ask) -> None:
    """A document that comes in parts is put together before it is told in the older terms."""

    async def parts():
        yield b'{"lines": ["p'
        yield b'en"]}'

    _, answer = await ask(GatewayResponse(200, [JSON, (b"content-length", b"99")], b"", parts()))
    assert (answer.body, answer.stream, answer.headers) == (b'"pen"', None, [JSON])


async def test_what_policies_learnt_goes_along(ask) -> None:
    """Caller, ids, deadline and the headers meant for the answer are those of the caller's request."""
    caller = Caller("app", "anna", frozenset(("shop:read",)), 2e9)
    seen = []

    def prepare(request) -> None:
        request.caller, request.deadline, request.context = caller, 123.0, RequestContext("c-1", "00-a-b-01")
        seen.append(request)

    newer, _ = await ask(answering({"lines": ["pen"]}), prepare=prepare)
    (request,), (sent,) = seen, newer.asked
    assert (sent.caller, sent.deadline, sent.started) == (caller, 123.0, request.started)
    assert sent.context is request.context
    assert sent.answer_headers is request.answer_headers
    assert (sent.address, sent.scheme) == (request.address, request.scheme)


async def test_numbers_keep_every_digit(ask) -> None:
    """What passes through a change is not rounded to what a float can hold."""
    content = b'{"lines":[{"rate":0.10,"big":12345678901234567890.123456789}]}'
    _, answer = await ask(GatewayResponse(200, [JSON], content))
    assert answer.body == b'{"rate":0.10,"big":12345678901234567890.123456789}'
    assert msgspec.json.decode(answer.body, type=dict[str, Decimal])["rate"] == Decimal("0.10")


async def test_an_answer_without_a_body_stays_one(ask) -> None:
    """There is nothing to tell of an answer that is empty."""
    _, answer = await ask(GatewayResponse(304, [(b"etag", b'"1"')], b""))
    assert (answer.status, answer.headers, answer.body) == (304, [(b"etag", b'"1"')], b"")


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("/shop/v2/basket", "/shop/v1/basket"),
        ("/shop/v2/basket?after=/shop/v2/x", "/shop/v1/basket?after=/shop/v2/x"),
        ("/shop/v21/basket", "/shop/v21/basket"),
        ("https://elsewhere.example/shop/v2/basket", "https://elsewhere.example/shop/v2/basket"),
    ],
)
async def test_an_address_in_an_answer_is_one_of_the_older_version(ask, newer, older) -> None:
    """Where to look next is told as an address that this caller's version has."""
    headers = [JSON, (b"Location", newer.encode()), (b"content-location", newer.encode())]
    _, answer = await ask(answering({"lines": [1]}, *headers))
    assert [value.decode() for _, value in answer.headers[1:]] == [older, older]


async def test_a_problem_document_speaks_of_what_the_caller_sent(ask) -> None:
    """Its address and pointers are those of the older version; everything else, extensions included, is as it was."""
    problem = {
        "type": "urn:tollway:problem:invalid-request",
        "instance": "/shop/v2/customers/7/orders",
        "violations": [{"pointer": "/lines/0/name", "message": "it is empty"}, {"message": "there is no pointer"}],
        "balance": 30,
    }
    _, answer = await ask(answering(problem, PROBLEM, status=422), "POST", "/shop/v1/basket/7", body={"item": "pen"})
    assert answer.status == 422
    assert msgspec.json.decode(answer.body) == problem | {
        "instance": "/shop/v1/basket/7",
        "violations": [
            {"pointer": "/item/name", "message": "it is empty"},
            {"pointer": "", "message": "there is no pointer"},
        ],
    }


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"violations": 5}'])
async def test_a_problem_that_is_none_of_ours_is_passed_on(ask, content) -> None:
    """A problem document of another shape reaches the caller as it came."""
    _, answer = await ask(GatewayResponse(500, [PROBLEM], content))
    assert (answer.status, answer.body) == (500, content)


async def test_a_refusal_speaks_of_what_the_caller_sent(ask) -> None:
    """What a policy of the newer version refuses keeps its kind and words, its pointers are the older version's."""
    refusal = Invalid("Look.", violations=[Violation(pointer="/lines/0", message="no")], category="x", retry_after=2)
    with pytest.raises(Invalid) as caught:
        await ask(refusal, "POST", "/shop/v1/basket/7", body={"item": "pen"})
    problem = caught.value.problem()
    assert problem.violations == [Violation(pointer="/item", message="no")]
    assert (problem.detail, problem.category, problem.retry_after) == ("Look.", "x", 2)


@pytest.mark.parametrize("content", [b'{"lines": []}', b'{"items": [1]}', b"[1]", b"7", b"no JSON", b"\xff"])
async def test_an_answer_of_no_such_shape_is_drift(ask, content) -> None:
    """What the newer version should never have answered is a 502, and no crash."""
    with pytest.raises(ContractDrift, match="cannot be told in terms of /shop/v1") as caught:
        await ask(GatewayResponse(200, [JSON], content))
    assert "may have been done" not in caught.value.detail


async def test_after_an_unsafe_request_drift_says_that_it_may_have_been_done(ask) -> None:
    """A caller must not take an answer that cannot be told for something that did not happen."""
    with pytest.raises(ContractDrift, match="may have been done: look before you ask again"):
        await ask(answering({}), "POST", "/shop/v1/basket/7", body={"item": "pen"})


@pytest.mark.parametrize("body", [{}, [], 7, None])
async def test_a_request_of_no_such_shape_is_malformed(ask, body) -> None:
    """What the change cannot read, where no contract was checked before, is refused, and nothing is asked."""
    with pytest.raises(Malformed, match="cannot be read as one of /shop/v1"):
        await ask(Conflict("asked"), "POST", "/shop/v1/basket/7", body=body)


async def test_an_address_of_the_newer_version_alone_is_none_of_the_older(ask) -> None:
    """Only what the older contract has is served."""
    with pytest.raises(NoSuchRoute):
        await ask(answering({}), "PUT", "/shop/v1/customers/7/orders", body={})


@pytest.mark.parametrize(
    ("operations", "named"),
    [({"look": OperationChange()}, "fill, photo"), ({**CHANGE.operations, "gone": OperationChange()}, "gone")],
)
def test_a_change_that_forgets_an_operation_is_found_at_the_start(make_newer, operations, named) -> None:
    """The change and the older contract have the same operations, or nothing starts."""
    change = msgspec.structs.replace(CHANGE, operations=operations)
    with pytest.raises(ValueError, match=rf"/shop/v1 and the contract shop\.v1\.yaml differ in {named}$"):
        transformed(make_newer(Conflict("x")), change, older=OLDER, newer=NEWER)


async def test_changes_stand_on_one_another(make_newer, make_request) -> None:
    """A version two majors old is served by two changes, each of which knows only its own step."""
    oldest = _contract("/shop/v0", {"/basket": {"get": {"operationId": "look"}}})
    step = VersionChange(
        older="/shop/v0",
        newer="/shop/v1",
        contract="shop.v0.yaml",
        operations={"look": OperationChange(answer=answered_body(str.upper))},
    )
    newest = make_newer(answering({"lines": ["pen"]}))
    middle = transformed(newest, CHANGE, older=OLDER, newer=NEWER)
    answer = await transformed(middle, step, older=oldest, newer=OLDER)(make_request(oldest, "GET", "/shop/v0/basket"))
    assert (answer.body, newest.asked[0].path) == (b'"PEN"', "/shop/v2/basket")


@pytest.mark.parametrize("name", CHANGES)
def test_every_registered_change_is_complete(name) -> None:
    """A change's name, prefixes and published document speak of one version and the next."""
    change = CHANGES[name]
    api, major = change.older.strip("/").split("/")
    assert name == f"{api}_{major}"
    assert change.newer == f"/{api}/v{int(major[1:]) + 1}"
    assert change.contract == f"experience/{api}.{major}.yaml"
