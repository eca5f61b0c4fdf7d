"""Subscriptions whose subscriber reads them: how far the reader has got."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select, update

from tollway.canonical.event import EventType
from tollway.canonical.subscription import Channel, ReaderPlace, SubscriptionStatus
from tollway.events.subscriptions import its
from tollway.problems import Conflict, found
from tollway.storage import Database
from tollway.storage.tables import event_subscriptions

_T = event_subscriptions.c


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reader begins that has no place of its own."""

    replay: int
    position: int
    types: Sequence[EventType]
    active: bool

    def after(self, place: ReaderPlace | None, head: int) -> int:
        """Where to go on: behind the place, unless it is of before a replay or the log, up to `head`, lacks it."""
        known = place is not None and place.replay == self.replay and place.position <= head
        return place.position if place and known else self.position


class Readers:
    """The cursors of all subscriptions that are read, each by its owner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self, owner: str, subscription_id: str) -> Cursor:
        """Where the subscription stands; raises NotFound, and Conflict for one that is delivered."""
        query = select(event_subscriptions).where(its(owner, subscription_id))
        async with self._database.transaction() as connection:
            kept = (await connection.execute(query)).one_or_none()
        row = found(kept, f"subscription {subscription_id}")
        if row.channel != Channel.SERVER_SENT_EVENTS:
            raise Conflict(
                f"The subscription {subscription_id} is delivered by {row.channel}; "
                f"make one of the channel {Channel.SERVER_SENT_EVENTS} to read it."
            )
        return Cursor(
            replay=row.replays,
            position=row.position,
            types=[EventType(kind) for kind in row.types],
            active=row.status == SubscriptionStatus.ACTIVE,
        )

    async def move(self, subscription_id: str, place: ReaderPlace) -> None:
        """Note that the reader has everything up to a place, unless it was put back since it read that."""
        behind = (_T.id == subscription_id) & (_T.replays == place.replay) & (_T.position < place.position)
        async with self._database.transaction() as connection:
            await connection.execute(update(event_subscriptions).where(behind).values(position=place.position))
