"""What an org tells of deals being won is handed on behind a position, without loss."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from system_apis.crm.salesforce.operations import SalesforceCrm, build_salesforce_crm
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.sandbox import EventOptions, create_sandbox
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.pubsub.bus import Bus
from system_apis.salesforce_platform.sandbox.pubsub.capture import NO_RECORD, OVERFLOW, Capture
from system_apis.salesforce_platform.sandbox.pubsub.options import RETENTION
from system_apis.salesforce_platform.sandbox.schema import load_schema
from system_apis.salesforce_platform.sandbox.schema.model import Field
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.canonical.change_event import ChangeEvents
from tollway.ports.connection import Shared
from tollway.problems import Conflict, Unavailable
from tollway.sandboxes import State, serve

TOPIC = "/data/OpportunityChangeEvent"


class Rig:
    """An org with a bus that can be stopped and started again, and the CRM that is connected to it."""

    def __init__(self, free_port: Callable[[], int]) -> None:
        self.state = State()
        self.now = dt.datetime.now(dt.UTC)
        self._ports = [free_port(), free_port()]
        self._running = AsyncExitStack()
        rest, events = (f"http://127.0.0.1:{port}" for port in self._ports)
        account = {"url": rest, "client_id": "sandbox", "client_secret": "sandbox", "timeout_seconds": 2}
        self.org = OrgClient(OrgSettings(**account))
        self.tables = account | {"events": True, "events_url": events}
        self.crm = self.new_crm()

    def clock(self) -> dt.datetime:
        return self.now

    def new_crm(self) -> SalesforceCrm:
        """The CRM as another worker has it."""
        return build_salesforce_crm("salesforce", self.tables, Shared())

    async def start(self) -> None:
        options = EventOptions(port=self._ports[1], keep_alive=0.1)
        sandbox = create_sandbox(self.state, clock=self.clock, events=options)
        await self._running.enter_async_context(serve(sandbox, port=self._ports[0]))

    async def stop(self) -> None:
        await self._running.aclose()

    async def win(self, **values: Any) -> str:
        """A deal is entered and won later."""
        facts = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
        deal = await self.org.create("Opportunity", facts | values)
        await self.org.update("Opportunity", deal, {"StageName": "Closed Won"})
        return deal

    async def tip(self) -> str:
        """A position behind everything so far, by the platform's own word."""
        told = await self.crm.won_deal_events("", 1)
        assert told.begun
        told = await self.crm.won_deal_events(told.position, 5)
        assert not told.begun
        assert not told.position.startswith("tip.")
        return told.position


@pytest.fixture
async def rig(free_port: Callable[[], int]) -> AsyncIterator[Rig]:
    rig = Rig(free_port)
    await rig.start()
    yield rig
    await rig.crm.close()
    await rig.org.close()
    await rig.stop()


def _deals(told: ChangeEvents) -> set[str]:
    return {one.subject for one in told.items}


async def _hear(crm: SalesforceCrm, position: str, deals: set[str]) -> list[str]:
    """The ids of everything told behind a position until all of the deals were; the platform may be away meanwhile."""
    told, end = ChangeEvents(items=[], position=position), time.monotonic() + 15
    ids: list[str] = []
    while not deals <= {one.rpartition(":")[2] for one in ids}:
        assert time.monotonic() < end, "the deals were not told"
        try:
            told = await crm.won_deal_events(told.position, 1)
        except Unavailable:
            await asyncio.sleep(0.1)
        else:
            assert not told.begun
            ids += [one.id for one in told.items]
    return ids


async def test_a_won_deal_is_told_at_once(rig: Rig):
    """Who waits behind a position hears of a deal within the second in which it is won."""
    position = await rig.tip()
    deal = await rig.org.create("Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-31"})
    waiting = asyncio.create_task(_hear(rig.crm, position, {deal}))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await rig.org.update("Opportunity", deal, {"StageName": "Closed Won"})
    assert len(await waiting) == 1
    assert time.monotonic() - began < 1


async def test_only_deals_that_may_have_been_won_cost_a_question(rig: Rig):
    """A change that leaves the stage alone is not asked about, and a lost deal is not handed on."""
    deal = await rig.org.create("Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-31"})
    position = await rig.tip()
    used = rig.crm._org.usage.used if rig.crm._org.usage else 0
    await rig.org.update("Opportunity", deal, {"NextStep": "Call them"})
    told = await rig.crm.won_deal_events(position, 0)
    told = await rig.crm.won_deal_events(told.position, 1)
    assert (told.items, told.position != position) == ([], True)
    assert (rig.crm._org.usage.used if rig.crm._org.usage else 0) == used
    await rig.org.update("Opportunity", deal, {"StageName": "Closed Lost"})
    assert (await rig.crm.won_deal_events(told.position, 1)).items == []


