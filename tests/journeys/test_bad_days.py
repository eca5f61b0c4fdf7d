"""Bad days of the platforms: lost answers, errors, throttling and a restart in between; every deal still ends once."""

import asyncio

import pytest

from tollway.sandboxes import Fault

CUSTOMER, INVOICE, JOB = (f"/record/v1/{record}/eid" for record in ("customer", "invoice", "job"))
PLAN = "/record/v1/customrecord_tollway_billing_plan/eid"
PSA_PROJECT, OPPORTUNITY = "/sobjects/pse__Proj__c/", "/sobjects/Opportunity/"
LOST = [
    ("netsuite", CUSTOMER, "PUT", "lost_after"),
    ("netsuite", JOB, "PUT", "lost_after"),
    ("netsuite", PLAN, "PUT", "lost_after"),
    ("netsuite", INVOICE, "PUT", "lost_after"),
    ("netsuite", INVOICE, "PUT", "lost_before"),
    ("salesforce", PSA_PROJECT, "PATCH", "lost_after"),
    ("salesforce", PSA_PROJECT, "PATCH", "lost_before"),
    ("salesforce", OPPORTUNITY, "PATCH", "lost_after"),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("platform", "path", "method", "kind"), LOST)
async def test_a_lost_answer_is_settled_by_looking(shared_firm, platform, path, method, kind):
    """Whether the platform did it before the connection broke or not, there is exactly one of it at the end."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    sandbox, lost = getattr(firm, platform), Fault(kind=kind, path=path, method=method, times=1)
    deal_id = await firm.sell_unannounced(deal)
    if path != INVOICE:
        sandbox.set(lost)
    number = (await firm.active(deal_id)).project_number
    await firm.people.work(deal, number)
    if path == INVOICE:
        sandbox.set(lost)
    run = await firm.bill(number)
    await firm.finished(run.process_id)
    await firm.billed(deal_id)
    assert sandbox._left[0] == 0
    assert await firm.held(deal_id) == firm.billed_once
    assert [await firm.cases(subject=subject) for subject in (deal_id, number)] == [[], []]


BRIEF = [
    ("netsuite", Fault(kind="error", status=503, probability=0.3, times=6)),
    ("netsuite", Fault(kind="throttle", probability=0.3, times=6)),
    ("salesforce", Fault(kind="error", status=503, probability=0.3, times=6)),
    ("salesforce", Fault(kind="lost_after", method="PATCH", path="pse__|Opportunity", probability=0.5, times=3)),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("platform", "fault"), BRIEF)
async def test_a_platform_that_stumbles_delays_a_deal(shared_firm, platform, fault):
    """Brief errors, throttling and broken connections delay a deal; should one park it, a retry finishes it."""
    firm, deal = shared_firm, shared_firm.hourly_deal()
    deal_id = await firm.sell_unannounced(deal)
    getattr(firm, platform).set(fault)
    await firm.through(f"customer-onboarding:{deal_id}")
    await firm.through(f"project-activation:{deal_id}")
    getattr(firm, platform).set()
    number = (await firm.overview(deal_id)).project_number
    await firm.people.work(deal, number)
    getattr(firm, platform).set(fault)
    run = await firm.bill(number)
    await firm.through(run.process_id)
    getattr(firm, platform).set()
    await firm.billed(deal_id)
    assert await firm.held(deal_id) == firm.billed_once


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
        assert await firm.cases() == [case]
        await firm.people.enter_tax_registration(bad, "13-1975147")
        await firm.retry(case)
        await firm.active(bad)
        assert [await firm.held(deal_id) for deal_id in (*good, bad)] == [firm.set_up] * 4
        assert (await firm.books()).duplicates == 0
