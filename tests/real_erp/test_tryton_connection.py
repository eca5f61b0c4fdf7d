"""The connection to the real Tryton, and what holds for every operation."""

import datetime as dt

import pytest

from system_apis.erp.tryton.operations import build_tryton
from tollway.canonical.billing import RevenuePeriod, RevenueSchedule
from tollway.canonical.case import Category
from tollway.ports.connection import Shared
from tollway.problems import Rejected, StartupError

TODAY = dt.datetime.now(dt.UTC).date()


async def test_check_logs_in_and_counts_companies(erp):
    """A connection that works says which Tryton it is and how many of its companies are ours."""
    assert await erp.check() == "Tryton 8.2, 3 companies"


async def test_a_missing_setting_is_named(tables):
    """Without the database's name the connection is refused, naming the setting."""
    del tables["database"]
    with pytest.raises(StartupError, match=r"connections\.books\.database is missing"):
        build_tryton("books", tables, Shared())


async def test_capabilities_are_those_of_tryton(erp, make):
    """Tryton holds all but revenue schedules, which it refuses and does not find."""
    held = await erp.capabilities("US")
    assert (held.projects, held.billing_plan, held.revenue_schedule, held.credit_limit) == (True, True, False, True)
    period = RevenuePeriod(month=TODAY.replace(day=1), amount=make.money("1.00"))
    schedule = RevenueSchedule(project_number="PRJ-1", legal_entity="US", currency="USD", periods=[period])
    with pytest.raises(Rejected, match="no revenue schedules"):
        await erp.set_revenue_schedule(schedule)
    assert await erp.find_revenue_schedule("US", "PRJ-1") is None


async def test_an_unknown_legal_entity_names_its_setting(erp):
    """A legal entity without a company is refused with the setting to add it to."""
    with pytest.raises(Rejected, match=r"connections\.tryton\.legal_entities\.FR") as refused:
        await erp.find_customer("FR", "001")
    assert refused.value.category == Category.UNMAPPED_LEGAL_ENTITY
