"""Forgetting events that everybody has had for long."""

import datetime as dt

from sqlalchemy import delete, func, select

from tollway.background import Repeated
from tollway.canonical.subscription import SubscriptionStatus
from tollway.storage import Database
from tollway.storage.tables import event_deliveries, event_subscriptions, events

_AT_ONCE = 1_000
_PAUSE = 600.0


class EventRetention:
    """Deletes events older than is kept, except those that a subscriber has yet to get."""

    def __init__(self, database: Database, keep_days: float) -> None:
        self._database = database
        self._kept = dt.timedelta(days=keep_days)

    async def sweep(self) -> int:
        """Forget what may be forgotten; answers how many events that were."""
        forgotten = 0
        while count := await self._forget_some():
            forgotten += count
        return forgotten

    def repeated(self) -> Repeated:
        """The sweep, again and again."""
        return Repeated("event retention", self.sweep, _PAUSE)

    async def _forget_some(self) -> int:
        subscribers, position = event_subscriptions.c, events.c.position
        behind = select(func.min(subscribers.position)).where(subscribers.status != SubscriptionStatus.DISABLED)
        owed = select(event_deliveries.c.position)
        async with self._database.transaction() as connection:
            slowest = (await connection.execute(behind)).scalar()
            old = (events.c.occurred_at < dt.datetime.now(dt.UTC) - self._kept) & position.is_not(None)
            old &= position.not_in(owed)
            if slowest is not None:
                old &= position <= slowest
            first = select(events.c.id).where(old).order_by(events.c.id).limit(_AT_ONCE)
            return (await connection.execute(delete(events).where(events.c.id.in_(first)))).rowcount
