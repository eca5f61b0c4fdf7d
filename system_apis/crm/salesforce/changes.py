"""What an org tells of its opportunities: changes as they happen, told to whoever asks for those behind a position.

A position is a replay id, or the name of a subscription that has told none yet: what it was told since it began at the
tip of the stream is known to it alone.
"""

import asyncio
import binascii
import datetime as dt
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import msgspec

from system_apis.crm.salesforce import models
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.pubsub.changes import OVERFLOW, RecordsChanged
from system_apis.salesforce_platform.pubsub.client import EventBus
from system_apis.salesforce_platform.pubsub.errors import ReplayIdLost
from system_apis.salesforce_platform.pubsub.subscription import MOST, Subscription
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.soql import quote
from tollway.canonical.change_event import ChangeEvent, ChangeEvents
from tollway.problems import ContractDrift

OPPORTUNITY = "Opportunity"
TOPIC = "/data/OpportunityChangeEvent"
STAGE = "StageName"
TIP = "tip."
"""What the name of a subscription begins with that has no replay id yet; no replay id in base64 has a full stop."""
ASKED = 200
"""Opportunities asked for in one query, which is part of an address."""
WON = f"{select(models.ChangedOpportunity, OPPORTUNITY)} WHERE IsWon = true"
LOST = "Salesforce no longer knows the last event that was taken: it keeps events for 72 hours."
UNREAD = "Salesforce told of a change of opportunities that could not be read."
FLOODED = "One transaction in Salesforce changed more opportunities than it told of."


class _Heard(msgspec.Struct):
    telling: list[tuple[str, RecordsChanged]] = []
    """The events that may tell of a deal being won, by their ids."""
    missed: str = ""
    """Why others are missed."""
    until: dt.datetime | None = None
    """When the last of them was committed."""
    all: bool = False
    """Whether nothing else has happened until then."""


class OpportunityChanges:
    """One subscription at a time, for one caller after another."""

    def __init__(self, org: OrgClient, bus: EventBus) -> None:
        self._org = org
        self._bus = bus
        self._turn = asyncio.Lock()
        self._subscription: Subscription | None = None
        self._place = ""

    async def won(self, position: str, wait: float) -> ChangeEvents:
        """Deals that are won and whose stage changed behind a position, as soon as there is one."""
        async with self._turn:
            try:
                return await self._told(position, wait)
            except ReplayIdLost:
                return msgspec.structs.replace(await self._told("", wait), missed=LOST)

    async def close(self) -> None:
        """End the subscription."""
        self._leave()
        await self._bus.close()

    async def _told(self, position: str, wait: float) -> ChangeEvents:
        seen, heard = 0, _Heard()
        items: list[ChangeEvent] = []
        try:
            subscription, begun = await self._at(position)
            # Who hears that it begins now has to look for what was before, and need not wait for that.
            end = time.monotonic() + (0 if begun else wait)
            while not items and not heard.missed and not heard.all and seen < MOST:
                response = await subscription.next(max(0.0, end - time.monotonic()))
                if response is None:
                    break
                seen += len(response.events)
                heard = await self._hear(response.events, heard.until)
                items = await self._won(heard.telling)
                last = response.events[-1].replay_id if response.events else response.latest_replay_id
                self._place = urlsafe_b64encode(last).decode()
        except BaseException:
            # What was taken from the subscription has not reached the caller, who asks for it again.
            self._leave()
            raise
        return ChangeEvents(items=items, position=self._place, until=heard.until, begun=begun, missed=heard.missed)

    async def _at(self, position: str) -> tuple[Subscription, bool]:
        """A subscription that goes on behind the position, and whether it began at the tip instead."""
        if self._subscription and position and position == self._place:
            return self._subscription, False
        self._leave()
        at_tip = not position or position.startswith(TIP)
        replay_id = b"" if at_tip else _replay_id(position)
        self._subscription = await self._bus.subscribe(TOPIC, replay_id)
        self._place = TIP + secrets.token_hex(8) if at_tip else position
        return self._subscription, at_tip

    def _leave(self) -> None:
        if self._subscription:
            self._subscription.close()
        self._subscription, self._place = None, ""

    async def _hear(self, events: Sequence[Any], until: dt.datetime | None) -> "_Heard":
        """What events tell; none mean that everything has been told."""
        heard = _Heard(until=until) if events else _Heard(until=dt.datetime.now(dt.UTC), all=True)
        for one in events:
            try:
                schema = await self._bus.schema(one.event.schema_id)
                change = schema.read(one.event.payload)
            except ContractDrift:
                heard.missed = UNREAD
                continue
            heard.until = change.at
            if change.kind == OVERFLOW:
                heard.missed = FLOODED
            elif _may_have_won(change, schema.fields):
                heard.telling.append((one.event.id, change))
        return heard

    async def _won(self, changes: Sequence[tuple[str, RecordsChanged]]) -> list[ChangeEvent]:
        """Those whose opportunities are won now: which stages mean that is known to the org."""
        ids = sorted({record for _, change in changes for record in change.record_ids})
        won: set[str] = set()
        for start in range(0, len(ids), ASKED):
            listed = ", ".join(map(quote, ids[start : start + ASKED]))
            rows = self._org.query(f"{WON} AND Id IN ({listed})", models.ChangedOpportunity, OPPORTUNITY)
            won |= {row.Id async for row in rows}
        return [
            ChangeEvent(id=f"{event_id}:{record}", subject=record, at=change.at)
            for event_id, change in changes
            for record in change.record_ids
            if record in won
        ]


def _may_have_won(change: RecordsChanged, fields: Sequence[str]) -> bool:
    """Whether the stage changed, as far as the event tells; a field that the user may not see is in no schema."""
    if change.kind == "UPDATE" and STAGE in fields:
        return STAGE in change.changed
    return not change.kind.endswith("_DELETE") and change.kind != "DELETE"


def _replay_id(position: str) -> bytes:
    try:
        replay_id = urlsafe_b64decode(position)
    except (binascii.Error, ValueError):
        replay_id = b""
    if not replay_id:  # which would be the tip
        raise ReplayIdLost(position)
    return replay_id
