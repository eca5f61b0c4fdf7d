"""The response contract policy."""

import time
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from policies.base import GatewayResponse, PolicyResources
from policies.response_contract import ResponseContract
from tollway.contracts.published import Contract
from tollway.http.exchange import Streamed
from tollway.problems import ContractDrift

PROBLEM = {"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "integer"}},
           "required": ["type", "status"]}  # fmt: skip
ANSWERS = {
    "200": {
        "headers": {
            "ETag": {"$ref": "#/components/headers/ETag"},
            "X-Left": {"schema": {"type": "integer", "minimum": 0}},
        },
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
    },
    "204": {},
    "2XX": {"content": {"application/pdf": {}, "text/plain": {"schema": {"type": "string"}}}},
    "404": {"$ref": "#/components/responses/Refused"},
    "4XX": {"$ref": "#/components/responses/Refused"},
}
DOCUMENT = {
    "paths": {
        "/orders/v1/orders/{order_id}": {
            "get": {"operationId": "getOrder", "responses": ANSWERS},
            "post": {"operationId": "changeOrder", "responses": ANSWERS},
            "head": {"operationId": "seeOrder", "responses": ANSWERS},
            "delete": {"operationId": "dropOrder"},
        }
    },
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9]+$"},
                    "due": {"type": "string", "format": "date"},
                    "lines": {"type": "array", "items": {"type": "object", "required": ["amount"]}},
                },
                "required": ["id"],
                "additionalProperties": False,
            },
            "Problem": PROBLEM,
        },
        "headers": {"ETag": {"schema": {"type": "string", "maxLength": 5}}},
        "responses": {"Refused": {"content": {"application/problem+json": {"schema": PROBLEM}}}},
    },
}
JSON, SECRET = b"application/json", "hunter2-secret"


@pytest.fixture
def contract() -> Contract:
    return Contract(msgspec.json.decode(msgspec.json.encode(DOCUMENT)), "orders.v1.yaml")


@pytest.fixture
def answered(resources: PolicyResources, make_request: Any):
    """Answers a request by a service that answers what it is given."""

    async def answer(response: GatewayResponse, method: str = "GET", on_drift: Any = "refuse") -> GatewayResponse:
        async def service(_: Any) -> GatewayResponse:
            return response

        return await ResponseContract(on_drift=on_drift).wrap(service, resources)(make_request(method))

    return answer


def response(value: Any = None, *, status: int = 200, kind: bytes | None = JSON, **headers: str) -> GatewayResponse:
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    fields = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return GatewayResponse(status, fields + ([(b"content-type", kind)] if kind else []), body)


async def drift(answered, given: GatewayResponse, method: str = "GET") -> list[str]:
    """What the log says of an answer that is refused."""
    with capture_logs() as logs, pytest.raises(ContractDrift):
        await answered(given, method)
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("response drift", "warning")
    return [text.partition(":")[0] for text in entry["violations"]]


@pytest.mark.parametrize(
    "given",
    [
        response({"id": "1"}),
        response({"id": "1", "due": "2026-02-28", "lines": [{"amount": 1}]}, etag="abc", x_left="0"),
        response({"id": "1"}, kind=b"Application/JSON; charset=utf-8"),
        response(b"", status=204, kind=None),
        response(b"%PDF-\xff", status=206, kind=b"application/pdf"),
        response({"type": "urn:x", "status": 404}, status=404, kind=b"application/problem+json"),
        response({"type": "urn:x", "status": 409}, status=409, kind=b"application/problem+json"),
    ],
)
async def test_what_keeps_to_the_contract_passes(answered, given) -> None:
    """An answer that the contract allows, problem documents among them, goes on as it is."""
    with capture_logs() as logs:
        assert await answered(given) is given
    assert logs == []


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (response({"id": "1"}, status=500), [""]),
        (response({"id": "x", "due": "2026-02-30", "lines": [{}]}), ["/due", "/id", "/lines/0"]),
        (response({"id": "1", "extra": SECRET}), [""]),
        (response({"id": "1"}, kind=b"text/html"), ["/header/content-type"]),
        (response({"id": "1"}, kind=None), ["/header/content-type"]),
        (response({"id": "1"}, kind=b"application/json; charset=latin-1"), ["/header/content-type"]),
        (response({"id": "1"}, etag="too long"), ["/header/ETag"]),
        (response({"id": "1"}, x_left="-1"), ["/header/X-Left"]),
        (response(b"", kind=None), [""]),
        (response(b"{", kind=JSON), [""]),
        (response(b'"\xff"', kind=JSON), [""]),
        (response(b"[" * 100_000, kind=JSON), [""]),
        (response(b"something", status=204, kind=None), [""]),
        (response({"title": "no problem"}, status=404, kind=b"application/problem+json"), ["", ""]),
        (response({"type": "urn:x", "status": 404}, status=404), ["/header/content-type"]),
    ],
)
async def test_every_drift_is_refused_and_logged_by_its_place(answered, given, wrong) -> None:
    """An answer that the contract does not allow is held back, and the log lists where it breaks it."""
    assert sorted(await drift(answered, given)) == wrong


