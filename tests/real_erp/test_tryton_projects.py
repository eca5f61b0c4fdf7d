"""Projects and billing plans in the real Tryton: written once and read back as they were set."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tollway.canonical.case import Category
from tollway.canonical.contract import ContractType
from tollway.problems import NotFound, Rejected


async def test_a_project_is_created_once(erp, customer, make):
    """Creating a project again, even at the same time, answers the same one, which is then found by its number."""
    wanted = make.project(customer)
    assert await erp.find_project("US", wanted.number) is None
    created, again = await asyncio.gather(erp.create_project(wanted), erp.create_project(wanted))
    assert created == again == await erp.find_project("US", wanted.number)
    assert (created.number, created.deal_id, created.account_id) == (wanted.number, wanted.deal_id, wanted.account_id)
    assert (created.currency, created.status, created.closed) == ("USD", "Open", False)


async def test_a_number_that_begins_alike_is_another_project(erp, customer, project):
    """A project is known by its whole number, and only in its legal entity."""
    longer = msgspec.structs.replace(project, number=f"{project.number}0", name="Another")
    created = await erp.create_project(longer)
    assert created.id != (await erp.find_project("US", project.number)).id
    assert await erp.find_project("US", project.number[:-1]) is None
    assert await erp.find_project("GB", project.number) is None


async def test_a_project_needs_its_customer(erp, make):
    """A project of an account without a customer is refused."""
    with pytest.raises(Rejected, match="no customer for account"):
        await erp.create_project(make.project(make.customer()))


async def test_a_project_is_closed_with_its_tasks(erp, project, make):
    """Closing completes project and plan; closing again changes nothing; a closed project takes no new plan."""
    plan = make.plan(project, "100.00", "200.00")
    await erp.set_billing_plan(plan)
    await erp.close_project("US", project.number)
    closed = await erp.find_project("US", project.number)
    assert (closed.closed, closed.status) == (True, "Done")
    await erp.close_project("US", project.number)
    assert await erp.set_billing_plan(plan) == plan
    with pytest.raises(Rejected, match="is closed") as refused:
        await erp.set_billing_plan(make.plan(project, "300.00"))
    assert refused.value.category == Category.PROJECT_CLOSED
    with pytest.raises(NotFound):
        await erp.close_project("US", "PRJ-nothing")


async def test_a_billing_plan_is_read_back_as_it_was_set(erp, project, make):
    """A plan is found exactly as set, in its order, after it was set twice and then replaced by another."""
    assert await erp.find_billing_plan("US", project.number) is None
    for plan in (
        *[make.plan(project, "100.00", "200.00", "50.50")] * 2,
        make.plan(project, "120.00", "200.00"),
        make.plan(project, "120.00", "200.00", "7.00", contract_type=ContractType.TIME_AND_MATERIALS),
    ):
        assert await erp.set_billing_plan(plan) == plan
        assert await erp.find_billing_plan("US", project.number) == plan
    with pytest.raises(NotFound):
        await erp.set_billing_plan(make.plan(msgspec.structs.replace(project, number="PRJ-nothing"), "1.00"))


async def test_a_plan_in_a_foreign_currency_is_read_back_as_it_was_set(erp, customer, make):
    """A plan in another currency than the company's keeps its amounts and gives Tryton no price to misread."""
    project = make.project(customer, currency="EUR")
    await erp.create_project(project)
    plan = make.plan(project, "100.00", "200.00")
    await erp.set_billing_plan(plan)
    assert await erp.find_billing_plan("US", project.number) == plan


async def test_a_price_that_finance_changes_is_the_plans(erp, client, project, make):
    """The billing plan is what Tryton holds now, not what was sent once."""
    await erp.set_billing_plan(make.plan(project, "100.00"))
    company = await client.company("US")
    parent = int((await erp.find_project("US", project.number)).id)
    tasks = await client.call("model.project.work.search", [("parent", "=", parent)], 0, 1, None, company=company)
    await client.call("model.project.work.write", tasks, {"list_price": Decimal("90.00")}, company=company)
    assert (await erp.find_billing_plan("US", project.number)).lines[0].amount == make.money("90.00")
