"""Billing runs that are given up before their invoice is posted, at an ERP that routes invoices for approval."""

from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.process import CancellationOrder, ProcessState, ProcessStatus
from tollway.sandboxes import Fault
from tollway.settings import load

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
WRONG = CancellationOrder(reason="The rate was another one.")
CREATED, APPROVED = ("PUT", "/record/v1/invoice/eid"), ("PATCH", "/record/v1/invoice/eid")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firm(make_variables, open_firm, tmp_path_factory) -> AsyncIterator:
    """A firm whose ERP holds invoices back until they are approved."""
    settings = load(CONFIGURATION, make_variables(tmp_path_factory.mktemp("firm")))
    connections = deepcopy(settings.connections)
    connections["netsuite"]["approve_invoices"] = True
    async with open_firm(replace(settings, connections=connections)) as opened:
        yield opened


async def worked(firm) -> str:
    deal = firm.hourly_deal()
    number = (await firm.active(await firm.sell(deal))).project_number
    await firm.people.work(deal, number)
    return number


async def invoices(firm, number: str) -> list[tuple[str, InvoiceStatus]]:
    statement = (await firm.overview(number.removeprefix("PRJ-"))).statement
    return [(invoice.reference.removeprefix(f"{number}-"), invoice.status) for invoice in statement.invoices]


@pytest.mark.parametrize(
    ("call", "left"), [(CREATED, []), (APPROVED, [("001", InvoiceStatus.CANCELLED)])], ids=["refused", "draft"]
)
async def test_what_was_never_posted_is_cancelled_and_billed_by_the_next_run(firm, call, left):
    """A parked run is cancelled: a draft with it, without a credit note, and its work is on the next run's invoice."""
    number = await worked(firm)
    method, path = call
    firm.netsuite.set(Fault(kind="error", path=path, method=method, status=403))
    run = await firm.bill(number)
    case = await firm.case(number)
    firm.netsuite.set()
    await firm.cancel(case)
    await firm.finished(f"invoice-cancellation:{number}:{number}-001")
    assert await invoices(firm, number) == left
    assert (await firm.desk.get(f"/operations/v1/processes/{run.process_id}", ProcessState)).status is (
        ProcessStatus.CANCELLED
    )
    await firm.finished((await firm.bill(number, "again")).process_id)
    assert await invoices(firm, number) == [*left, ("002", InvoiceStatus.OPEN)]
    assert await firm.column("SELECT id AS value FROM transaction WHERE type = 'CustCred'") == []
    assert await firm.cases(subject=number) == []


@pytest.mark.parametrize("call", [CREATED, APPROVED], ids=["creating", "posting"])
async def test_a_run_that_is_given_up_at_work_bills_nothing(firm, call):
    """What is under way at the ERP when a run is given up is waited for and taken back, whatever it was."""
    number = await worked(firm)
    method, path = call
    firm.netsuite.calls.clear()
    firm.netsuite.set(Fault(kind="delay", path=path, method=method, times=1, delay_ms=20_000))
    run = await firm.bill(number)

    async def look() -> bool | None:
        return any(call.startswith(method) and path in call for call in firm.netsuite.calls) or None

    await firm.until("the ERP to be asked", look, leisure=0.1)
    await firm.desk.post(f"/operations/v1/processes/{run.process_id}/cancellation", ProcessState, WRONG)
    firm.netsuite.set()
    await firm.finished(f"invoice-cancellation:{number}:{number}-001")
    assert await invoices(firm, number) == [("001", InvoiceStatus.CANCELLED)]
    await firm.finished((await firm.bill(number, "again")).process_id)
    assert [status for _, status in await invoices(firm, number)] == [InvoiceStatus.CANCELLED, InvoiceStatus.OPEN]
    assert await firm.cases(subject=number) == []
