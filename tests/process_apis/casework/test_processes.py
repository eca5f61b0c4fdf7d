"""What people do about processes that wait on no case: who may, what it means, and when it is refused."""

import datetime as dt

import pytest
from sqlalchemy import select

from process_apis.invoice_generation.billable import invoice_details
from tollway.canonical.case import CaseStatus
from tollway.canonical.process import CancellationOrder, ProcessReplay, ProcessStatus
from tollway.problems import Conflict, Forbidden, NotFound
from tollway.storage.tables import audit

WRONG = CancellationOrder(reason="Entered twice.")
AGAIN = ProcessReplay(from_step=2, reason="The platform was mended.")
RUN = "invoice-generation:PRJ-DEAL-1:march"


@pytest.mark.parametrize(
    ("process", "role"),
    [
        ("customer-onboarding:DEAL-1", "sales_operations"),
        ("project-activation:DEAL-1", "delivery"),
        (RUN, "finance_operations"),
        ("collections:PRJ-DEAL-1:posted", "finance_operations"),
        ("reconciliation:R-1", "integration"),
    ],
)
async def test_a_process_is_its_owners(desk, acting, process, role):
    """Only whoever owns a kind of process cancels or replays one; the lead of operations may do all."""
    desk.engine.status = ProcessStatus.RUNNING
    others = {"sales_operations", "delivery", "finance_operations", "integration"} - {role}
    with acting(*others):
        for act in (desk.casework.cancel_process(process, WRONG), desk.casework.replay(process, AGAIN)):
            with pytest.raises(Forbidden, match=f"operations:{role}"):
                await act
    for name in (role, "operations_lead"):
        with acting(name):
            await desk.casework.cancel_process(process, WRONG)


async def test_what_is_cancelled_is_undone_by_kind(desk, acting):
    """A running process is given up; of a deal's the activation is taken back, by the one who knows what was done."""
    desk.engine.status = ProcessStatus.RUNNING
    with acting("operations_lead"):
        for process in ("customer-onboarding:DEAL-1", "project-activation:DEAL-2", "collections:PRJ-DEAL-1:posted"):
            await desk.casework.cancel_process(process, WRONG)
    assert desk.engine.given_up == ["customer-onboarding:DEAL-1", "collections:PRJ-DEAL-1:posted"]
    assert desk.activation.cancelled == ["DEAL-1", "DEAL-2"]


async def test_a_parked_process_is_cancelled_by_its_case(desk, acting):
    """The role of the case decides, and the case is closed with the process."""
    case = await desk.parked("project-activation")
    with acting("delivery"), pytest.raises(Forbidden, match=case.owner_role):
        await desk.casework.cancel_process(case.process_id, WRONG)
    with acting(case.owner_role):
        await desk.casework.cancel_process(case.process_id, WRONG)
    assert await desk.status(case) is CaseStatus.CANCELLED
    assert desk.activation.cancelled == ["DEAL-1"]


async def test_a_parked_process_is_replayed_by_its_case(desk, acting):
    """Its case goes with it as one that is retried does, and of two who act on it one is told so."""
    case = await desk.parked("project-activation")
    with acting(case.owner_role):
        await desk.casework.replay(case.process_id, AGAIN)
        with pytest.raises(Conflict, match="at this very moment"):
            await desk.casework.replay(case.process_id, AGAIN)
        with pytest.raises(Conflict, match="at this very moment"):
            await desk.casework.cancel_process(case.process_id, WRONG)
    assert desk.engine.replayed == [(case.process_id, 2)]
    assert await desk.status(case) is CaseStatus.RETRYING
    assert "replayed" in await desk.did(case)


async def test_what_was_given_up_runs_no_more(desk, acting, make_contract, make_item):
    """A cancelled process, and a finished one that was undone since, are not replayed; the words say what to do."""
    with acting("operations_lead"):
        desk.engine.status = ProcessStatus.CANCELLED
        for refused in (desk.casework.replay(RUN, AGAIN), desk.casework.cancel_process(RUN, WRONG)):
            with pytest.raises(Conflict):
                await refused
        desk.engine.status = ProcessStatus.FINISHED
        desk.engine.known = {"activation-cancellation:DEAL-1"}
        for process in ("project-activation:DEAL-1", "customer-onboarding:DEAL-1"):
            with pytest.raises(Conflict, match="is undone: it cannot run again"):
                await desk.casework.replay(process, AGAIN)
        await desk.casework.replay("project-activation:DEAL-2", AGAIN)
    assert desk.engine.replayed == [("project-activation:DEAL-2", 2)]


async def test_a_billing_run_that_was_credited_is_not_replayed(desk, acting):
    """Which invoice a run made its effects say; once that is cancelled, the run's work is billed by another."""
    desk.engine.status, desk.engine.known = ProcessStatus.FINISHED, {"invoice-cancellation:PRJ-DEAL-1:PRJ-DEAL-1-001"}
    await desk.made("invoice:PRJ-DEAL-1-001", RUN)
    await desk.made("invoice:PRJ-DEAL-1-002", f"{RUN}-2")
    with acting("finance_operations"):
        with pytest.raises(Conflict, match="new billing run"):
            await desk.casework.replay(RUN, AGAIN)
        await desk.casework.replay(f"{RUN}-2", AGAIN)


async def test_what_has_finished_is_undone_where_it_can_be(desk, acting, make_contract, make_item):
    """A finished billing run's invoice is cancelled; what only told somebody has nothing to undo; an undoing stays."""
    desk.engine.status = ProcessStatus.FINISHED

    def invoice(reference, items):
        return invoice_details(make_contract("time_and_materials"), reference, items, dt.date(2026, 3, 1))

    await desk.claims.claim(RUN, "PRJ-DEAL-1", [make_item(1)], invoice)
    with acting("operations_lead"):
        await desk.casework.cancel_process(RUN, WRONG)
        assert list(desk.engine.started) == ["invoice-cancellation:PRJ-DEAL-1:PRJ-DEAL-1-001"]
        with pytest.raises(Conflict, match="nothing of what it did needs undoing"):
            await desk.casework.cancel_process("collections:PRJ-DEAL-1:posted", WRONG)
        desk.engine.status, desk.engine.known = ProcessStatus.RUNNING, {"activation-cancellation:DEAL-1"}
        with pytest.raises(Conflict, match="undoes what another did"):
            await desk.casework.cancel_process("activation-cancellation:DEAL-1", WRONG)
        with pytest.raises(NotFound):
            await desk.casework.cancel_process("nobody", WRONG)


async def test_who_did_what_is_in_the_audit(desk, acting, database):
    """Replays and cancellations are deeds of whoever did them, with the reason that they gave."""
    desk.engine.status = ProcessStatus.RUNNING
    with acting("delivery", name="dan@northwind"):
        await desk.casework.cancel_process("project-activation:DEAL-1", WRONG)
        desk.engine.status = ProcessStatus.FINISHED
        await desk.casework.replay("project-activation:DEAL-2", AGAIN)
    query = select(audit.c.operation, audit.c.subject, audit.c.about, audit.c.said).where(
        audit.c.operation.startswith("process.")
    )
    async with database.transaction() as connection:
        kept = [tuple(row) for row in await connection.execute(query.order_by(audit.c.id))]
    assert kept == [
        ("process.cancelled", "dan@northwind", "project-activation:DEAL-1", '{"detail":"Entered twice."}'),
        (
            "process.replayed",
            "dan@northwind",
            "project-activation:DEAL-2",
            '{"detail":"from step 2: The platform was mended."}',
        ),
    ]
