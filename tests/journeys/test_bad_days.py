"""Bad days of the platforms: lost answers, errors and throttling; every deal still ends once."""

import pytest

from tollway.sandboxes import Fault

pytestmark = pytest.mark.asyncio(loop_scope="module")
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
