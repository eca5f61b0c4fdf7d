"""Projects and plans against a served org."""

from decimal import Decimal

import msgspec
import pytest

from system_apis.crm.registry import PLATFORMS as CRM_PLATFORMS
from system_apis.psa.certinia.operations import CertiniaPsa
from system_apis.psa.registry import PLATFORMS
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.soql import quote
from tollway.canonical.money import Money
from tollway.canonical.project import ProjectBilling, ProjectPlan
from tollway.ports.connection import Shared
from tollway.problems import NotFound, Rejected, UnknownOutcome
from tollway.sandboxes import Fault


async def test_a_project_is_created_in_one_call(salesforce, psa, details):
    """Creating a project is one upsert by its number, and the project is found under it."""
    created = await psa.create_project(details)
    assert salesforce.calls() == [f"PATCH sobjects/pse__Proj__c/Tollway_External_Id__c/{details.number}"]
    assert await psa.find_project(details.number) == created
    assert (created.number, created.legal_entity, created.currency) == (details.number, "DE01", "EUR")
    assert not created.closed


async def test_creating_again_brings_the_details_and_leaves_the_stage(salesforce, psa, details):
    """A project that exists takes the new details; where delivery has brought it to stays."""
    first = await psa.create_project(details)
    await salesforce.org.update("pse__Proj__c", first.id, {"pse__Stage__c": "In Progress"})
    again = await psa.create_project(msgspec.structs.replace(details, name="Data platform II"))
    assert (again.id, again.name, again.status) == (first.id, "Data platform II", "In Progress")


async def test_a_long_name_is_cut_to_what_a_record_holds(psa, details):
    """A deal's name may be longer than a project's can be."""
    created = await psa.create_project(msgspec.structs.replace(details, name="x" * 120))
    assert created.name == "x" * 79 + "…"


async def test_a_lost_answer_is_unknown_and_the_project_is_found(salesforce, psa, details):
    """When the answer to a create is lost, reading back finds the one project that it made."""
    salesforce.sandbox.set(Fault(kind="lost_after", path="pse__Proj__c", times=1))
    with pytest.raises(UnknownOutcome):
        await psa.create_project(details)
    assert await psa.find_project(details.number) == msgspec.structs.replace(
        await psa.create_project(details), status=""
    )


async def test_an_account_that_is_none_is_refused_in_business_words(psa, details):
    """The org's refusal names the object and never quotes the platform."""
    with pytest.raises(Rejected) as caught:
        await psa.create_project(msgspec.structs.replace(details, account_id="001ak0000009999AAA"))
    assert caught.value.category == "platform_refused"
    assert caught.value.detail.startswith("The project refers to")


async def test_no_such_project(psa):
    """What is not there is found nowhere, and cannot be cancelled or reported on."""
    assert await psa.find_project("PRJ-0' OR Name != '") is None
    assert await psa.find_plan("PRJ-0") is None
    assert await psa.find_billing("PRJ-0") is None
    for call in (psa.cancel_project("PRJ-0"), psa.project_work("PRJ-0")):
        with pytest.raises(NotFound):
            await call


async def test_a_plan_is_set_in_one_call_each_part_once(salesforce, psa, details, plan):
    """Tasks, milestones and rates go in one call; setting the plan again adds nothing."""
    await psa.create_project(details)
    salesforce.calls()
    for _ in range(2):
        assert await psa.set_plan(plan) == plan
    assert salesforce.calls() == ["POST composite"] * 2
    assert await psa.find_plan(details.number) == plan


async def test_tasks_of_the_same_name_stay_two_tasks(psa, details):
    """Two parts of a contract may have one name; both are planned, and both again the next time."""
    await psa.create_project(details)
    plan = ProjectPlan(project_number=details.number, tasks=["Workshop", "Build", "Workshop"])
    for _ in range(2):
        await psa.set_plan(plan)
    assert await psa.find_plan(details.number) == plan


