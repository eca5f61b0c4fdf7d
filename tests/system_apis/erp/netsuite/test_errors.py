"""Every kind of answer NetSuite gives has one meaning."""

from typing import Any

import httpx
import msgspec
import pytest

from system_apis.erp.netsuite.errors import problem
from tollway.problems import ContractDrift, NotFound, ProblemError, Rejected, Throttled, Unavailable, UnknownOutcome


def _answer(status: int, code: str = "", detail: str = "", path: str = "", **headers: str) -> httpx.Response:
    details = {"detail": detail, "o:errorCode": code} | ({"o:errorPath": path} if path else {})
    envelope: dict[str, Any] = {"type": "t", "title": "t", "status": status, "o:errorDetails": [details]}
    return httpx.Response(status, content=msgspec.json.encode(envelope), headers=headers)


def _problem(answer: httpx.Response, *, reads: bool = False) -> ProblemError:
    return problem(answer, "invoice X", connection="books", reads=reads)


@pytest.mark.parametrize(
    ("answer", "reads", "kind"),
    [
        (_answer(429, "CONCURRENCY_LIMIT_EXCEEDED"), False, Throttled),
        (_answer(400, "SSS_REQUEST_LIMIT_EXCEEDED"), False, Throttled),
        (_answer(401, "INVALID_LOGIN"), False, Unavailable),
        (_answer(403, "INSUFFICIENT_PERMISSION"), False, Rejected),
        (_answer(404, "NONEXISTENT_ID"), False, NotFound),
        (_answer(400, "USER_ERROR"), False, Rejected),
        (_answer(400, "INVALID_CONTENT"), False, Rejected),
        (_answer(400, "SOMETHING_NEW"), False, ContractDrift),
        (_answer(500, "UNEXPECTED_ERROR"), False, UnknownOutcome),
        (_answer(500, "UNEXPECTED_ERROR"), True, Unavailable),
        (httpx.Response(502, text="<html>"), False, UnknownOutcome),
        (httpx.Response(503, text="<html>"), True, Unavailable),
        (httpx.Response(302, headers={"location": "https://elsewhere"}), False, ContractDrift),
    ],
)
def test_an_answer_means_what_it_says_about_the_call(
    answer: httpx.Response, *, reads: bool, kind: type[ProblemError]
) -> None:
    """Whether it happened follows from status, code and what the call was to do."""
    assert type(_problem(answer, reads=reads)) is kind


def test_a_refusal_says_what_netsuite_tells_its_users() -> None:
    """The sentence of a business refusal is passed on without its technical beginning, and its field is named."""
    detail = "Error while accessing a resource. You have entered an Invalid Field Value 9 for the following field: item"
    refused = _problem(_answer(400, "INVALID_CONTENT", detail, "item.items[0].item"))
    assert refused.detail == (
        "NetSuite does not take a value of invoice X: "
        "You have entered an Invalid Field Value 9 for the following field: item"
    )
    assert [violation.pointer for violation in refused.violations] == ["/item/items/0/item"]


def test_nothing_else_of_an_answer_is_passed_on() -> None:
    """Details of failures that are no business refusals stay out of what callers see, and long ones are cut."""
    secret = "java.lang.NullPointerException at com.netledger"
    answers = (
        _answer(500, "UNEXPECTED_ERROR", secret),
        _answer(401, "INVALID_LOGIN", secret),
        _answer(418, "X", secret),
    )
    assert all(secret not in _problem(answer).detail for answer in answers)
    assert len(_problem(_answer(400, "USER_ERROR", "x" * 10_000)).detail) < 400


def test_the_pause_that_netsuite_asks_for_is_kept() -> None:
    """A Retry-After goes before our own idea of a pause."""
    assert _problem(httpx.Response(429, headers={"retry-after": "17"})).retry_after == 17
