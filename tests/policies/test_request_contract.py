"""The request contract policy."""

import time

import msgspec
import pytest

from policies.request_contract import RequestContract
from tollway.contracts.published import Contract
from tollway.problems import (
    Invalid,
    Malformed,
    MethodNotAllowed,
    NoSuchRoute,
    StartupError,
    TooLarge,
    UnsupportedMediaType,
)

JSON = {"content-type": "application/json"}
ORDERS = "/orders/v1/orders"


@pytest.fixture
def handler(following, resources):
    return RequestContract().wrap(following, resources)


def order(**changes) -> bytes:
    return msgspec.json.encode({"id": "1", "lines": [{"amount": "5"}]} | changes)


async def pointers(handler, request) -> set[str]:
    with pytest.raises(Invalid) as caught:
        await handler(request)
    assert all(violation.message for violation in caught.value.violations)
    return {violation.pointer for violation in caught.value.violations}


async def test_what_keeps_to_the_contract_passes(handler, make_request) -> None:
    """A valid body, in any number of chunks and with a spelt-out charset, goes on."""
    body = order(contact={"email": "a@b"})
    headers = {"content-type": "application/json; charset=UTF-8"}
    request = make_request("POST", ORDERS, headers=headers, chunks=(body[:5], body[5:], b""))
    assert (await handler(request)).status == 200


async def test_every_violation_is_listed_with_its_pointer(handler, make_request) -> None:
    """One answer names all that is wrong, each by a JSON pointer with its escapes."""
    body = order(lines=[{"amount": "5"}, {"amount": "x", "count": 1.5}, {}], extra=1, **{"gift/wrap": "yes"})
    found = await pointers(handler, make_request("POST", ORDERS, headers=JSON, chunks=(body,)))
    assert found == {"/lines/1/amount", "/lines/1/count", "/lines/2", "", "/gift~1wrap"}


async def test_the_branch_that_was_meant_is_explained(handler, make_request) -> None:
    """In "null or an object", an object's faults are told by themselves, not as "none of these"."""
    request = make_request("POST", ORDERS, headers=JSON, chunks=(order(contact={"email": 5}),))
    assert await pointers(handler, request) == {"/contact/email"}


async def test_values_are_not_repeated(handler, make_request) -> None:
    """A violation's message does not echo what was sent, which may be a secret."""
    request = make_request("POST", ORDERS, headers=JSON, chunks=(order(lines=[{"amount": "hunter2-secret"}]),))
    with pytest.raises(Invalid) as caught:
        await handler(request)
    assert "hunter2" not in str([violation.message for violation in caught.value.violations])


async def test_a_hostile_number_of_violations_is_cut(handler, make_request) -> None:
    """However much is wrong, one answer lists a hundred violations at most."""
    request = make_request("POST", ORDERS, headers=JSON, chunks=(order(lines=[{}] * 5000),))
    with pytest.raises(Invalid) as caught:
        await handler(request)
    assert len(caught.value.violations) == 100


@pytest.mark.parametrize("body", [b"{", b'{"id": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":1}x', b"\xef\xbb\xbf{}"])
async def test_what_is_no_json_is_malformed(handler, make_request, body) -> None:
    """Broken, endless or misencoded JSON is a 400, whatever is wrong with it."""
    with pytest.raises(Malformed):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/json; charset=latin-1", "application/jsonx", ""]
)
async def test_another_content_type_is_refused(handler, make_request, kind) -> None:
    """A content type that the contract does not name is a 415."""
    with pytest.raises(UnsupportedMediaType):
        await handler(make_request("POST", ORDERS, headers={"content-type": kind}, chunks=(order(),)))


async def test_a_missing_body_is_told(handler, make_request) -> None:
    """A required body that is not there is a violation of the whole document."""
    assert await pointers(handler, make_request("POST", ORDERS, headers=JSON)) == {""}


async def test_a_body_where_none_is_taken_is_refused(handler, make_request) -> None:
    """A GET with a body, which two readers may take in two ways, is malformed."""
    with pytest.raises(Malformed):
        await handler(make_request(chunks=(b"{}",)))


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(handler, make_request) -> None:
    """The announced length alone is enough to refuse."""
    request = make_request("POST", ORDERS, headers={**JSON, "content-length": "10000001"}, chunks=())
    with pytest.raises(TooLarge):
        await handler(request)


