"""A service answers the same whether it lives in this process or behind a socket."""

import asyncio
import contextvars
import time
from contextlib import contextmanager
from typing import Annotated

import pytest
from litestar import get, post
from litestar.params import QueryParameter
from litestar.response import Stream
from msgspec.structs import replace

from tollway import context
from tollway.canonical.record import Identifier, Record
from tollway.http.exchange import Call
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.problems import (
    ContractDrift,
    Invalid,
    NoSuchRoute,
    NotFound,
    ProblemError,
    Rejected,
    StartupError,
    Throttled,
    Unauthenticated,
    Unavailable,
    UnknownOutcome,
)
from tollway.remotes.find import find
from tollway.sandboxes import serve
from tollway.service import create_service

IDENTITY = Identity("k" * 40)
LEAKING: contextvars.ContextVar[str] = contextvars.ContextVar("leaking", default="")


class Quote(Record):
    """Something to send and to get."""

    id: Identifier
    note: str = ""


class Seen(Record):
    """What a service sees of its caller."""

    correlation_id: str
    traceparent: str
    subject: str
    process_id: str
    leaking: str
    seconds_left: float
    priority: str


@get("/shop/v1/quotes/{quote_id:str}", operation_id="getQuote")
async def get_quote(quote_id: Identifier, note: Annotated[str, QueryParameter()] = "") -> Quote:
    if quote_id == "missing":
        raise NotFound("There is no quote missing.")
    return Quote(id=quote_id, note=note)


@post("/shop/v1/quotes", operation_id="createQuote")
async def create_quote(data: Quote) -> Quote:
    match data.id:
        case "refused":
            raise Rejected("The customer is on hold.", category="credit_hold", case_id="CASE-1")
        case "busy":
            raise Throttled("Slow down.", retry_after=7.5)
        case "broken":
            raise KeyError("secret")
    return data


@get("/shop/v1/broken", operation_id="getBroken")
async def get_broken() -> Quote:
    raise KeyError("secret")


@get("/shop/v1/slow", operation_id="getSlow")
async def get_slow() -> Quote:
    await asyncio.sleep(5)
    return Quote(id="late")


@post("/shop/v1/slow", operation_id="setSlow", status_code=204)
async def set_slow() -> None:
    await asyncio.sleep(5)


@get("/shop/v1/seen", operation_id="getSeen")
async def get_seen() -> Seen:
    ids = context.current()
    return Seen(
        correlation_id=ids.correlation_id,
        traceparent=ids.traceparent,
        subject=ids.subject,
        process_id=ids.process_id,
        leaking=LEAKING.get(),
        seconds_left=ids.remaining(3600),
        priority=ids.priority,
    )


TICKING = asyncio.Event()


@get("/shop/v1/ticks", operation_id="getTicks")
async def get_ticks() -> Stream:
    async def ticks():
        TICKING.set()
        try:
            number = 0
            while True:
                yield f"tick {number}\n"
                number += 1
                await asyncio.sleep(0.01)
        finally:
            TICKING.clear()

    return Stream(ticks(), media_type="text/plain")


@pytest.fixture(params=["in process", "over a socket"])
async def services(request):
    """The shop, hosted here or served on a real socket."""
    shop = create_service(
        "shop",
        [get_quote, create_quote, get_broken, get_slow, set_slow, get_seen, get_ticks],
        identity=IDENTITY,
    )
    if request.param == "in process":
        services = Services(IDENTITY)
        services.host("shop", shop)
        yield services
        return
    async with serve(shop) as address:
        services = Services(IDENTITY, {"shop": address.url})
        yield services
        await services.close()


@pytest.fixture
def client(services):
    return services.client("till", "shop")


@contextmanager
def calling(**changes):
    """Make calls under a context, such as one with a deadline."""
    made = replace(context.new_context(), **changes)
    token = context.enter(made)
    yield made
    context.leave(token)


async def test_structs_go_and_come(client):
    """What is sent arrives, and what is answered comes back as the struct that was asked for."""
    quote = Quote(id="Q1", note="ä & b/c?")
    assert await client.call("POST", "/shop/v1/quotes", Quote, body=quote) == quote
    assert await client.call("GET", "/shop/v1/quotes/Q2", Quote, note="ä & b") == Quote(id="Q2", note="ä & b")


@pytest.mark.parametrize(
    ("quote", "kind", "said"),
    [
        ("refused", Rejected, ("The customer is on hold.", "credit_hold", None, "CASE-1")),
        ("busy", Throttled, ("Slow down.", "", 7.5, "")),
    ],
)
async def test_a_problem_comes_back_as_its_exception(client, quote, kind, said):
    """A problem that the service raises is raised at the caller, with everything it says."""
    with pytest.raises(kind) as problem:
        await client.call("POST", "/shop/v1/quotes", Quote, body=Quote(id=quote))
    error = problem.value
    assert (error.detail, error.category, error.retry_after, error.case_id) == said


