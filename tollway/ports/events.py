"""Business events and who subscribes to them."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

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


class Events(Protocol):
    """Reads the log, and manages the subscriptions of whoever asks; another's is as if it were not there."""

    async def page(
        self, after: int | None, types: Sequence[EventType], limit: int, wait: int, since: dt.datetime | None = None
    ) -> EventPage:
        """Events after a place, oldest first; `wait` is the seconds to wait for the first.

        Without a place it begins with what happened at the moment `since` or later, without that at the log's end.
        """
        ...

    async def event(self, event_id: str) -> BusinessEvent:
        """One event; raises NotFound."""
        ...

    async def subscriptions(self) -> list[Subscription]:
        """The caller's subscriptions, the oldest first."""
        ...

    async def subscribe(self, order: SubscriptionOrder) -> Subscription:
        """Make a subscription; raises Rejected for an address that nothing is sent to."""
        ...

    async def subscription(self, subscription_id: str) -> Subscription:
        """One subscription; raises NotFound."""
        ...

    async def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription; raises NotFound."""
        ...

    async def pause(self, subscription_id: str) -> Subscription:
        """Deliver nothing until it is resumed; raises NotFound."""
        ...

    async def resume(self, subscription_id: str) -> Subscription:
        """Deliver again, from where it stopped; raises NotFound."""
        ...

    async def replay(self, subscription_id: str, order: ReplayOrder) -> Subscription:
        """Deliver again what was delivered before; raises NotFound or Invalid."""
        ...

    async def read(self, subscription_id: str, place: ReaderPlace | None, limit: int, wait: int) -> ReaderPage:
        """The next events of a subscription that is read, none while it is paused; `wait` as for a page of the log.

        They come after the place; after what was acknowledged where there is none, it is of before a replay, or the
        log does not reach to it.
        Raises NotFound, and Conflict for a subscription that is delivered.
        """
        ...

    async def acknowledge(self, subscription_id: str, place: ReaderPlace) -> None:
        """The reader has everything up to a place; changes nothing for one of before a replay.

        Raises NotFound, and Conflict for a subscription that is delivered.
        """
        ...

    async def secret(self, subscription_id: str) -> SigningSecret:
        """What the receiver verifies by; raises NotFound."""
        ...

    async def rotate_secret(self, subscription_id: str) -> Subscription:
        """Sign by a new secret, and for a while by the old one too; raises NotFound."""
        ...

    async def dead_letters(self, subscription_id: str, after: int) -> list[DeadLetter]:
        """What was given up, after a place in the log, oldest first; raises NotFound."""
        ...

    async def redeliver(self, subscription_id: str, event_id: str) -> None:
        """Try a dead letter again; raises NotFound."""
        ...

    async def discard(self, subscription_id: str, event_id: str) -> None:
        """Forget a dead letter; raises NotFound."""
        ...
