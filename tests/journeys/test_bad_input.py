"""Bad input, sentence by sentence: each ends as a problem document or on a desk, and nothing is lost or doubled."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from tollway.canonical.case import Category, OwnerRole
from tollway.context import new_context
from tollway.http.exchange import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLOSED_WON = "/inbound/v1/salesforce/opportunity-closed-won"
PROBLEM = "application/problem+json"


def event(**changes: Any) -> dict[str, Any]:
    """What Salesforce's Flow sends."""
    return {
        "event_id": "event-1",
        "opportunity_id": "006000000000001AAA",
        "stage": "Closed Won",
        "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
        "organization_id": "00D000000000001",
        **changes,
    }


@pytest.mark.parametrize("body", [b'{"event_id": ', b"\xff\xfe", b'{"event_id": NaN}', b"{'event_id': 'x'}"])
async def test_malformed_json_is_a_problem(shared_firm, body):
    """A body that is no JSON is answered with a problem document, whatever is broken about it."""
    answer = await shared_firm.post(shared_firm.flow, CLOSED_WON, body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert answer.json()["type"] == "urn:tollway:problem:malformed-request"
    assert answer.json()["correlation_id"] == answer.headers["correlation-id"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"surprise": 1}, ""),
        ({"event_id": 7}, "/event_id"),
        ({"opportunity_id": ["006"]}, "/opportunity_id"),
        ({"opportunity_id": "006/../x"}, "/opportunity_id"),
        ({"stage": "Closed Lost"}, "/stage"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
    ],
)
async def test_fields_that_break_the_contract_are_each_named(shared_firm, changes, pointer):
    """Unknown fields and wrong types are refused by naming where they stand."""
    answer = await shared_firm.post(shared_firm.flow, CLOSED_WON, msgspec.json.encode(event(**changes)))
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert [violation["pointer"] for violation in answer.json()["violations"]] == [pointer]


async def test_every_violation_is_listed_at_once(shared_firm):
    """Who sends three mistakes is told of three."""
    wrong = event(event_id=7, stage="Won", surprise=True)
    answer = await shared_firm.post(shared_firm.flow, CLOSED_WON, msgspec.json.encode(wrong))
    assert len(answer.json()["violations"]) == 3


MONEY = ("NaN", "Infinity", "-Infinity", "1e400", "ten")


@pytest.mark.parametrize("amount", MONEY)
async def test_what_is_no_amount_is_refused_by_the_service(shared_firm, amount):
    """Not-a-number and the infinities are no amounts, even from one of our own services."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal())
    await firm.active(deal_id)
    order = await _order(firm, deal_id)
    order["contract"]["value"]["amount"] = amount
    status, problem = await _send_order(firm, order)
    assert (status, problem["type"]) == (422, "urn:tollway:problem:invalid-request")
    assert problem["violations"][0]["pointer"].startswith("/contract/value")


async def test_a_currency_that_does_not_exist_is_refused_by_the_service(shared_firm):
    """An amount in no ISO 4217 currency is refused by name."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal())
    await firm.active(deal_id)
    order = await _order(firm, deal_id)
    order["contract"]["value"]["currency"] = "XQZ"
    status, problem = await _send_order(firm, order)
    assert status == 422
    assert "XQZ" in problem["violations"][0]["message"]


BAD_DEALS = [
    ({"Tollway_Legal_Entity__c": "NWC-XX"}, Category.UNMAPPED_LEGAL_ENTITY, "'NWC-XX'"),
    ({"Tollway_Payment_Terms__c": "Net 500"}, Category.INCOMPLETE_DEAL, "'Net 500'"),
    ({"Tollway_Service_Line__c": None}, Category.INCOMPLETE_DEAL, "no service line"),
    ({"Tollway_End_Date__c": "2001-01-01"}, Category.CONTRACT_MISMATCH, "before it starts"),
]


