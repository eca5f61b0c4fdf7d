"""The request contract policy."""

import msgspec
import pytest

from policies.request_contract import RequestContract
from tollway.problems import Invalid, Malformed, MethodNotAllowed, NoSuchRoute, TooLarge, UnsupportedMediaType

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
