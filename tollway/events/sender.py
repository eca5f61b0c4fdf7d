"""How a subscriber is given its events."""

from typing import Protocol

import msgspec

from tollway.canonical.event import BusinessEvent
from tollway.events.subscriptions import Subscriber


class Failure(msgspec.Struct, frozen=True):
    """Why an event was not taken."""

    reason: str
    retry_after: float = 0.0
    """Seconds the receiver asks us to wait, at least."""
    gone: bool = False
    """Whether the receiver wants no more events."""


class Sender(Protocol):
    """Gives a subscriber one event after the other."""

    def lane(self, event: BusinessEvent) -> str:
        """Events of one lane are sent one after the other, lanes side by side."""
        ...

    async def send(self, subscriber: Subscriber, event: BusinessEvent) -> Failure | None:
        """Deliver; answers why the event was not taken. Raises Unavailable to put all of the subscriber's off."""
        ...

    async def rewind(self, subscriber: Subscriber) -> None:
        """Be ready for events that were delivered before."""
        ...
