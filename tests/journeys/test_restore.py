"""Everything of ours is lost and put back from a backup: the platforms know more by then than our records do."""

import asyncio
import gc

import pytest

from tollway.backup.backup import back_up
from tollway.backup.restore import restore
from tollway.backup.restores import Restores
from tollway.canonical.reconciliation import FindingPage, Reconciliation
from tollway.sandboxes import Fault

AT_ONCE = "TOLLWAY_RECONCILIATION__SETTLE_SECONDS"


@pytest.fixture
def variables(variables):
    """An installation whose reconciliations look again at once."""
    return variables | {AT_ONCE: "0"}


async def billed_deal(firm) -> str:
    """A fixed fee of which the first milestone is reached and billed."""
    deal = firm.new_deal()
    deal_id = await firm.sell(deal)
    await firm.people.work(deal, (await firm.active(deal_id)).project_number)
    await firm.billed(deal_id)
    return deal_id


async def caught_up(firm) -> None:
    """Wait until a reconciliation has found nothing amiss."""
    restores = Restores(firm.running.installation.processes._database)
    try:
        async with asyncio.timeout(120):
            while await restores.forgotten() is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    except TimeoutError:
        last = (await firm.desk.get("/operations/v1/reconciliations", list[Reconciliation]))[0]
        page = await firm.desk.get(f"/operations/v1/reconciliations/{last.id}/findings", FindingPage)
        pytest.fail(f"It does not catch up: {[(one.outcome, one.discrepancy) for one in page.items]}")


@pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_restored_system_reconciles_instead_of_repeating(settings, open_firm, tmp_path, storage_url, caplog):
    """What was set up and billed after the backup is there once, is known again, and what comes next is billed once."""
    archive = tmp_path / "tollway.tar"
    async with open_firm(settings) as firm:
        before = await billed_deal(firm)
        hourly = firm.hourly_deal()
        billed_twice = await firm.sell(hourly)
        number = (await firm.active(billed_twice)).project_number
        await firm.people.work(hourly, number)
        await firm.finished((await firm.bill(number, "first")).process_id)
        await firm.billed(billed_twice)
        await asyncio.to_thread(back_up, settings.folder, storage_url, archive)
        after = await billed_deal(firm)
        await firm.people.work(hourly, number)
        await firm.bill(number, "second")
        await firm.billed(billed_twice, 2)
        held = [await firm.held(deal_id) for deal_id in (before, billed_twice, after)]
        books = await firm.books()
    caplog.clear()  # which keeps what it was told of,
    gc.collect()  # and with it rows that were read half when the firm closed: they keep its file open
    await restore(settings.folder, storage_url, archive, replace=True)
    async with open_firm(settings) as firm:
        assert (await firm.active(after)).statement is not None
        await caught_up(firm)
        assert [await firm.held(deal_id) for deal_id in (before, billed_twice, after)] == held
        assert await firm.books() == books
        assert await firm.cases() == []
        await firm.people.work(hourly, number)
        await firm.bill(number, "third")
        overview = await firm.billed(billed_twice, 3)
        references = [invoice.reference for invoice in overview.statement.invoices]
        assert references == [f"{number}-001", f"{number}-002", f"{number}-003"]
        assert (await firm.books()).duplicates == 0


@pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True)
async def test_work_that_was_posted_and_not_marked_is_billed_once(settings, open_firm, tmp_path, storage_url, caplog):
    """An invoice posted after the backup, of which the PSA was never told, is known again and not repeated."""
    archive = tmp_path / "tollway.tar"
    async with open_firm(settings) as firm:
        hourly = firm.hourly_deal()
        deal_id = await firm.sell(hourly)
        number = (await firm.active(deal_id)).project_number
        await asyncio.to_thread(back_up, settings.folder, storage_url, archive)
        await firm.people.work(hourly, number)
        firm.salesforce.set(Fault(kind="error", path="/composite/sobjects", method="PATCH", status=503))
        await firm.bill(number, "first")
        posted = "SELECT tranid AS value FROM transaction WHERE type = 'CustInvc' AND tranid IS NOT NULL"

        async def there() -> list[str] | None:
            return await firm.column(posted) or None

        await firm.until("the invoice to be posted", there)
    caplog.clear()
    gc.collect()
    await restore(settings.folder, storage_url, archive, replace=True)
    async with open_firm(settings) as firm:
        await caught_up(firm)
        await firm.finished((await firm.bill(number, "second")).process_id)
        overview = await firm.billed(deal_id)
        assert [invoice.reference for invoice in overview.statement.invoices] == [f"{number}-001"]
        assert (await firm.books()).duplicates == 0
