"""Subscribers to business events, and what could not be delivered to them."""

import enum
from typing import Annotated

import msgspec

from tollway.canonical.event import BusinessEvent, EventType, Position
from tollway.canonical.record import Count, FreeText, Identifier, Record, Text, Timestamp

EventTypes = Annotated[list[EventType], msgspec.Meta(max_length=100)]
"""Types of events; none means all."""

WebAddress = Annotated[str, msgspec.Meta(min_length=10, max_length=1_000)]
"""An address that events are sent to: https, unless the configuration allows others, without credentials in it."""


class Channel(enum.StrEnum):
    """How a subscriber is given its events."""

    WEBHOOK = "webhook"
    REDIS_STREAM = "redis_stream"
    SERVER_SENT_EVENTS = "server_sent_events"
    """Read by the subscriber from the stream of the subscription."""


class SubscriptionStatus(enum.StrEnum):
    """Whether events are delivered."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    """The receiver said that it is gone; resuming tries again."""


class SubscriptionOrder(Record):
    """A subscription that is to be made; it begins with what happens next."""

    name: Text
    channel: Channel
    url: WebAddress | None = None
    """Where a webhook is received."""
    types: EventTypes = []


class Subscription(Record, omit_defaults=False):
    """A subscriber and how far it has got."""

    id: Identifier
    name: Text
    channel: Channel
    url: WebAddress | None
    stream: FreeText
    """The key of the Redis stream; empty for the other channels."""
    types: EventTypes
    status: SubscriptionStatus
    reason: FreeText
    """Why it is disabled; empty when it is not."""
    position: Position
    """Everything up to here in the log was delivered, waits for its next try, or is a dead letter.

    Of server-sent events: everything up to here its reader was known to have when it came last.
    """
    waiting: Count
    """Events that failed, or wait behind one of their subject that did."""
    dead_letters: Count
    created_at: Timestamp


class ReaderPage(Record, omit_defaults=False):
    """The next events of a subscription that its subscriber reads, and where to go on."""

    items: Annotated[list[BusinessEvent], msgspec.Meta(max_length=1_000)]
    replay: Count
    """How often the subscription was put back; places of before count for nothing."""
    after: Position
    """The place up to which this page has read."""


class ReaderPlace(Record):
    """How far the reader of a subscription has got."""

    replay: Count
    """As the page said that had it."""
    position: Position


class SigningSecret(Record):
    """What a webhook's receiver verifies signatures by (Standard Webhooks)."""

    secret: Annotated[str, msgspec.Meta(max_length=200)]
    """`whsec_` and the key in base64."""


class ReplayOrder(Record):
    """From where to deliver again; exactly one of the two."""

    since: Timestamp | None = None
    """Everything that happened at this moment or later."""
    after_event: Identifier | None = None
    """Everything after the event with this id."""


class DeadLetter(Record, omit_defaults=False):
    """An event that was given up after its last try."""

    event_id: Identifier
    type: EventType
    subject: Text
    position: Position
    attempts: Count
    reason: FreeText
    """What came back at the last try."""
    failed_at: Timestamp
