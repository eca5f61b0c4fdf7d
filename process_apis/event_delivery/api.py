"""The HTTP face of event delivery."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import Dependency, QueryParameter

from tollway.canonical.event import BusinessEvent, EventPage, Position
from tollway.canonical.record import Count, Identifier, Many, Timestamp
from tollway.canonical.subscription import (
    DeadLetter,
    EventTypes,
    ReaderPage,
    ReaderPlace,
    ReplayOrder,
    SigningSecret,
    Subscription,
    SubscriptionOrder,
)
from tollway.ports.events import Events

Port = Annotated[Events, Dependency(skip_validation=True)]
Types = Annotated[EventTypes | None, QueryParameter(name="type")]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1_000, extra_json_schema={"format": "int32"})]
Wait = Annotated[int, msgspec.Meta(ge=0, le=3, extra_json_schema={"format": "int32"})]
"""Seconds to wait for the first event."""


@get("/event-delivery/v1/events", operation_id="listEvents")
async def list_events(
    events: Port,
    after: Position | None = None,
    since: Timestamp | None = None,
    types: Types = None,
    limit: PageSize = 100,
    wait: Wait = 0,
) -> EventPage:
    """Events in their order, from where `after` says that the last page ended, else since a moment or from now on."""
    return await events.page(after, types or [], limit, wait, since)


@get("/event-delivery/v1/events/{event_id:str}", operation_id="getEvent")
async def get_event(events: Port, event_id: Identifier) -> BusinessEvent:
    """One event."""
    return await events.event(event_id)


@get("/event-delivery/v1/subscriptions", operation_id="listSubscriptions")
async def list_subscriptions(events: Port) -> Many[Subscription]:
    """The caller's subscriptions, the oldest first."""
    return await events.subscriptions()


@post("/event-delivery/v1/subscriptions", operation_id="createSubscription", status_code=201)
async def create_subscription(events: Port, data: SubscriptionOrder) -> Subscription:
    """Subscribe to what happens from now on."""
    return await events.subscribe(data)


@get("/event-delivery/v1/subscriptions/{subscription_id:str}", operation_id="getSubscription")
async def get_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """One subscription, and how far it has got."""
    return await events.subscription(subscription_id)


@delete("/event-delivery/v1/subscriptions/{subscription_id:str}", operation_id="deleteSubscription", status_code=204)
async def delete_subscription(events: Port, subscription_id: Identifier) -> None:
    """End a subscription."""
    await events.unsubscribe(subscription_id)


@post("/event-delivery/v1/subscriptions/{subscription_id:str}/pause", operation_id="pauseSubscription", status_code=200)
async def pause_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """Deliver nothing until it is resumed; nothing is lost meanwhile."""
    return await events.pause(subscription_id)


@post(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/resumption",
    operation_id="resumeSubscription",
    status_code=200,
)
async def resume_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """Deliver again, from where it stopped, also what was disabled."""
    return await events.resume(subscription_id)


@post(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/replay", operation_id="replaySubscription", status_code=200
)
async def replay_subscription(events: Port, subscription_id: Identifier, data: ReplayOrder) -> Subscription:
    """Deliver again what was delivered before, from a moment or after an event."""
    return await events.replay(subscription_id, data)


@get("/event-delivery/v1/subscriptions/{subscription_id:str}/events", operation_id="readSubscription")
async def read_subscription(
    events: Port,
    subscription_id: Identifier,
    after: Position | None = None,
    replay: Count = 0,
    limit: PageSize = 100,
    wait: Wait = 0,
) -> ReaderPage:
    """The next events of a subscription that is read, after a place of this replay or after what was acknowledged."""
    place = None if after is None else ReaderPlace(replay=replay, position=after)
    return await events.read(subscription_id, place, limit, wait)


@post(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/acknowledgement",
    operation_id="acknowledgeEvents",
    status_code=204,
)
async def acknowledge_events(events: Port, subscription_id: Identifier, data: ReaderPlace) -> None:
    """The reader has everything up to a place."""
    await events.acknowledge(subscription_id, data)


@get("/event-delivery/v1/subscriptions/{subscription_id:str}/secret", operation_id="getSigningSecret")
async def get_signing_secret(events: Port, subscription_id: Identifier) -> SigningSecret:
    """What a webhook's receiver verifies signatures by."""
    return await events.secret(subscription_id)


@post(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/secret/rotation",
    operation_id="rotateSigningSecret",
    status_code=200,
)
async def rotate_signing_secret(events: Port, subscription_id: Identifier) -> Subscription:
    """Sign by a new secret, and for a while by the one before too."""
    return await events.rotate_secret(subscription_id)


@get("/event-delivery/v1/subscriptions/{subscription_id:str}/dead-letters", operation_id="listDeadLetters")
async def list_dead_letters(events: Port, subscription_id: Identifier, after: Position = 0) -> Many[DeadLetter]:
    """Events that were given up, oldest first; the next page is after the last one's position."""
    return await events.dead_letters(subscription_id, after)


@post(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/dead-letters/{event_id:str}/redelivery",
    operation_id="redeliverDeadLetter",
    status_code=204,
)
async def redeliver_dead_letter(events: Port, subscription_id: Identifier, event_id: Identifier) -> None:
    """Try to deliver a dead letter again."""
    await events.redeliver(subscription_id, event_id)


@delete(
    "/event-delivery/v1/subscriptions/{subscription_id:str}/dead-letters/{event_id:str}",
    operation_id="discardDeadLetter",
    status_code=204,
)
async def discard_dead_letter(events: Port, subscription_id: Identifier, event_id: Identifier) -> None:
    """Forget a dead letter."""
    await events.discard(subscription_id, event_id)


HANDLERS = (
    list_events,
    get_event,
    list_subscriptions,
    create_subscription,
    get_subscription,
    delete_subscription,
    pause_subscription,
    resume_subscription,
    replay_subscription,
    read_subscription,
    acknowledge_events,
    get_signing_secret,
    rotate_signing_secret,
    list_dead_letters,
    redeliver_dead_letter,
    discard_dead_letter,
)
