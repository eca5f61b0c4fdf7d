"""The events API: what happens to deals, customers, projects, invoices and cases, read or subscribed to."""

from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import Dependency, HeaderParameter, QueryParameter
from litestar.response import Stream

from tollway.canonical.event import BusinessEvent, EventPage, Position
from tollway.canonical.record import Identifier, Many, Timestamp, fitting
from tollway.canonical.subscription import (
    DeadLetter,
    EventTypes,
    ReplayOrder,
    SigningSecret,
    Subscription,
    SubscriptionOrder,
    SubscriptionStatus,
)
from tollway.events.feed import MEDIA_TYPE, Feed
from tollway.ports.events import Events

READ, WRITE = {"scope": "events:read"}, {"scope": "events:write"}
Port = Annotated[Events, Dependency(skip_validation=True)]
Types = Annotated[EventTypes | None, QueryParameter(name="type")]
LastPlace = Annotated[str, fitting("[0-9]*", min_length=0, max_length=18)]
"""The id of the last event that a reader has of its stream; empty when it has none."""
ReaderId = Annotated[str, fitting("([0-9]{1,9}-[0-9]{1,18})?", min_length=0, max_length=28)]
"""The id of the last event that the reader of a subscription has; empty when it has none."""
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1_000, extra_json_schema={"format": "int32"})]


@get("/events/v1/events", operation_id="listEvents", opt=READ)
async def list_events(
    events: Port,
    after: Position | None = None,
    since: Timestamp | None = None,
    types: Types = None,
    limit: PageSize = 100,
) -> EventPage:
    """Events in their order, from where `after` says that the last page ended, else since a moment or from now on."""
    return await events.page(after, types or [], limit, 0, since)


@get("/events/v1/events/{event_id:str}", operation_id="getEvent", opt=READ)
async def get_event(events: Port, event_id: Identifier) -> BusinessEvent:
    """One event."""
    return await events.event(event_id)


@get("/events/v1/subscriptions", operation_id="listSubscriptions", opt=READ)
async def list_subscriptions(events: Port, status: SubscriptionStatus | None = None) -> Many[Subscription]:
    """The caller's subscriptions, the oldest first."""
    return [one for one in await events.subscriptions() if status in (None, one.status)]


@post("/events/v1/subscriptions", operation_id="createSubscription", status_code=201, opt=WRITE)
async def create_subscription(events: Port, data: SubscriptionOrder) -> Subscription:
    """Subscribe to what happens from now on."""
    return await events.subscribe(data)


@get("/events/v1/subscriptions/{subscription_id:str}", operation_id="getSubscription", opt=READ)
async def get_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """One subscription, and how far it has got."""
    return await events.subscription(subscription_id)


@delete("/events/v1/subscriptions/{subscription_id:str}", operation_id="deleteSubscription", status_code=204, opt=WRITE)
async def delete_subscription(events: Port, subscription_id: Identifier) -> None:
    """End a subscription."""
    await events.unsubscribe(subscription_id)


@post(
    "/events/v1/subscriptions/{subscription_id:str}/pause", operation_id="pauseSubscription", status_code=200, opt=WRITE
)
async def pause_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """Deliver nothing until it is resumed; nothing is lost meanwhile."""
    return await events.pause(subscription_id)


@post(
    "/events/v1/subscriptions/{subscription_id:str}/resumption",
    operation_id="resumeSubscription",
    status_code=200,
    opt=WRITE,
)
async def resume_subscription(events: Port, subscription_id: Identifier) -> Subscription:
    """Deliver again, from where it stopped, also what was disabled."""
    return await events.resume(subscription_id)


@post(
    "/events/v1/subscriptions/{subscription_id:str}/replay",
    operation_id="replaySubscription",
    status_code=200,
    opt=WRITE,
)
async def replay_subscription(events: Port, subscription_id: Identifier, data: ReplayOrder) -> Subscription:
    """Deliver again what was delivered before, from a moment or after an event."""
    return await events.replay(subscription_id, data)


@get("/events/v1/subscriptions/{subscription_id:str}/secret", operation_id="getSigningSecret", opt=WRITE)
async def get_signing_secret(events: Port, subscription_id: Identifier) -> SigningSecret:
    """What a webhook's receiver verifies signatures by."""
    return await events.secret(subscription_id)


@post(
    "/events/v1/subscriptions/{subscription_id:str}/secret/rotation",
    operation_id="rotateSigningSecret",
    status_code=200,
    opt=WRITE,
)
async def rotate_signing_secret(events: Port, subscription_id: Identifier) -> Subscription:
    """Sign by a new secret, and for a while by the one before too."""
    return await events.rotate_secret(subscription_id)


@get("/events/v1/subscriptions/{subscription_id:str}/dead-letters", operation_id="listDeadLetters", opt=READ)
async def list_dead_letters(events: Port, subscription_id: Identifier, after: Position = 0) -> Many[DeadLetter]:
    """Events that were given up, oldest first; the next page is after the last one's position."""
    return await events.dead_letters(subscription_id, after)


@post(
    "/events/v1/subscriptions/{subscription_id:str}/dead-letters/{event_id:str}/redelivery",
    operation_id="redeliverDeadLetter",
    status_code=204,
    opt=WRITE,
)
async def redeliver_dead_letter(events: Port, subscription_id: Identifier, event_id: Identifier) -> None:
    """Try to deliver a dead letter again."""
    await events.redeliver(subscription_id, event_id)


@delete(
    "/events/v1/subscriptions/{subscription_id:str}/dead-letters/{event_id:str}",
    operation_id="discardDeadLetter",
    status_code=204,
    opt=WRITE,
)
async def discard_dead_letter(events: Port, subscription_id: Identifier, event_id: Identifier) -> None:
    """Forget a dead letter."""
    await events.discard(subscription_id, event_id)


@get(
    "/events/v1/subscriptions/{subscription_id:str}/stream",
    operation_id="streamSubscription",
    opt=READ | {"stream": MEDIA_TYPE},
)
async def stream_subscription(
    feed: Annotated[Feed, Dependency(skip_validation=True)],
    subscription_id: Identifier,
    last_event_id: Annotated[ReaderId, HeaderParameter(name="last-event-id")] = "",
) -> Stream:
    """The events of a subscription of the channel `server_sent_events`, from where its reader got to.

    A reader that comes again with Last-Event-ID says by it what it has; one without begins after what it last said.
    Nothing comes while the subscription is paused. A stream ends after a few minutes, as that of all events does.
    """
    return await feed.of_subscription(subscription_id, last_event_id)


@get("/events/v1/stream", operation_id="streamEvents", opt=READ | {"stream": MEDIA_TYPE})
async def stream_events(
    feed: Annotated[Feed, Dependency(skip_validation=True)],
    after: Position | None = None,
    since: Timestamp | None = None,
    types: Types = None,
    last_event_id: Annotated[LastPlace, HeaderParameter(name="last-event-id")] = "",
) -> Stream:
    """Events as they happen, as server-sent events.

    Their ids are places in the log: a reader that comes again with Last-Event-ID misses nothing, and one that has no
    place yet may begin at a moment. A stream ends after a few minutes, so that the reader's token is looked at again.
    """
    return feed.answer(int(last_event_id) if last_event_id else after, types or [], since)


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
    get_signing_secret,
    rotate_signing_secret,
    list_dead_letters,
    redeliver_dead_letter,
    discard_dead_letter,
    stream_subscription,
    stream_events,
)
