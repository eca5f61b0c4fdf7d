"""A restart in the middle of everything."""

import asyncio
import contextlib

import pytest

from tollway.canonical.case import Case
from tollway.problems import Conflict
from tollway.sandboxes import Fault


@pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_restart_in_the_middle_changes_nothing(settings, open_firm):
    """Deals whose activation was cut off go on after a restart, and so do a parked one and its case."""
    async with open_firm(settings) as firm:
        firm.netsuite.set(Fault(kind="delay", delay_ms=300))
        bad = await firm.people.open_deal(firm.new_deal(tax_registration=""))
        await firm.people.close_won(bad)
        good = [await firm.sell(firm.new_deal()) for _ in range(3)]
        case = await firm.case(bad)
        await asyncio.sleep(0.5)
        assert {(await firm.overview(deal_id)).stage for deal_id in good} != {"active"}
    async with open_firm(settings) as firm:
        for deal_id in good:
            await firm.active(deal_id)
        assert (await firm.case(bad)).id == case.id
        await firm.people.enter_tax_registration(bad, "13-1975147")
        await firm.retry(case)
        await firm.active(bad)
        assert [await firm.held(deal_id) for deal_id in (*good, bad)] == [firm.set_up] * 4
        assert (await firm.books()).duplicates == 0


async def test_a_retry_that_never_began_is_offered_again(settings, open_firm):
    """Stopped between marking a case as being retried and retrying it, the case is back on its desk afterwards."""
    async with open_firm(settings) as firm:
        deal_id = await firm.sell(firm.new_deal(tax_registration=""))
        case = await firm.case(deal_id)
        await asyncio.sleep(1)  # until the poller, which saw the deal too, has had its try

        async def marked() -> Case | None:
            with contextlib.suppress(Conflict):  # or is at it just now
                return await firm.running.installation.processes.cases.retrying(case.id)
            return None

        await firm.until("the case to be marked", marked)
        assert await firm.cases() == []
    async with open_firm(settings) as firm:
        again = await firm.case(deal_id)
        assert again.id == case.id
        await firm.people.enter_tax_registration(deal_id, "13-1975147")
        await firm.retry(again)
        await firm.active(deal_id)
