"""What becomes of a call when Tryton is overloaded, breaks down, or its answer is lost."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar.types import Receive, Scope, Send

from system_apis.erp.tryton.operations import TrytonErp, build_tryton
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.party import Address
from tollway.ports.connection import Shared
from tollway.problems import ContractDrift, ProblemError, Rejected, Throttled, Unavailable, UnknownOutcome
from tollway.sandboxes import Address as Served
from tollway.sandboxes import serve

CUSTOMER = CustomerDetails(
    account_id="001", legal_entity="US", name="Acme", currency="USD", payment_days=30, billing_address=Address()
)


class Stub:
    """Answers every search with one record, and what is to go wrong as it is told."""

    def __init__(self) -> None:
        self.wrong: dict[str, tuple[int, Any]] = {}
        """Status and document by the last part of the method; a status of 0 loses the answer."""
        self.calls: list[str] = []

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        call = json.loads((await receive())["body"])
        verb = call["method"].rpartition(".")[2]
        self.calls.append(verb)
        answers = {"login": [1, "token"], "search": [1], "create": [1]}
        records = [] if "party" in call["method"] else [{"id": 1}]
        result = {"id": call["id"], "result": answers.get(verb, records)}
        status, document = self.wrong.get(verb, (200, result))
        if status == 0:
            raise ConnectionAbortedError("the answer is lost")
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"7")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(document).encode(), "more_body": False})


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
async def erp(stub: Stub) -> AsyncIterator[TrytonErp]:
    async with serve(stub) as address:
        connection = build_tryton("books", _tables(address), Shared())
        yield connection
        await connection.close()


def _tables(address: Served) -> dict[str, Any]:
    login = {"url": address.url, "database": "books", "user": "integration", "password": "secret"}
    codes = {"legal_entities": {"US": "Northwind"}, "products": {"time": "HOUR"}, "terms": {"30": "Net 30"}}
    return {"platform": "tryton"} | login | codes


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ((503, None), Throttled),
        ((429, None), Throttled),
        ((500, None), UnknownOutcome),
        ((504, None), UnknownOutcome),
        ((0, None), UnknownOutcome),
        ((403, None), ContractDrift),
        ((404, None), Unavailable),
        ((200, {"error": ["UserError", ["The name is too long.", ""]]}), Rejected),
        ((200, {"error": ["AttributeError", ["no such field"]]}), ContractDrift),
    ],
)
async def test_a_write_that_fails_says_what_may_have_happened(
    erp: TrytonErp, stub: Stub, wrong: tuple[int, Any], kind: type[ProblemError]
) -> None:
    """A lost answer and a broken server leave a write unknown; refusals and overload mean that nothing happened."""
    stub.wrong["create"] = wrong
    with pytest.raises(kind):
        await erp.create_customer(CUSTOMER)
    assert stub.calls.count("create") == 1


@pytest.mark.parametrize("status", [0, 500, 504])
async def test_a_read_that_fails_may_be_repeated(erp: TrytonErp, stub: Stub, status: int) -> None:
    """A read without an answer happened to nothing, so it is unavailable and never unknown."""
    stub.wrong["search_read"] = (status, None)
    with pytest.raises(Unavailable):
        await erp.find_customer("US", "001")


async def test_the_pause_that_tryton_asks_for_is_kept(erp: TrytonErp, stub: Stub) -> None:
    """The seconds of Retry-After are handed on."""
    stub.wrong["search_read"] = (503, None)
    with pytest.raises(Throttled) as throttled:
        await erp.find_customer("US", "001")
    assert throttled.value.retry_after == 7


async def test_what_was_written_but_not_read_back_is_unknown(erp: TrytonErp, stub: Stub) -> None:
    """A customer that was created and is not found right after leaves open what became of it."""
    with pytest.raises(UnknownOutcome, match="is not found"):
        await erp.create_customer(CUSTOMER)
    assert stub.calls.count("create") == 1
