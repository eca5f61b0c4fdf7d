"""Event delivery as the other services see it."""

import asyncio
import datetime as dt
from collections.abc import Sequence

from tollway import context
from tollway.canonical.event import BusinessEvent, EventPage, EventType
from tollway.canonical.subscription import (
    Channel,
    DeadLetter,
    ReaderPage,
    ReaderPlace,
    ReplayOrder,
    SigningSecret,
    Subscription,
    SubscriptionOrder,
    SubscriptionStatus,
)
from tollway.events.failures import Failures
from tollway.events.log import EventLog
from tollway.events.readers import Readers
from tollway.events.subscriptions import Subscriptions
from tollway.events.tail import Tail
from tollway.http.outside import Outside
from tollway.problems import Invalid, Rejected

MOST_LETTERS = 100
"""Dead letters that one answer lists."""


class EventDelivery:
    """Implements the events port."""

    def __init__(
        self,
        log: EventLog,
        subscriptions: Subscriptions,
        readers: Readers,
        failures: Failures,
        outside: Outside,
        channels: Sequence[Channel],
    ) -> None:
        """`channels` are those that are configured."""
        self._log = log
        self._tail = Tail(log)
        self._subscriptions = subscriptions
        self._readers = readers
        self._failures = failures
        self._outside = outside
        self._channels = channels

    async def page(
        self, after: int | None, types: Sequence[EventType], limit: int, wait: int, since: dt.datetime | None = None
    ) -> EventPage:
        if after is None:
            after = await self._log.before(since) if since else await self._log.head()
        page = await self._log.page(after, types, limit)
        if wait and not page.items:
            await self._tail.beyond(page.after, wait)
            page = await self._log.page(page.after, types, limit)
        return page

    async def event(self, event_id: str) -> BusinessEvent:
        return await self._log.event(event_id)

    async def subscriptions(self) -> list[Subscription]:
        return await self._subscriptions.of_owner(_owner())

    async def subscribe(self, order: SubscriptionOrder) -> Subscription:
        if order.channel not in self._channels:
            raise Rejected("This installation has no Redis; subscribe by a webhook or by server-sent events.")
        if (order.channel is Channel.WEBHOOK) != (order.url is not None):
            raise Rejected("A webhook needs a url, and the other channels take none.")
        if order.url is not None:
            await self._outside.check(order.url)
        return await self._subscriptions.create(_owner(), order, await self._log.head())

    async def subscription(self, subscription_id: str) -> Subscription:
        return await self._subscriptions.get(_owner(), subscription_id)

    async def unsubscribe(self, subscription_id: str) -> None:
        await self._subscriptions.remove(_owner(), subscription_id)

    async def pause(self, subscription_id: str) -> Subscription:
        return await self._subscriptions.set_status(_owner(), subscription_id, SubscriptionStatus.PAUSED)

    async def resume(self, subscription_id: str) -> Subscription:
        return await self._subscriptions.set_status(_owner(), subscription_id, SubscriptionStatus.ACTIVE)

    async def replay(self, subscription_id: str, order: ReplayOrder) -> Subscription:
        if (order.since is None) == (order.after_event is None):
            raise Invalid("Say either since when or after which event to deliver again.")
        if order.since is not None:
            position = await self._log.before(order.since)
        else:
            position = int((await self._log.event(order.after_event or "")).sequence)
        return await self._subscriptions.replay(_owner(), subscription_id, position)

    async def read(self, subscription_id: str, place: ReaderPlace | None, limit: int, wait: int) -> ReaderPage:
        cursor, head = await self._readers.cursor(_owner(), subscription_id), await self._log.head()
        after = cursor.after(place, head)
        if wait and (not cursor.active or after == head):
            await (self._tail.beyond(after, wait) if cursor.active else asyncio.sleep(wait))
            cursor = await self._readers.cursor(_owner(), subscription_id)  # paused or put back, meanwhile
            after = cursor.after(place, head)
        if not cursor.active:
            return ReaderPage(items=[], replay=cursor.replay, after=after)
        page = await self._log.page(after, cursor.types, limit)
        return ReaderPage(items=page.items, replay=cursor.replay, after=page.after)

    async def acknowledge(self, subscription_id: str, place: ReaderPlace) -> None:
        await self._readers.cursor(_owner(), subscription_id)
        if place.position <= await self._log.head():
            await self._readers.move(subscription_id, place)

    async def secret(self, subscription_id: str) -> SigningSecret:
        return SigningSecret(secret=await self._subscriptions.secret(_owner(), subscription_id))

    async def rotate_secret(self, subscription_id: str) -> Subscription:
        return await self._subscriptions.rotate(_owner(), subscription_id)

    async def dead_letters(self, subscription_id: str, after: int) -> list[DeadLetter]:
        await self.subscription(subscription_id)
        return await self._failures.dead(subscription_id, after, MOST_LETTERS)

    async def redeliver(self, subscription_id: str, event_id: str) -> None:
        await self._failures.redeliver(subscription_id, await self._letter(subscription_id, event_id))

    async def discard(self, subscription_id: str, event_id: str) -> None:
        await self._failures.discard(subscription_id, await self._letter(subscription_id, event_id))

    async def _letter(self, subscription_id: str, event_id: str) -> BusinessEvent:
        await self.subscription(subscription_id)
        return await self._log.event(event_id)


def _owner() -> str:
    """The client on whose behalf the request is made."""
    return context.current().subject