async def test_events_are_told_again_behind_the_same_position(rig: Rig):
    """An answer that got lost is asked for again: the same events come with the same ids."""
    position = await rig.tip()
    deal = await rig.win()
    first = await _hear(rig.crm, position, {deal})
    again = await _hear(rig.crm, position, {deal})
    assert first[0] == again[0]


async def test_another_worker_goes_on_behind_the_position(rig: Rig):
    """A worker that has never subscribed hears everything behind the position of another."""
    position = await rig.tip()
    deals = {await rig.win() for _ in range(3)}
    other = rig.new_crm()
    await _hear(other, position, deals)
    await other.close()


async def test_a_cut_connection_loses_nothing(rig: Rig):
    """While the platform is away the question fails; afterwards what happened meanwhile is told."""
    position = await rig.tip()
    before, other = await rig.win(), rig.new_crm()
    await rig.stop()
    with pytest.raises(Unavailable):
        await other.won_deal_events(position, 1)
    waiting = asyncio.create_task(_hear(rig.crm, position, {before}))
    await rig.start()
    await waiting
    await _hear(rig.crm, position, {before, await rig.win()})
    await other.close()


async def test_an_expired_position_is_told_and_listening_goes_on(rig: Rig):
    """Behind a position that the platform forgot, it is told from the present on, and said that some is missed."""
    position = await rig.tip()
    await rig.win()
    rig.now += dt.timedelta(hours=80)
    later = rig.new_crm()
    told = await later.won_deal_events(position, 1)
    assert (told.begun, "72 hours" in told.missed, told.items) == (True, True, [])
    await _hear(later, told.position, {await rig.win()})
    await later.close()


@pytest.mark.parametrize("position", ["AAAA", "!!", "tip.0000"])
async def test_a_position_that_was_never_told_begins_anew(rig: Rig, position: str):
    """Whatever else is given as a position begins at the present, and says so."""
    assert (await rig.crm.won_deal_events(position, 1)).begun


async def test_a_new_field_of_the_object_is_no_trouble(rig: Rig, monkeypatch):
    """After the object got a field, events by the old schema and by the new one are both read."""
    position = await rig.tip()
    before = await rig.win()
    await rig.stop()
    changed = load_schema()
    fields = {"Region__c": Field(name="Region__c", label="Region", type="string", length=80)}
    changed.types["Opportunity"].fields.update(fields | changed.types["Opportunity"].fields)
    monkeypatch.setattr("system_apis.salesforce_platform.sandbox.org.load_schema", lambda: changed)
    await rig.start()
    after = await rig.win(Region__c="North")
    await _hear(rig.crm, position, {before, after})


async def test_an_event_that_cannot_be_read_is_said_to_be_missed(rig: Rig):
    """An event of another form is passed over, and those who listen are told that something is missed."""
    position = await rig.tip()
    bus = Bus(rig.state, rig.clock, RETENTION)
    bus.publish(TOPIC, bus.schema_of(TOPIC) or "", b"\xff\xff")
    told = await rig.crm.won_deal_events(position, 1)
    assert "could not be read" in told.missed
    await _hear(rig.crm, told.position, {await rig.win()})


async def test_a_transaction_too_large_to_tell_of_is_said_to_be_missed(rig: Rig):
    """An overflow event names no records, so that those who listen have to look for themselves."""
    position = await rig.tip()
    org = Org(rig.state, rig.clock)
    Capture(org, Bus(rig.state, rig.clock, RETENTION), ["Opportunity"]).publish(
        "Opportunity", OVERFLOW, [NO_RECORD], {}
    )
    assert "more opportunities" in (await rig.crm.won_deal_events(position, 1)).missed


async def test_a_gap_event_has_its_records_asked_for(rig: Rig):
    """An event without fields counts as a deal that may have been won."""
    deal = await rig.win()
    position = await rig.tip()
    org = Org(rig.state, rig.clock)
    Capture(org, Bus(rig.state, rig.clock, RETENTION), ["Opportunity"]).publish("Opportunity", "GAP_UPDATE", [deal], {})
    assert _deals(await rig.crm.won_deal_events(position, 1)) == {deal}


async def test_an_ended_session_is_opened_again(rig: Rig):
    """A session that ended while nobody listened costs nothing but a new login."""
    position = await rig.tip()
    deal = await rig.win()
    rig.now += dt.timedelta(hours=3)
    other_place = await rig.crm.won_deal_events("", 0)
    assert other_place.begun
    assert deal in _deals(await rig.crm.won_deal_events(position, 1))


async def test_an_object_that_is_not_selected_is_said_to_be_so(rig: Rig):
    """Where the administrator has not selected the object, the problem says what to do."""
    rig.state.delete("_event_topic", TOPIC)
    with pytest.raises(Unavailable, match="Change Data Capture"):
        await rig.crm.won_deal_events("", 0)


async def test_without_the_setting_nothing_is_told(rig: Rig):
    """A connection whose setting `events` is off says so."""
    with pytest.raises(Conflict, match="events"):
        await SalesforceCrm(rig.org).won_deal_events("", 0)
