"""The request limits policy."""

import asyncio
import time

import pytest

from policies.request_limits import RequestLimits
from tollway.problems import HeadersTooLarge, Malformed, MethodNotAllowed, TooLarge, TooSlow, UnsupportedMediaType

HOST = {"host": "api.example.com"}
BODY = HOST | {"content-type": "application/json", "content-length": "2"}
ORDERS = "/orders/v1/orders"


@pytest.fixture
def reading(resources):
    """Makes handlers that read the body behind the policy and answer with the request."""

    def make(**configuration):
        async def read(request):
            await request.body()
            return request

        return RequestLimits(**configuration).wrap(read, resources)

    return make


async def test_a_request_within_the_limits_passes(reading, make_request) -> None:
    """What keeps to every limit reaches the next handler, without a deadline of its own."""
    request = await reading()(make_request("POST", ORDERS, headers=BODY, chunks=(b"{", b"}")))
    assert (await request.body(), request.deadline) == (b"{}", None)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "PROPFIND"])
async def test_methods_that_are_not_listed_are_refused(reading, make_request, method) -> None:
    """Whatever the address, a method that is not on the list is a 405 that names those that are."""
    with pytest.raises(MethodNotAllowed) as refused:
        await reading()(make_request(method, headers=HOST))
    assert refused.value.headers["allow"] == "DELETE, GET, HEAD, PATCH, POST, PUT"


async def test_headers_are_bounded_in_number_and_size(reading, make_request) -> None:
    """One field, or one byte, beyond the limit is a 431."""
    handler = reading(max_header_fields=3, max_header_bytes=30)
    fitting = HOST | {"a": "x" * 14, "b": "y"}
    await handler(make_request(headers=fitting))
    for headers in (fitting | {"c": ""}, fitting | {"b": "yy"}):
        with pytest.raises(HeadersTooLarge):
            await handler(make_request(headers=headers))


@pytest.mark.parametrize("headers", [{}, {"host": ""}, {"host": "a, b"}])
async def test_a_request_has_one_host(reading, make_request, headers) -> None:
    """None, or two that would be read in two ways, is malformed, as RFC 9112 asks."""
    with pytest.raises(Malformed):
        await reading()(make_request(headers=headers))


@pytest.mark.parametrize(
    "announced",
    [
        {"transfer-encoding": "gzip, chunked"},
        {"transfer-encoding": "chunked, chunked"},
        {"transfer-encoding": "identity"},
        {"transfer-encoding": "chunked", "content-length": "2"},
    ],
)
async def test_a_body_whose_end_can_be_read_in_two_ways_is_refused(reading, make_request, announced) -> None:
    """Every transfer coding but chunked, and chunked with a length, is malformed and ends the connection."""
    with pytest.raises(Malformed) as refused:
        await reading()(make_request("POST", ORDERS, headers=HOST | {"content-type": "application/json"} | announced))
    assert refused.value.headers == {"connection": "close"}


@pytest.mark.parametrize(
    "kind",
    [{"content-type": "text/plain"}, {"content-type": "application/json, text/plain"}, {"content-type": ""},
     {"content-encoding": "gzip"}],
)  # fmt: skip
async def test_bodies_of_other_types_are_refused(reading, make_request, kind) -> None:
    """A type that no operation of the contract takes, or a coded body, is a 415 before anything is read."""
    with pytest.raises(UnsupportedMediaType):
        await reading()(make_request("POST", ORDERS, headers=BODY | kind))


async def test_the_types_are_the_contracts_unless_written(reading, make_request) -> None:
    """The contract's types hold, whatever their case and parameters, until the routes name others."""
    await reading()(make_request("POST", ORDERS, headers=BODY | {"content-type": "Application/JSON; charset=utf-8"}))
    handler = reading(content_types=("text/csv",))
    await handler(make_request("POST", ORDERS, headers=BODY | {"content-type": "text/csv"}))
    with pytest.raises(UnsupportedMediaType):
        await handler(make_request("POST", ORDERS, headers=BODY))


async def test_no_body_needs_no_type(reading, make_request) -> None:
    """A POST whose body is announced as empty, or not at all, may leave its type unsaid."""
    for headers in (HOST, HOST | {"content-length": "0"}):
        await reading()(make_request("POST", ORDERS, headers=headers))


async def test_the_size_of_a_body_is_bounded_whoever_reads_it(reading, make_request) -> None:
    """A body beyond the limit is a 413, announced or not; one of just that size is read."""
    handler = reading(max_body_bytes=4)
    chunked = HOST | {"content-type": "application/json", "transfer-encoding": "chunked"}
    await handler(make_request("POST", ORDERS, headers=chunked, chunks=(b"{  ", b"}")))
    for headers in (chunked, BODY | {"content-length": "5"}):
        with pytest.raises(TooLarge):
            await handler(make_request("POST", ORDERS, headers=headers, chunks=(b"{  ", b"}", b" ")))


async def test_a_body_that_stops_is_given_up(reading, make_request) -> None:
    """A pause longer than allowed is a 408 that ends the connection, and leaves nothing waiting."""

    async def receive():
        await asyncio.sleep(60)

    request = make_request("POST", ORDERS, headers=BODY)
    request.receive = receive
    began = time.monotonic()
    with pytest.raises(TooSlow) as refused:
        await reading(body_pause=0.05)(request)
    assert time.monotonic() - began < 5
    assert refused.value.headers == {"connection": "close"}
    assert len(asyncio.all_tasks()) == 1


async def test_a_body_that_trickles_is_given_up(reading, make_request) -> None:
    """However short the pauses between its parts, the whole body has its time, and then it is a 408."""
    received = 0

    async def receive():
        nonlocal received
        await asyncio.sleep(0.02)
        received += 1
        return {"type": "http.request", "body": b" ", "more_body": True}

    request = make_request("POST", ORDERS, headers=BODY)
    request.receive = receive
    with pytest.raises(TooSlow):
        await reading(body_pause=5, body_seconds=0.2)(request)
    assert 1 < received < 12


async def test_a_caller_may_wait_more_briefly(reading, make_request) -> None:
    """`Request-Timeout` sets the deadline, counted from the request's arrival."""
    request = await reading()(make_request(headers=HOST | {"request-timeout": "2.5"}))
    assert request.deadline == pytest.approx(request.started + 2.5)


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf", "1e3", "1.0001", "", "1, 2", "9999999"])
async def test_a_timeout_that_is_none_is_malformed(reading, make_request, seconds) -> None:
    """Anything but seconds above zero is refused, instead of waiting for ever or not at all."""
    with pytest.raises(Malformed):
        await reading()(make_request(headers=HOST | {"request-timeout": seconds}))