@pytest.mark.parametrize(("fields", "category", "said"), BAD_DEALS)
async def test_a_wrong_term_lands_on_sales_operations_desk(shared_firm, fields, category, said):
    """A deal with a term that the firm does not know waits, goes on when it is mended, and is set up once."""
    firm = shared_firm
    deal_id = await firm.people.open_deal(firm.new_deal())
    before = (await firm.rows(f"SELECT {', '.join(fields)} FROM Opportunity WHERE Id = '{deal_id}'"))[0]
    await firm.org.update("Opportunity", deal_id, fields)
    await firm.people.close_won(deal_id)
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.SALES_OPERATIONS, category)
    assert said in case.summary
    assert case.remedy.endswith("then retry.")
    assert await firm.held(deal_id) == firm.nothing
    await firm.org.update("Opportunity", deal_id, {name: before[name] for name in fields})
    await firm.retry(case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up
    assert await firm.cases(subject=deal_id) == []


async def test_a_currency_we_do_not_bill_in_lands_on_sales_operations_desk(shared_firm):
    """A deal in a currency that its legal entity does not bill in waits for sales operations."""
    firm = shared_firm
    deal_id = await firm.people.open_deal(firm.new_deal())
    for line in await firm.rows(f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{deal_id}'"):
        await firm.org.send("DELETE", f"{firm.org.root}/sobjects/OpportunityLineItem/{line['Id']}", "line")
    await firm.org.update("Opportunity", deal_id, {"CurrencyIsoCode": "EUR"})
    await firm.people.close_won(deal_id)
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.SALES_OPERATIONS, Category.CURRENCY_MISMATCH)
    assert "does not bill in EUR, but in USD" in case.summary
    assert await firm.held(deal_id) == firm.nothing


async def test_a_deal_without_line_items_waits(shared_firm):
    """A deal won without line items is not guessed at."""
    firm = shared_firm
    deal_id = await firm.people.open_deal(firm.new_deal())
    line = (await firm.rows(f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{deal_id}'"))[0]
    await firm.org.send("DELETE", f"{firm.org.root}/sobjects/OpportunityLineItem/{line['Id']}", "line")
    await firm.people.close_won(deal_id)
    case = await firm.case(deal_id)
    assert case.category is Category.INCOMPLETE_DEAL
    assert "no line items" in case.summary
    assert await firm.held(deal_id) == firm.nothing


@pytest.mark.parametrize(("amount", "said"), [("600.50", "add up to 1600.50 USD"), ("-500.50", "not more than zero")])
async def test_milestones_must_add_up_to_the_contract(shared_firm, amount, said):
    """Milestones that differ from the contract's value, or are negative, wait until somebody made them agree."""
    firm = shared_firm
    deal_id = await firm.people.open_deal(firm.new_deal())
    where = f"Opportunity__c = '{deal_id}' AND Name = 'Build'"
    milestone = (await firm.rows(f"SELECT Id FROM Tollway_Deal_Milestone__c WHERE {where}"))[0]["Id"]
    await firm.org.update("Tollway_Deal_Milestone__c", milestone, {"Amount__c": amount})
    await firm.people.close_won(deal_id)
    case = await firm.case(deal_id)
    assert (case.owner_role, case.category) == (OwnerRole.SALES_OPERATIONS, Category.CONTRACT_MISMATCH)
    assert said in case.summary
    await firm.org.update("Tollway_Deal_Milestone__c", milestone, {"Amount__c": "500.50"})
    await firm.retry(case)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up


async def test_a_deal_that_is_not_won_waits(shared_firm):
    """A call about a deal that the CRM does not say is won sets nothing up."""
    firm = shared_firm
    deal_id = await firm.people.open_deal(firm.new_deal())
    early = event(event_id=f"early-{deal_id}", opportunity_id=deal_id)
    assert (await firm.post(firm.flow, CLOSED_WON, msgspec.json.encode(early))).status_code == 202
    case = await firm.case(deal_id)
    assert case.category is Category.INCOMPLETE_DEAL
    assert "not closed won" in case.summary
    await firm.people.close_won(deal_id)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up
    assert await firm.cases(subject=deal_id) == []


@pytest.mark.parametrize("same_id", [True, False])
async def test_a_second_call_about_a_deal_changes_nothing(shared_firm, same_id):
    """The same event again, and another event about the same deal, lead to the same process and to nothing more."""
    firm = shared_firm
    deal_id = await firm.sell(firm.new_deal())
    await firm.active(deal_id)
    for number in range(3):
        again = event(event_id=f"again-{deal_id}-{0 if same_id else number}", opportunity_id=deal_id)
        answer = await firm.post(firm.flow, CLOSED_WON, msgspec.json.encode(again))
        assert (answer.status_code, answer.json()) == (202, {"process_id": f"customer-onboarding:{deal_id}"})
    assert (await firm.overview(deal_id)).stage == "active"
    assert await firm.held(deal_id) == firm.set_up


async def _order(firm, deal_id: str) -> dict[str, Any]:
    call = firm.running.installation.services.client("sales", "project-activation")
    engagement = await call.call("GET", f"/project-activation/v1/deals/{deal_id}/engagement", dict)
    return {"contract": engagement["contract"], "customer": engagement["customer"]}


async def _send_order(firm, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    services = firm.running.installation.services
    headers = [(b"content-type", b"application/json")]
    call = Call("POST", "/project-activation/v1/orders", b"", headers, msgspec.json.encode(order))
    answer = await services.send("customer-onboarding", "project-activation", call, new_context())
    return answer.status, msgspec.json.decode(answer.body)
