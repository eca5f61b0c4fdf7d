"""The distributed form: every service a process of its own, on PostgreSQL, with sandboxes and issuer elsewhere."""

import asyncio
import contextlib
import datetime as dt
import signal
import time
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select

from tollway.canonical.case import Case, Category
from tollway.canonical.statement import BillingRun, Readiness
from tollway.cli.catalogue import SERVICES, of_layer
from tollway.cli.demo.deals import DemoDeal
from tollway.problems import Conflict, Unavailable
from tollway.sandboxes.faults import Fault
from tollway.storage import open_database
from tollway.storage.tables import effects, notices


class LogLine(msgspec.Struct):
    """What every line of a log has, or may have."""

    event: str
    level: str
    timestamp: dt.datetime
    service: str = ""
    correlation_id: str = ""


pytestmark = pytest.mark.asyncio(loop_scope="package")
FIXED = DemoDeal(
    name="Fixed fee",
    account="Fabrikam Inc",
    legal_entity="NWC-US",
    country="United States",
    city="Oakland",
    state="CA",
    tax_registration="47-2030405",
    service_line="ADV",
    milestones={"Design": "1000.00", "Build": "500.50"},
)
HOURLY = DemoDeal(
    name="Time and materials",
    account="Thames Logistics Ltd",
    legal_entity="NWC-UK",
    country="United Kingdom",
    city="Reading",
    tax_registration="GB232457280",
    service_line="MGS",
    rates={"Consultant": ("135.50", "160")},
    hours={"Consultant": "38.75"},
)
UNANNOUNCED = msgspec.structs.replace(FIXED, name="Unannounced", account="Tailspin Toys", tax_registration="13-1975147")
STOPPED = msgspec.structs.replace(FIXED, name="Stopped half way", account="Litware Inc", tax_registration="36-2170433")
KILLED = msgspec.structs.replace(FIXED, name="Killed half way", account="Proseware Inc", tax_registration="36-2170434")


@pytest_asyncio.fixture(loop_scope="package")
async def rows(processes):
    """Reads what Tollway itself keeps."""
    database = await open_database(processes.folder, processes.storage_url)

    async def read(query: Any) -> list[Any]:
        async with database.transaction() as connection:
            return list(await connection.execute(query))

    yield read
    await database.close()


async def test_two_deals_become_cash_once(processes, firm, rows) -> None:
    """A fixed fee and a time-and-materials deal end in one customer, project and paid invoice each."""
    deals = {deal.name: await firm.sell(deal) for deal in (FIXED, HOURLY)}
    for deal in (FIXED, HOURLY):
        overview = await firm.active(deals[deal.name])
        await firm.people.work(deal, overview.project_number)
    run = BillingRun(
        project_number=f"PRJ-{deals[HOURLY.name]}", through=dt.datetime.now(dt.UTC).date(), trigger="by-hand"
    )
    asked = await firm.post("finance-app", "/finance/v2/billing-runs", run)
    endings = [await firm.paid(opportunity) for opportunity in deals.values()]
    assert [str(end.statement.invoiced.amount) for end in endings] == ["1087.50", "6300.76"]  # with tax
    assert await firm.held() == (2, 2, 2, 2, 2, 0)
    assert await firm.desk.get("/operations/v1/cases?status=open", list[Case]) == []
    # One id from the caller through gateway, finance API and durable process to the invoice ...
    correlation_id = asked.headers["correlation-id"]
    invoices = select(effects.c.identity).where(effects.c.correlation_id == correlation_id)
    assert any(row.identity.startswith("invoice:") for row in await rows(invoices))
    assert correlation_id in processes.log("invoice-generation").read_text("utf-8")
    # ... and one for all that became of a won deal, in two services.
    of_deal = select(effects.c.correlation_id).where(
        effects.c.identity.in_([f"psa-project:PRJ-{deals[FIXED.name]}"])
        | effects.c.process_id.in_([f"customer-onboarding:{deals[FIXED.name]}"])
    )
    ids = [row.correlation_id for row in await rows(of_deal)]
    assert len(ids) > 1
    assert len(set(ids)) == 1


