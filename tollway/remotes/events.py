"""The events port over HTTP."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from tollway.canonical.event import BusinessEvent, EventPage, EventType
from tollway.canonical.subscription import (
    DeadLetter,
    ReaderPage,
    ReaderPlace,
    ReplayOrder,
    SigningSecret,
    Subscription,
    SubscriptionOrder,
)
from tollway.http.services import ServiceClient, segment

_API = "/event-delivery/v1"
_SUBSCRIPTIONS = f"{_API}/subscriptions"


class RemoteEvents:
    """Calls the event-delivery service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def page(
        self, after: int | None, types: Sequence[EventType], limit: int, wait: int, since: dt.datetime | None = None
    ) -> EventPage:
        place = {} if after is None else {"after": str(after)}
        if since is not None:
            place["since"] = since.isoformat()
        return await self._client.call(
            "GET", f"{_API}/events", EventPage, type=[*types], limit=str(limit), wait=str(wait), **place
        )

    async def event(self, event_id: str) -> BusinessEvent:
        path = f"{_API}/events/{segment(event_id)}"
        event: BusinessEvent = await self._client.call("GET", path, cast("type[Any]", BusinessEvent))
        return event

    async def subscriptions(self) -> list[Subscription]:
        return await self._client.call("GET", _SUBSCRIPTIONS, list[Subscription])

    async def subscribe(self, order: SubscriptionOrder) -> Subscription:
        return await self._client.call("POST", _SUBSCRIPTIONS, Subscription, body=order)

    async def subscription(self, subscription_id: str) -> Subscription:
        return await self._client.call("GET", _at(subscription_id), Subscription)

    async def unsubscribe(self, subscription_id: str) -> None:
        await self._client.call("DELETE", _at(subscription_id))

    async def pause(self, subscription_id: str) -> Subscription:
        return await self._client.call("POST", _at(subscription_id, "pause"), Subscription)

    async def resume(self, subscription_id: str) -> Subscription:
        return await self._client.call("POST", _at(subscription_id, "resumption"), Subscription)

    async def replay(self, subscription_id: str, order: ReplayOrder) -> Subscription:
        return await self._client.call("POST", _at(subscription_id, "replay"), Subscription, body=order)

    async def read(self, subscription_id: str, place: ReaderPlace | None, limit: int, wait: int) -> ReaderPage:
        at = {"replay": str(place.replay), "after": str(place.position)} if place else {}
        path = _at(subscription_id, "events")
        return await self._client.call("GET", path, ReaderPage, limit=str(limit), wait=str(wait), **at)

    async def acknowledge(self, subscription_id: str, place: ReaderPlace) -> None:
        await self._client.call("POST", _at(subscription_id, "acknowledgement"), body=place)

    async def secret(self, subscription_id: str) -> SigningSecret:
        return await self._client.call("GET", _at(subscription_id, "secret"), SigningSecret)

    async def rotate_secret(self, subscription_id: str) -> Subscription:
        return await self._client.call("POST", _at(subscription_id, "secret/rotation"), Subscription)

    async def dead_letters(self, subscription_id: str, after: int) -> list[DeadLetter]:
        path = _at(subscription_id, "dead-letters")
        return await self._client.call("GET", path, list[DeadLetter], after=str(after))

    async def redeliver(self, subscription_id: str, event_id: str) -> None:
        await self._client.call("POST", _at(subscription_id, f"dead-letters/{segment(event_id)}/redelivery"))

    async def discard(self, subscription_id: str, event_id: str) -> None:
        await self._client.call("DELETE", _at(subscription_id, f"dead-letters/{segment(event_id)}"))


def _at(subscription_id: str, below: str = "") -> str:
    path = f"{_SUBSCRIPTIONS}/{segment(subscription_id)}"
    return f"{path}/{below}" if below else path
