"""Killed without warning in the middle of several deals, and started again."""

import asyncio
import signal

import httpx
import msgspec
import pytest

from tollway.sandboxes import Fault

SOON = {"TOLLWAY_POLLING__SECONDS": "5"}
"""Whose call was lost in the kill is found by the poller, whose lease is that of the killed process at first."""
SLOW = msgspec.json.encode([Fault(kind="delay", delay_ms=60)])
"""Every platform call takes this long, so that there is a middle to be killed in."""


async def _slow_down(firm) -> None:
    async with httpx.AsyncClient() as http:
        for sandbox in firm.settings.sandboxes.values():
            answer = await http.put(f"http://127.0.0.1:{sandbox.port}/__sandbox__/faults", content=SLOW)
            answer.raise_for_status()


async def _kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


@pytest.mark.parametrize("moment", [0.2, 0.8])
async def test_deals_survive_a_kill_while_they_are_set_up(variables, up_firm, moment):
    """Whenever it is killed after deals were won, each has one customer and one project once it runs again."""
    async with up_firm(variables | SOON) as (firm, process):
        deals = [firm.new_deal() for _ in range(4)]
        ids = [await firm.people.open_deal(deal) for deal in deals]
        await _slow_down(firm)
        await asyncio.gather(*map(firm.people.close_won, ids))
        await asyncio.sleep(moment)
        await _kill(process)
    async with up_firm(variables | SOON) as (firm, _):
        for deal_id in ids:
            await firm.active(deal_id)
        assert [await firm.held(deal_id) for deal_id in ids] == [firm.set_up] * 4
        assert (await firm.books()).duplicates == 0
        assert await firm.cases() == []


async def test_invoices_survive_a_kill_while_they_are_made(variables, up_firm):
    """Killed during billing runs, each deal is billed once, by one invoice, when it runs again."""
    async with up_firm(variables) as (firm, process):
        deals = [firm.hourly_deal() for _ in range(3)]
        ids = [await firm.sell(deal) for deal in deals]
        numbers = [(await firm.active(deal_id)).project_number for deal_id in ids]
        for deal, number in zip(deals, numbers, strict=True):
            await firm.people.work(deal, number)
        await _slow_down(firm)
        runs = await asyncio.gather(*map(firm.bill, numbers))
        await asyncio.sleep(0.3)
        await _kill(process)
    async with up_firm(variables) as (firm, _):
        for run in runs:
            await firm.finished(run.process_id)
        assert [await firm.held(deal_id) for deal_id in ids] == [firm.billed_once] * 3
        assert (await firm.books()).duplicates == 0
        assert await firm.cases() == []
