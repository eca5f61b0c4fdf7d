"""The configuration of events and of their delivery."""

from typing import Annotated

import msgspec

from tollway.strict import Strict

Seconds = Annotated[float, msgspec.Meta(gt=0)]


class EventsSettings(Strict):
    """How events are named, kept and delivered."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "/tollway"
    """The CloudEvents `source` of every event; an installation beside another has one of its own."""
    seconds: Seconds = 0.5
    """Pause between two looks for events that are to be delivered."""
    allowed_networks: list[str] = []
    """Networks besides the public ones, such as `127.0.0.0/8`, to which webhooks may be sent, also over plain http."""
    timeout: Seconds = 10.0
    """Seconds a webhook's receiver may take to answer."""
    retry_seconds: tuple[Seconds, ...] = (5, 60, 300, 1800, 7200, 18000, 36000, 50400)
    """The pauses between the tries of a delivery; after the last try the event is a dead letter."""
    rotation_hours: Seconds = 24.0
    """How long deliveries are signed by the old secret too, once there is a new one."""
    stream_seconds: Seconds = 300.0
    """How long one stream of server-sent events lasts before the reader comes again, with a token that is looked at."""
    redis_length: Annotated[int, msgspec.Meta(ge=1)] = 100_000
    """How many events a Redis stream keeps, about."""
    keep_days: Seconds = 90.0
    """How long events are kept; what a subscriber has yet to get is kept longer."""
