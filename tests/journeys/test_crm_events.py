"""Deals that the CRM tells of by its event bus, with Tollway there, away, and away for too long."""

from pathlib import Path

import pytest

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.canonical.case import Category
from tollway.canonical.notice import KeptNotice
from tollway.cli.flow import ORGANIZATION
from tollway.cli.sandboxes import sandbox
from tollway.sandboxes import State
from tollway.settings import load

CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"


@pytest.fixture
def settings(variables, free_port):
    """An installation that is subscribed to its CRM's events, and polls it at its start only."""
    port = str(free_port())
    events = {
        "TOLLWAY_SANDBOXES__SALESFORCE__EVENTS_PORT": port,
        "TOLLWAY_CONNECTIONS__SALESFORCE__EVENTS": "true",
        "TOLLWAY_CONNECTIONS__SALESFORCE__EVENTS_URL": f"http://127.0.0.1:{port}",
        "TOLLWAY_POLLING__SECONDS": "3600",
    }
    return load(CONFIGURATION, variables | events)


async def _sources(firm, deal_id: str) -> set[str]:
    """Who told of a deal."""
    notices = await firm.desk.get(f"/operations/v1/notices?subject={deal_id}", list[KeptNotice])
    return {notice.source for notice in notices}


async def _told(firm, deal_id: str) -> None:
    """Wait until an event told of a deal and the deal is set up, once."""

    async def look() -> bool | None:
        return True if "crm-events" in await _sources(firm, deal_id) else None

    await firm.until(f"an event about {deal_id}", look)
    await firm.active(deal_id)
    assert await firm.held(deal_id) == firm.set_up


async def _win_while_away(settings, deal_id: str) -> None:
    """A deal is won while there is an org, and no Tollway."""
    async with sandbox("salesforce", settings.sandboxes["salesforce"], settings.folder):
        org = OrgClient(read_settings("salesforce", settings.connections["salesforce"]))
        await org.update("Opportunity", deal_id, {"StageName": "Closed Won"})
        await org.close()


def _forget(settings) -> None:
    """More than 72 hours pass: the org keeps none of its events."""
    state = State(settings.folder / "sandbox-salesforce.db")
    for key in list(state.all("_event")):
        state.delete("_event", key)
    state.close()


async def test_deals_are_told_of_while_tollway_is_there_away_and_away_for_too_long(settings, open_firm):
    """An event drives a deal with and without a callout; what is won meanwhile is told later, or read after a gap."""
    async with open_firm(settings) as firm:
        await firm.active(await firm.sell_unannounced(firm.new_deal()))
        await _told(firm, await firm.sell_unannounced(firm.new_deal()))
        called = await firm.sell(firm.new_deal())
        await _told(firm, called)
        assert await _sources(firm, called) == {"crm-events", f"salesforce:{ORGANIZATION}"}
        first, second = [await firm.people.open_deal(firm.new_deal()) for _ in range(2)]
    await _win_while_away(settings, first)
    async with open_firm(settings) as firm:
        await _told(firm, first)
        assert await firm.cases() == []
    await _win_while_away(settings, second)
    _forget(settings)
    async with open_firm(settings) as firm:
        case = await firm.case("won-deal-events")
        assert case.category is Category.EVENT_GAP
        await firm.active(second)
        assert await firm.held(second) == firm.set_up
        other = firm.new_deal(account="Another Inc", tax_registration="91-7654321")
        await _told(firm, await firm.sell_unannounced(other))
