"""Finance v1 over v2: golden pairs of exchanges, and what v1 refuses to tell."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.versions import CHANGES, finance_v1
from policies.base import GatewayResponse
from tollway.canonical.invoice import InvoiceStatus
from tollway.problems import ContractDrift

GOLDEN = Path(__file__).parent / "golden" / "finance_v1"
NAMES = sorted({path.name.split(".")[0] for path in GOLDEN.iterdir()})


def golden(name: str, version: str) -> dict[str, Any]:
    return msgspec.json.decode((GOLDEN / f"{name}.{version}.json").read_bytes())


def answer_of(exchange: dict[str, Any]) -> GatewayResponse:
    told = exchange["answer"]
    headers = [(field.encode(), value.encode()) for field, value in told["headers"].items()]
    return GatewayResponse(told["status"], headers, msgspec.json.encode(told["body"]))


@pytest.mark.parametrize("name", NAMES)
async def test_exchanges_are_the_golden_ones(serve, make_newer, make_request, contract_v1, name) -> None:
    """The request that v2 gets and the answer that v1 gives are the golden files', to the last field and header."""
    older, newer = golden(name, "v1"), golden(name, "v2")
    handler = make_newer(answer_of(newer))
    asked = older["request"]
    request = make_request(
        contract_v1, asked["method"], asked["target"], headers=asked.get("headers"), body=asked.get("body")
    )
    answer = await serve(handler)(request)

    (sent,) = handler.asked
    body = await sent.body()
    seen = {"method": sent.method, "target": sent.path}
    if body:
        headers = {field.decode(): value.decode() for field, value in sent.headers.items()}
        seen |= {"headers": headers, "body": msgspec.json.decode(body)}
    assert seen == newer["request"]
    headers = {field.decode(): value.decode() for field, value in answer.headers}
    told = {"status": answer.status, "headers": headers, "body": msgspec.json.decode(answer.body)}
    assert told == older["answer"]


@pytest.mark.parametrize("name", NAMES)
def test_golden_answers_keep_to_both_contracts(contract_v1, contract_v2, complaints, name) -> None:
    """The golden files themselves are such as the published documents of their version allow."""
    for version, contract in (("v1", contract_v1), ("v2", contract_v2)):
        exchange = golden(name, version)
        operation, _ = contract.find(exchange["request"]["method"], exchange["request"]["target"])
        told = exchange["answer"]
        assert complaints(contract, operation.id, str(told["status"]), told["body"]) == []


def test_golden_files_cover_every_operation_and_state(contract_v1) -> None:
    """Each operation of v1 has a pair, and so has each state an invoice can be in."""
    exchanges = [golden(name, "v2") for name in NAMES]
    paths = [exchange["request"]["target"].replace("/v2/", "/v1/") for exchange in exchanges]
    operations = {
        contract_v1.find(exchange["request"]["method"], path)[0].id
        for exchange, path in zip(exchanges, paths, strict=True)
        if exchange["answer"]["status"] < 300
    }
    assert operations == CHANGES["finance_v1"].operations.keys()
    shown = {exchange["answer"]["body"].get("status") for exchange in exchanges if "/invoices/" in str(exchange)}
    assert {state.value for state in InvoiceStatus} <= shown


def test_every_state_has_its_word(contract_v1) -> None:
    """Each state of v2 is one of v1's words, and v1 publishes no word that it never says."""
    assert finance_v1.STATES.keys() == {state.value for state in InvoiceStatus}
    assert set(finance_v1.STATES.values()) == set(
        contract_v1.document["components"]["schemas"]["InvoiceStatus"]["enum"]
    )


def _mixed() -> list:
    invoice, statement, plan, schedule = (
        golden(name, "v2")["answer"]["body"]
        for name in ("get_invoice_open", "get_deal_statement", "get_billing_plan", "get_revenue_schedule")
    )
    dollars = {"amount": "1.00", "currency": "USD"}
    of_statement = ("value", "delivered", "billed", "unbilled", "invoiced", "paid")
    lines = [plan["lines"][0], plan["lines"][1] | {"amount": dollars}]
    months = [schedule["periods"][0] | {"amount": dollars}]
    return [
        *[("getInvoice", invoice | {field: dollars}) for field in ("net", "tax", "total", "paid")],
        *[("getDealStatement", statement | {field: dollars}) for field in of_statement],
        ("getProjectStatement", statement | {"invoices": [invoice | {"net": dollars}]}),
        ("getBillingPlan", plan | {"lines": lines}),
        ("getRevenueSchedule", schedule | {"periods": months}),
    ]


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ("Invoice", {*finance_v1.INVOICE, *finance_v1.OF_INVOICE, "status"}),
        ("Statement", {*finance_v1.STATEMENT, *finance_v1.OF_STATEMENT, "currency", "invoices"}),
        ("BillingPlan", {*finance_v1.PLAN, "lines"}),
        ("BillingPlanLine", {*finance_v1.LINE, "amount"}),
        ("RevenueSchedule", {*finance_v1.SCHEDULE, "periods"}),
        ("RevenuePeriod", {*finance_v1.PERIOD, "amount"}),
        ("Accepted", {*finance_v1.ACCEPTED}),
    ],
)
def test_every_field_of_v1_is_told(contract_v1, shape, told) -> None:
    """What v1 publishes of an object and what is told of it are the same fields."""
    assert contract_v1.document["components"]["schemas"][shape]["properties"].keys() == told


async def test_what_v2_gains_is_none_of_v1(tell) -> None:
    """A field that v2 were to gain, at any depth, does not reach callers whose contract does not have it."""
    pairs = [
        ("getDealStatement", "get_deal_statement"),
        ("getBillingPlan", "get_billing_plan"),
        ("getRevenueSchedule", "get_revenue_schedule"),
    ]
    for operation, name in pairs:
        newer = golden(name, "v2")["answer"]["body"] | {"gained": 1}
        for parts in ("invoices", "lines", "periods"):
            newer |= {parts: [one | {"gained": 1} for one in newer[parts]]} if parts in newer else {}
        assert await tell(operation, newer) == golden(name, "v1")["answer"]["body"]


@pytest.mark.parametrize(("operation", "newer"), _mixed())
async def test_an_amount_is_never_told_in_the_wrong_currency(tell, operation, newer) -> None:
    """Where an object's amounts are not all in the one currency that v1 can name, v1 refuses rather than mislabels."""
    with pytest.raises(ContractDrift, match=r"which /finance/v1 cannot tell; ask /finance/v2"):
        await tell(operation, newer)


async def test_invoices_of_a_statement_keep_their_own_currency(tell) -> None:
    """A statement in euros may list an invoice in dinars: each object's amounts are in the currency it names."""
    older = await tell("getDealStatement", golden("get_deal_statement", "v2")["answer"]["body"])
    assert older["currency"] == "EUR"
    assert [invoice["currency"] for invoice in older["invoices"]] == ["EUR", "KWD"]


async def test_a_state_that_v1_never_heard_of_is_refused(tell) -> None:
    """A state that v2 were to gain without a word for it in v1 is a problem, not a word that v1 does not publish."""
    newer = golden("get_invoice_open", "v2")["answer"]["body"] | {"status": "disputed"}
    with pytest.raises(ContractDrift, match="cannot be told in terms of /finance/v1"):
        await tell("getInvoice", newer)
