"""Finance v1 asked of the real finance service, which has v2 alone."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from experience_apis.finance.api import HANDLERS
from gateway.forward import forward
from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.invoice import Invoice
from tollway.canonical.statement import Accepted, BillingRun, Engagement, Statement
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.problem_document import Violation
from tollway.problems import NotFound, Rejected
from tollway.service import create_service

GOLDEN = Path(__file__).parent / "golden" / "finance_v1"


def canonical(name: str, kind: type) -> Any:
    """The object that a golden answer of v2 shows."""
    exchange = msgspec.json.decode((GOLDEN / f"{name}.v2.json").read_bytes())
    return msgspec.convert(exchange["answer"]["body"], kind, strict=False)


class Books:
    """The ports that finance asks, with one project on the books."""

    async def engagement_of_deal(self, deal_id: str) -> Engagement | None:
        return None

    async def billing_plan(self, number: str) -> BillingPlan | None:
        return canonical("get_billing_plan", BillingPlan) if number == "PRJ-7" else None

    async def revenue_schedule(self, number: str) -> RevenueSchedule | None:
        return canonical("get_revenue_schedule", RevenueSchedule) if number == "PRJ-7" else None

    async def statement(self, number: str) -> Statement:
        if number != "PRJ-7":
            raise NotFound(f"There is no project {number}.")
        return canonical("get_deal_statement", Statement)

    async def invoice(self, reference: str) -> Invoice | None:
        return canonical("get_invoice_partly_paid", Invoice) if reference == "PRJ-7-001" else None

    async def run(self, run: BillingRun) -> Accepted:
        if run.project_number != "PRJ-7":
            raise Rejected("Nothing to bill.", violations=[Violation(pointer="/project_number", message="unknown")])
        return Accepted(process_id=f"billing-{run.trigger}")


@pytest.fixture
def ask(serve, make_request, contract_v1):
    """Asks finance v1 and gives back the status and the document of its answer."""
    identity = Identity("k" * 40)
    books = Books()
    services = Services(identity)
    ports = {"activation": books, "invoicing": books}
    services.host("finance", create_service("finance", HANDLERS, identity=identity, dependencies=ports))
    handler = serve(forward(services, "finance", 20))

    async def asked(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"content-type": "application/json"} if body else {}
        answer = await handler(make_request(contract_v1, method, f"/finance/v1{path}", headers=headers, body=body))
        return answer.status, msgspec.json.decode(answer.body)

    return asked


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/invoices/PRJ-7-001", "get_invoice_partly_paid"),
        ("/projects/PRJ-7/statement", "get_deal_statement"),
        ("/projects/PRJ-7/billing-plan", "get_billing_plan"),
        ("/projects/PRJ-7/revenue-schedule", "get_revenue_schedule"),
    ],
)
async def test_v1_answers_what_it_always_did(ask, path, name) -> None:
    """What the service answers as v2 reaches a caller of v1 as the golden answer, to the last field."""
    status, body = await ask("GET", path)
    assert status == 200
    assert body == msgspec.json.decode((GOLDEN / f"{name}.v1.json").read_bytes())["answer"]["body"]


async def test_a_billing_run_is_started_through_v1(ask) -> None:
    """An unsafe call reaches the service as it was sent."""
    run = {"project_number": "PRJ-7", "through": "2026-11-21", "trigger": "november"}
    assert await ask("POST", "/billing-runs", run) == (202, {"process_id": "billing-november"})


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/invoices/PRJ-9-001", "There is no invoice PRJ-9-001."),
        ("/projects/PRJ-9/statement", "There is no project PRJ-9."),
        ("/deals/006-9/statement", "There is no activated project for deal 006-9."),
    ],
)
async def test_a_problem_names_the_address_that_was_asked(ask, path, detail) -> None:
    """A caller of v1 reads of v1's addresses, also where the service refuses."""
    status, problem = await ask("GET", path)
    assert (status, problem["type"], problem["detail"]) == (404, "urn:tollway:problem:not-found", detail)
    assert problem["instance"] == f"/finance/v1{path}"


async def test_a_refusal_of_the_service_keeps_its_pointers(ask) -> None:
    """What the service has against a body that is the same in both versions points to the same place."""
    run = {"project_number": "PRJ-9", "through": "2026-11-21", "trigger": "november"}
    status, problem = await ask("POST", "/billing-runs", run)
    assert (status, problem["type"]) == (422, "urn:tollway:problem:rejected")
    assert problem["violations"] == [{"pointer": "/project_number", "message": "unknown"}]
    assert problem["instance"] == "/finance/v1/billing-runs"