async def test_a_body_that_hides_its_size_is_cut_off(following, resources, make_request) -> None:
    """Without an announced length, reading stops at the limit and not at the end."""
    handler = RequestContract(max_body_bytes=1000).wrap(following, resources)
    with pytest.raises(TooLarge):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=(b" " * 600,) * 1000))


async def test_a_caller_that_hangs_up_is_malformed(handler, make_request) -> None:
    """A connection that closes inside the body ends the request."""
    with pytest.raises(Malformed):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=()))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("page=2&state=open&state=done&since=2026-01-01T00:00:00Z", set()),
        ("page=0", {"/query/page"}),
        ("page=x", {"/query/page"}),
        ("page=1&page=2", {"/query/page"}),
        ("state=open&state=lost", {"/query/state/1"}),
        ("since=yesterday", {"/query/since"}),
        ("pgae=1", {"/query/pgae"}),
        ("page=0&state=x&a~b=1", {"/query/page", "/query/state/0", "/query/a~0b"}),
    ],
)
async def test_query_parameters_are_held_to_the_contract(handler, make_request, query, wrong) -> None:
    """Each query parameter is read as its type says; wrong, doubled and unknown ones are listed."""
    request = make_request(target=f"{ORDERS}?{query}", headers={"x-shop": "north"})
    if wrong:
        assert await pointers(handler, request) == wrong
    else:
        assert (await handler(request)).status == 200


async def test_headers_are_held_to_the_contract(handler, make_request) -> None:
    """A header that the contract asks for must be there and fit."""
    assert await pointers(handler, make_request(target=ORDERS)) == {"/header/X-Shop"}
    assert await pointers(handler, make_request(target=ORDERS, headers={"x-shop": "n"})) == {"/header/X-Shop"}


async def test_path_parameters_are_held_to_the_contract(handler, make_request) -> None:
    """A value in the path that breaks its pattern is listed."""
    assert await pointers(handler, make_request(target="/orders/v1/orders/abc")) == {"/path/order_id"}
    assert await pointers(handler, make_request(target="/orders/v1/orders/1%20")) == {"/path/order_id"}


async def test_a_query_that_cannot_be_read_is_malformed(handler, make_request) -> None:
    """Misencoded or endless queries are a 400."""
    for query in ("page=%ff", "&".join(f"a{number}=1" for number in range(101))):
        with pytest.raises(Malformed):
            await handler(make_request(target=f"{ORDERS}?{query}", headers={"x-shop": "north"}))


async def test_unknown_paths_and_methods_are_told_apart(handler, make_request) -> None:
    """A path that the contract lacks is 404; a method it lacks is 405 and names the others."""
    for target in ("/orders/v1/other", "/orders/v1/orders/", "/orders/v1/orders/1/2", "/orders/v1//orders"):
        with pytest.raises(NoSuchRoute):
            await handler(make_request(target=target))
    with pytest.raises(MethodNotAllowed) as caught:
        await handler(make_request("DELETE", ORDERS))
    assert caught.value.headers == {"allow": "GET, POST"}


async def test_what_is_fixed_goes_before_what_is_variable(handler, make_request) -> None:
    """`/orders/summary` is its own operation and no order called summary."""
    assert (await handler(make_request(target="/orders/v1/orders/summary"))).status == 200


async def test_a_key_that_is_named_twice_is_refused(handler, make_request) -> None:
    """Two readers may take a repeated key in two ways, so none gets it; each place is told, however it is escaped."""
    for body, wrong in (
        (b'{"id": "1", "id": "2", "lines": []}', ["/id"]),
        (b'{"id": "1", "\\u0069d": "2", "lines": []}', ["/id"]),
        (b'{"id": "a\\u003ab", "id": "1", "lines": []}', ["/id"]),
        (
            b'{"id": "1", "lines": [{"amount": "5"}, {"amount": "5", "amount": "6", "amount": "7"}]}',
            ["/lines/1/amount"],
        ),
        (b'{"id": "1", "lines": [], "lines": [{"x": 1, "x": 1}]}', ["/lines", "/lines/0/x"]),
    ):
        with pytest.raises(Malformed) as caught:
            await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))
        assert [violation.pointer for violation in caught.value.violations] == wrong, body


async def test_colons_and_escapes_are_no_repeated_keys(handler, make_request) -> None:
    """Texts that hold colons, braces or escaped colons go on as any others."""
    for text in ("a:b", "{:[", "Gr\u00fc\u00dfe: \u20ac"):
        body = order(id=text)
        assert (await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))).status == 200
    escaped = b'{"id": "a\\u003Ab \\u00e4", "lines": []}'
    assert (await handler(make_request("POST", ORDERS, headers=JSON, chunks=(escaped,)))).status == 200