async def test_what_breaks_the_contract_is_said(client):
    """A body or a parameter that the contract does not allow comes back as invalid, with the place."""
    with pytest.raises(Invalid) as problem:
        await client.call("POST", "/shop/v1/quotes", Quote, body={"id": "-"})
    assert problem.value.violations[0].pointer == "/id"
    with pytest.raises(Invalid) as problem:
        await client.call("GET", "/shop/v1/quotes/-", Quote)
    assert problem.value.violations[0].pointer == "/path/quote_id"


async def test_only_a_find_takes_absence_for_an_answer(client):
    """What is not there is a problem to a call and None to a find; a wrong address is a problem to both."""
    with pytest.raises(NotFound, match="There is no quote missing"):
        await client.call("GET", "/shop/v1/quotes/missing", Quote)
    assert await find(client, "/shop/v1/quotes/missing", Quote) is None
    assert await find(client, "/shop/v1/quotes/Q1", Quote) == Quote(id="Q1")
    with pytest.raises(NoSuchRoute):
        await find(client, "/shop/v1/qoutes/Q1", Quote)


async def test_a_write_that_fails_inside_has_an_unknown_outcome(client):
    """An unforeseen failure of a write may come after the deed; of a read it is just an error. Neither leaks."""
    with pytest.raises(UnknownOutcome, match="shop failed half way") as problem:
        await client.call("POST", "/shop/v1/quotes", Quote, body=Quote(id="broken"))
    assert "secret" not in problem.value.detail
    with pytest.raises(ProblemError) as problem:
        await client.call("GET", "/shop/v1/broken", Quote)
    assert type(problem.value) is ProblemError
    assert "secret" not in problem.value.detail


async def test_an_answer_of_another_form_is_drift(client):
    """An answer that is not what was asked for is drift to a read; after a write nobody knows what happened."""
    with pytest.raises(ContractDrift, match="a form that its contract does not allow"):
        await client.call("GET", "/shop/v1/seen", Quote)
    with pytest.raises(UnknownOutcome, match="a form that its contract does not allow"):
        await client.call("POST", "/shop/v1/quotes", Seen, body=Quote(id="Q1"))


async def test_the_request_goes_on_and_nothing_else(client):
    """Correlation id, trace, subject, urgency and the time left arrive; process and other context do not."""
    LEAKING.set("a secret of the caller's")
    urgent = {"deadline": time.monotonic() + 30, "priority": context.Priority.INVOICE}
    with calling(subject="client-7", process_id="order:1", **urgent) as ids:
        seen = await client.call("GET", "/shop/v1/seen", Seen)
    assert (seen.correlation_id, seen.traceparent, seen.subject) == (ids.correlation_id, ids.traceparent, "client-7")
    assert (seen.process_id, seen.leaking) == ("", "")
    assert seen.priority == "invoice"
    assert 20 < seen.seconds_left <= 30


async def test_nobody_waits_past_the_deadline(client):
    """A read that takes too long is unavailable, a write that does has an unknown outcome."""
    for method, kind in (("GET", Unavailable), ("POST", UnknownOutcome)):
        began = time.monotonic()
        with calling(deadline=began + 0.2), pytest.raises(kind):
            await client.call(method, "/shop/v1/slow")
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_after_the_deadline_nothing_is_sent(client, method):
    """A call whose deadline has passed is not sent, so that even a write is known not to have happened."""
    with calling(deadline=time.monotonic() - 1), pytest.raises(Unavailable, match="deadline has passed"):
        await client.call(method, "/shop/v1/slow")


async def test_an_answer_can_be_read_as_it_comes(services):
    """A streamed answer arrives in parts while it is being made, and is made no longer than somebody reads it."""
    call = Call("GET", "/shop/v1/ticks", b"", [], b"", streamed=True)
    answer = await services.send("till", "shop", call, context.new_context())
    assert (answer.status, answer.body) == (200, b"")
    heard = b""
    async for part in answer.stream:
        heard += part
        if heard.count(b"\n") >= 3:
            break
    assert heard.startswith(b"tick 0\ntick 1\ntick 2\n")
    assert TICKING.is_set()
    await answer.stream.aclose()
    for _ in range(200):
        if not TICKING.is_set():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it ticks on although nobody listens")


async def test_a_caller_of_another_installation_is_refused(services):
    """A call signed with another key is unauthenticated."""
    services.identity = Identity("x" * 40)
    with pytest.raises(Unauthenticated):
        await services.client("till", "shop").call("GET", "/shop/v1/seen", Seen)


async def test_a_service_that_is_away_was_not_asked():
    """When nobody listens, nothing was sent, not even a write."""
    services = Services(IDENTITY, {"shop": "http://127.0.0.1:1"})
    with pytest.raises(Unavailable, match="shop cannot be reached"):
        await services.client("till", "shop").call("POST", "/shop/v1/quotes", Quote, body=Quote(id="Q1"))
    await services.close()


def test_a_service_that_nobody_hosts_keeps_from_starting():
    """What is going to be called and answers nowhere is named before anything starts."""
    services = Services(IDENTITY)
    services.expect("shop")
    with pytest.raises(StartupError, match=r"The setting services\.shop\.url is missing"):
        services.check()