async def test_setting_a_plan_again_leaves_what_delivery_has_reported(salesforce, psa, details, plan):
    """A milestone's status is delivery's; only what was sold is brought to the plan."""
    await psa.create_project(details)
    await psa.set_plan(plan)
    key = f"{details.number}:a10ak0000000001AAA"
    await salesforce.org.upsert(
        "pse__Milestone__c", "Tollway_External_Id__c", key, {"pse__Status__c": "Completed", "Name": "Renamed"}
    )
    await psa.set_plan(plan)
    soql = f"{select(_Status, 'pse__Milestone__c')} WHERE Tollway_External_Id__c = {quote(key)}"
    row = await salesforce.org.first(soql, _Status, "pse__Milestone__c")
    assert row == _Status(Name="Go-live", pse__Status__c="Completed")


async def test_a_plan_of_hundreds_of_parts_keeps_to_the_platforms_limits(salesforce, psa, details):
    """More parts than one collection takes are spread over several in the same call, and read back whole."""
    await psa.create_project(details)
    plan = ProjectPlan(project_number=details.number, tasks=[f"Task {number}" for number in range(450)])
    salesforce.calls()
    await psa.set_plan(plan)
    assert salesforce.calls() == ["POST composite"]
    assert await psa.find_plan(details.number) == plan


async def test_a_project_without_a_plan_has_none(psa, details):
    """A project is not said to have a plan before it was given one."""
    await psa.create_project(details)
    assert await psa.find_plan(details.number) is None


async def test_a_plan_for_a_project_that_is_not_there_is_refused(psa, plan):
    """Parts of a plan never come to stand without their project."""
    with pytest.raises(Rejected):
        await psa.set_plan(plan)


async def test_a_text_that_the_platform_would_read_as_a_reference_is_refused(psa, details):
    """`@{` would be resolved inside a composite call, so it is refused before anything is sent."""
    await psa.create_project(details)
    with pytest.raises(Rejected):
        await psa.set_plan(ProjectPlan(project_number=details.number, tasks=["@{batch0[0].id}"]))
    assert await psa.find_plan(details.number) is None


async def test_a_cancelled_project_takes_no_more_work_and_can_be_taken_up_again(psa, details):
    """Cancelling closes the project, cancelling again changes nothing, creating it again reopens it."""
    await psa.create_project(details)
    for _ in range(2):
        await psa.cancel_project(details.number)
    cancelled = await psa.find_project(details.number)
    assert (cancelled.status, cancelled.closed) == ("Canceled", True)
    reopened = await psa.create_project(details)
    assert (reopened.status, reopened.closed) == ("Planned", False)


async def test_billing_is_reported_on_the_project(psa, details):
    """Invoice and payment status are read back as they were written; before that there is none."""
    await psa.create_project(details)
    assert await psa.find_billing(details.number) is None
    billing = ProjectBilling(
        project_number=details.number,
        invoice_status="Partly paid",
        invoiced=Money(amount=Decimal("1000.50"), currency="EUR"),
        paid=Money.zero("EUR"),
    )
    for _ in range(2):
        await psa.report_billing(billing)
    assert await psa.find_billing(details.number) == billing


async def test_amounts_of_another_currency_are_not_written(psa, details):
    """A project's amounts are in its own currency; others would be taken for it."""
    await psa.create_project(details)
    dollars = Money(amount=Decimal(1), currency="USD")
    billing = ProjectBilling(project_number=details.number, invoice_status="Open", invoiced=dollars, paid=dollars)
    with pytest.raises(Rejected):
        await psa.report_billing(billing)
    assert await psa.find_billing(details.number) is None


async def test_crm_and_psa_of_an_org_share_one_login(salesforce):
    """Two adapters with the same connection use one client, so that the org's session is opened once."""
    shared = Shared()
    table = {"url": salesforce.url, "client_id": "sandbox", "client_secret": "sandbox"}
    adapters = [
        CRM_PLATFORMS["salesforce"]("org", {"platform": "salesforce", **table}, shared),
        PLATFORMS["certinia"]("org", {"platform": "certinia", **table}, shared),
    ]
    for adapter in adapters:
        await adapter.check()
    assert salesforce.sandbox.calls["POST /services/oauth2/token"] == 1
    assert isinstance(adapters[1], CertiniaPsa)
    await shared.close()


class _Status(msgspec.Struct):
    Name: str
    pse__Status__c: str  # noqa: N815