async def test_depth_is_bounded(following, resources, make_request) -> None:
    """A body may be nested as deep as is allowed and no deeper, whatever the contract would take."""
    handler = RequestContract(max_depth=4).wrap(following, resources)
    fitting = b'{"id": "1", "lines": [{"amount": "1", "more": {"a": 1}}]}'
    too_deep = b'{"id": "1", "lines": [{"amount": "1", "more": {"a": []}}]}'
    assert (await handler(make_request("POST", ORDERS, headers=JSON, chunks=(fitting,)))).status == 200
    with pytest.raises(Malformed, match="deeper than 4"):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=(too_deep,)))


async def test_many_shallow_objects_are_not_deep(handler, make_request) -> None:
    """How many objects there are side by side does not count."""
    body = order(lines=[{"amount": "5"}] * 5000)
    assert (await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"id": "1", "lines": ' + b"[" * 900 + b"]" * 900 + b', "lines": []}',
        b'{"id": ' + b"9" * 500_000 + b', "id": "1", "lines": []}',
        b"{" + b",".join(b'"%d": 1' % number for number in range(50_000)) + b', "0": 1}',
    ],
    ids=["arrays", "objects", "hidden below a repeated key", "digits", "keys"],
)
async def test_hostile_bodies_are_refused_quickly(handler, make_request, body) -> None:
    """Endless nesting, digits or keys cost the process next to nothing."""
    start = time.process_time()
    with pytest.raises(Malformed):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "body", [b'{"id": Infinity}', b'{"id": -Infinity}', b'{"id": 1e999}', b'"\\ud800"', b'{"id": "\xc3"}']
)
async def test_numbers_and_texts_that_json_does_not_have_are_malformed(handler, make_request, body) -> None:
    """Infinities, numbers out of range, lone surrogates and invalid UTF-8 are a 400."""
    with pytest.raises(Malformed):
        await handler(make_request("POST", ORDERS, headers=JSON, chunks=(body,)))


async def test_a_wrong_content_type_is_told_by_its_place(handler, make_request) -> None:
    """A 415 names the header that is wrong and what it is to be."""
    with pytest.raises(UnsupportedMediaType) as caught:
        await handler(make_request("POST", ORDERS, headers={"content-type": "text/plain"}, chunks=(order(),)))
    (violation,) = caught.value.violations
    assert violation.pointer == "/header/content-type"
    assert "application/json" in violation.message


async def test_what_is_wrong_anywhere_is_told_at_once(following, make_request) -> None:
    """Path, query, header and body are all looked at before one answer tells of all."""
    schema = {"type": "integer", "maximum": 5}
    listed = [{"name": name, "in": where, "required": True, "schema": schema}
              for name, where in (("a", "path"), ("b", "query"), ("C", "header"))]  # fmt: skip
    body = {"content": {"application/json": {"schema": {"type": "object", "required": ["d"]}}}}
    contract = Contract({"paths": {"/x/v1/{a}": {"post": {"parameters": listed, "requestBody": body}}}}, "x.yaml")
    request = make_request("POST", "/x/v1/9?b=6&e=1", headers={**JSON, "c": "x"}, chunks=(b"{}",))
    request.contract = contract
    handler = RequestContract().wrap(following, None)
    assert await pointers(handler, request) == {"/path/a", "/query/b", "/query/e", "/header/C", ""}


def test_a_parameter_in_a_cookie_keeps_the_gateway_from_starting() -> None:
    """A contract that asks for what is not checked is refused."""
    parameter = {"name": "a", "in": "cookie", "schema": {}}
    with pytest.raises(StartupError, match="cookie"):
        Contract({"paths": {"/x": {"get": {"parameters": [parameter]}}}}, "x.yaml")


async def test_the_check_is_cheap(handler, make_request) -> None:
    """A GET costs next to nothing, and a kilobyte of JSON microseconds, since every request is checked."""
    body = order(lines=[{"amount": "5", "note": "n" * 25}] * 20)
    assert 900 < len(body) < 1200
    for bound, requests in (
        (25e-6, [make_request() for _ in range(2000)]),  # 2 µs on the machine it was written on
        (150e-6, [make_request("POST", ORDERS, headers=JSON, chunks=(body,)) for _ in range(2000)]),  # 16 µs there
    ):
        start = time.process_time()
        for request in requests:
            await handler(request)
        assert (time.process_time() - start) / len(requests) < bound
