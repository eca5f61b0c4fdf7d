"""Finance v1 over v2: what holds for every answer of v2 and every request to v1."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import inspect
from schemathesis import GenerationMode

from policies.base import GatewayResponse
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.invoice import Invoice
from tollway.canonical.statement import Statement

ANSWERS = {
    "getDealStatement": Statement,
    "getProjectStatement": Statement,
    "getBillingPlan": BillingPlan,
    "getRevenueSchedule": RevenueSchedule,
    "getInvoice": Invoice,
}
AMOUNTS = {"amount", "net", "tax", "total", "paid", "value", "delivered", "billed", "unbilled", "invoiced"}
CURRENCY, DECIMAL = "^[A-Z]{3}", r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,3})?"
QUICK = settings(
    deadline=None, suppress_health_check=list(HealthCheck), max_examples=30, derandomize=True, database=None
)


def of_type(kind: inspect.Type, currency: str) -> st.SearchStrategy[Any]:
    """JSON documents of a msgspec type, every amount in one currency."""
    return MADE[type(kind)](kind, currency)


def _struct(kind: inspect.StructType, currency: str) -> st.SearchStrategy[Any]:
    fields = {field.encode_name: of_type(field.type, currency) for field in kind.fields}
    optional = {field.encode_name for field in kind.fields if not field.required}
    return st.fixed_dictionaries(
        {name: made for name, made in fields.items() if name not in optional},
        optional={name: made for name, made in fields.items() if name in optional},
    )


def _text(kind: inspect.StrType, currency: str) -> st.SearchStrategy[str]:
    if kind.pattern and kind.pattern.startswith(CURRENCY):
        return st.just(currency)
    most = min(kind.max_length or 40, 40)
    if kind.pattern is None:
        return st.text(min_size=kind.min_length or 0, max_size=most)
    pattern = re.compile(kind.pattern, re.ASCII)
    return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= most)


MADE: dict[type[inspect.Type], Callable[[Any, str], st.SearchStrategy[Any]]] = {
    inspect.Metadata: lambda kind, currency: of_type(kind.type, currency),
    inspect.StructType: _struct,
    inspect.ListType: lambda kind, currency: st.lists(of_type(kind.item_type, currency), max_size=2),
    inspect.UnionType: lambda kind, currency: st.one_of([of_type(one, currency) for one in kind.types]),
    inspect.StrType: _text,
    inspect.DecimalType: lambda _, __: st.from_regex(re.compile(DECIMAL, re.ASCII), fullmatch=True),
    inspect.EnumType: lambda kind, _: st.sampled_from([member.value for member in kind.cls]),
    inspect.DateType: lambda _, __: st.dates().map(str),
    inspect.DateTimeType: lambda _, __: st.datetimes(timezones=st.just(dt.UTC)).map(dt.datetime.isoformat),
    inspect.NoneType: lambda _, __: st.none(),
}


@pytest.mark.parametrize("operation", ANSWERS)
async def test_whatever_v2_answers_v1_can_tell(tell, contract_v1, contract_v2, complaints, operation) -> None:
    """An answer that v2's types and contract allow becomes one that the frozen contract allows, amounts untouched."""
    kind = inspect.type_info(ANSWERS[operation])
    answers = []

    @QUICK
    @given(st.sampled_from(["EUR", "JPY", "KWD"]).flatmap(lambda currency: of_type(kind, currency)))
    def draw(newer: Any) -> None:
        assume(_is(ANSWERS[operation], newer))
        answers.append(newer)

    draw()
    assert len(answers) >= 15
    for newer in answers:
        assert complaints(contract_v2, operation, "200", newer) == []
        older = await tell(operation, newer)
        assert complaints(contract_v1, operation, "200", older) == []
        assert sorted(_amounts(older)) == sorted(_amounts(newer))


@pytest.mark.parametrize("operation", [*ANSWERS, "runBilling"])
async def test_whatever_v1_takes_v2_takes(serve, make_newer, make_request, contract_v1, operation) -> None:
    """A request that the frozen contract allows becomes one that v2's contract allows, and the same is asked."""
    schema = schemathesis.openapi.from_dict(contract_v1.document)
    place, method = next(
        (place, method)
        for place, item in contract_v1.document["paths"].items()
        for method, data in item.items()
        if data["operationId"] == operation
    )
    cases = []

    @QUICK
    @given(schema[place][method].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def draw(case: schemathesis.Case) -> None:
        cases.append(case)

    draw()
    assert len(cases) >= 10
    for case in cases:
        newer = make_newer(GatewayResponse(404, [(b"content-type", b"application/problem+json")], b"{}"))
        sending = {"headers": {"content-type": "application/json"}, "body": case.body} if method == "post" else {}
        request = make_request(contract_v1, method.upper(), case.formatted_path, **sending)
        await serve(newer)(request)
        (asked,) = newer.asked
        assert asked.path == request.path.replace("/finance/v1/", "/finance/v2/", 1)
        assert asked.operation.id == operation
        assert await asked.body() == await request.body()


def _is(kind: type, document: Any) -> bool:
    try:
        msgspec.convert(document, kind, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _amounts(document: Any) -> list[str]:
    """Every amount of a document of either version, by the names they share."""
    if isinstance(document, list):
        return [amount for one in document for amount in _amounts(one)]
    if not isinstance(document, dict):
        return []
    own = [value for field, value in document.items() if field in AMOUNTS and isinstance(value, str)]
    return own + [amount for value in document.values() for amount in _amounts(value)]