async def test_a_refusal_tells_nothing_of_what_was_answered(answered) -> None:
    """The caller learns which operation it was and nothing of the body; the log, no value of it."""
    with capture_logs() as logs, pytest.raises(ContractDrift) as caught:
        await answered(response({"id": SECRET, "lines": [SECRET], "due": SECRET}))
    problem = caught.value.problem()
    assert (problem.status, problem.violations) == (502, [])
    assert "getOrder" in problem.detail
    assert SECRET not in f"{problem}{logs}"
    assert "done" not in problem.detail


async def test_a_refused_change_says_that_it_may_have_been_made(answered) -> None:
    """Whoever asked for a change is told to look before asking again."""
    with pytest.raises(ContractDrift, match="may have been done"):
        await answered(response(b"{"), "POST")


async def test_what_is_only_reported_passes(answered, resources) -> None:
    """Where drift is reported, the answer goes on, is logged with its correlation id and counted by operation."""
    given = response({"id": "x"})
    with capture_logs() as logs:
        assert await answered(given, on_drift="report") is given
        assert await answered(given, "POST", on_drift="report") is given
        assert await answered(given, on_drift="report") is given
    assert [entry["operation"] for entry in logs] == ["getOrder", "changeOrder", "getOrder"]
    assert all(entry["correlation_id"] and not entry["refused"] for entry in logs)
    (counted,) = (family for family in resources.gateway.metrics.families() if family.name == "response_drift")
    assert counted.values == {("orders", "getOrder"): [2.0], ("orders", "changeOrder"): [1.0]}


async def test_a_stream_is_checked_by_its_status_and_headers(answered) -> None:
    """The body of an answer that is passed on as it comes is not waited for; its content type is checked."""

    async def parts():
        yield b"never"
        yield b" looked at"

    given = GatewayResponse(200, [(b"content-type", JSON)], b"", parts())
    assert await answered(given) is given
    ended = []
    held_back = Streamed(parts(), lambda: ended.append("let go"))
    assert await drift(answered, GatewayResponse(200, [(b"content-type", b"text/html")], b"", held_back)) == [
        "/header/content-type"
    ]
    assert ended == ["let go"], "nobody else will end a stream that is held back"


async def test_the_body_of_a_head_is_not_missed(answered) -> None:
    """An answer to HEAD has the headers of a GET and no body."""
    given = GatewayResponse(200, [(b"content-type", JSON)], b"")
    assert await answered(given, "HEAD") is given


async def test_a_contract_that_is_silent_on_answers_allows_all(answered) -> None:
    """Where a contract says nothing of what is answered, nothing is held back."""
    given = response(b"anything", status=599, kind=b"text/html")
    assert await answered(given, "DELETE") is given


async def test_the_check_is_cheap(resources, make_request) -> None:
    """A kilobyte of JSON is checked in microseconds, so that every GET can be."""
    given = response({"id": "1", "lines": [{"amount": f"{number}.00", "note": "n" * 20} for number in range(20)]})
    assert 900 < len(given.body) < 1200

    async def service(_: Any) -> GatewayResponse:
        return given

    handler = ResponseContract().wrap(service, resources)
    requests = [make_request() for _ in range(2000)]
    start = time.process_time()
    for request in requests:
        await handler(request)
    assert (time.process_time() - start) / len(requests) < 100e-6  # 12 µs on the machine it was written on