async def test_two_pollers_are_as_good_as_one(processes, firm, rows) -> None:
    """A deal that two processes of one service find by polling at once is onboarded once."""
    opportunity = await firm.people.open_deal(UNANNOUNCED)
    await firm.people.close_won(opportunity)
    await firm.active(opportunity)
    mine = effects.c.identity.contains(opportunity) | effects.c.process_id.contains(opportunity)
    attempts = {row.identity: row.attempts for row in await rows(select(effects).where(mine))}
    assert len(attempts) >= 4
    assert set(attempts.values()) == {1}
    found = select(notices).where((notices.c.source == "crm-poll") & (notices.c.subject == opportunity))
    assert len({row.event_id for row in await rows(found)}) == len(await rows(found)) > 0
    started = "".join(processes.log(name).read_text("utf-8") for name in ("customer-onboarding", processes.replica))
    begun = f'"id": "customer-onboarding:{opportunity}", "happened": "started"'
    assert started.count(begun) == 1


async def test_what_a_worker_leaves_goes_on_elsewhere(processes, firm, rows) -> None:
    """A process service told to stop, or killed, in the middle of a deal: another one ends the deal, once, and soon."""
    before = await firm.held()
    for deal, signal_number, longest in ((STOPPED, signal.SIGTERM, 8), (KILLED, signal.SIGKILL, 15)):
        await processes.befall("netsuite", Fault(kind="delay", path="/job", delay_ms=6000, times=1))
        opportunity = await firm.sell(deal)
        project = f"PRJ-{opportunity}"
        effect = select(effects.c.outcome).where(effects.c.identity == f"erp-project:{project}")

        async def halfway(effect: Any = effect) -> bool | None:
            return [row.outcome for row in await rows(effect)] == ["intended"] or None

        await firm.until("the ERP project to be under way", halfway)
        status = await processes.stop("project-activation", signal_number)
        began = time.monotonic()
        assert status[0] == (0 if signal_number == signal.SIGTERM else -signal.SIGKILL)
        assert status[1] < 10

        async def elsewhere(opportunity: str = opportunity) -> bool | None:
            others = {*of_layer("process"), processes.replica} - {"project-activation"}
            finished = f'"id": "project-activation:{opportunity}", "happened": "finished"'
            return any(finished in processes.log(name).read_text("utf-8") for name in others) or None

        await firm.until("another worker to end the activation", elsewhere)
        assert time.monotonic() - began < longest
        await processes.serve("project-activation")
        await processes.ready("project-activation")
        await firm.active(opportunity)
        await firm.people.work(deal, project)
        await firm.paid(opportunity)
    after = await firm.held()
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 2, 2, 2, 2, 0]

    async def off_the_desk() -> bool | None:
        for case in await firm.desk.get("/operations/v1/cases?status=open", list[Case]):
            assert case.category is Category.PLATFORM_AWAY, case  # the service that others asked was down meanwhile
            with contextlib.suppress(Conflict):
                await firm.desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
        return not await firm.desk.get("/operations/v1/cases?status=open", list[Case]) or None

    await firm.until("cases to be resolved", off_the_desk)


async def test_requests_under_way_are_answered_before_a_service_stops(processes, firm) -> None:
    """A service told to stop answers whom it was answering, and ends with status 0."""
    opportunity = await firm.people.open_deal(UNANNOUNCED)
    path = f"/sales/v1/deals/{opportunity}/readiness"
    await processes.befall("salesforce", Fault(kind="delay", path="/query|/sobjects", delay_ms=2500, times=1))
    asked = asyncio.create_task(firm.sales.get(path, Readiness))
    await asyncio.sleep(1)
    status, seconds = await processes.stop("sales")
    assert (await asked).deal_id == opportunity
    assert status == 0
    assert seconds < 10
    with pytest.raises(Unavailable):
        await firm.sales.get(path, Readiness)
    await processes.serve("sales")
    await processes.ready("sales")
    assert (await firm.sales.get(path, Readiness)).deal_id == opportunity


async def test_logs_are_json_lines_without_secrets(processes, firm) -> None:
    """Every line of every service is a JSON object with time and level, and no key, secret, password or token in it."""
    logs = {name: processes.log(name).read_text("utf-8") for name in processes.services}
    lines = [msgspec.json.decode(line, type=LogLine) for text in logs.values() for line in text.splitlines()]
    assert {line.level for line in lines} <= {"info", "warning"}
    assert {line.service for line in lines if line.event == "serving"} == {*SERVICES, "gateway"}
    assert all(line.correlation_id for line in lines if line.event == "process")
    secret = [processes.key, processes.secret, *firm.shown]
    assert len(secret) > 4
    assert not [name for name, text in logs.items() if any(one in text for one in secret)]
