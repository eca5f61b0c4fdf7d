"""What was not taken: events that wait for their next try, those behind them, and dead letters."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, literal_column, select, update

from tollway.canonical.event import BusinessEvent
from tollway.canonical.subscription import DeadLetter
from tollway.events.subscriptions import Subscriber
from tollway.problems import NotFound
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.rows import now
from tollway.storage.tables import event_deliveries, event_subscriptions, events

WAITING, DEAD = "waiting", "dead"
_D = event_deliveries.c


class Missed(msgspec.Struct, frozen=True):
    """An event that was not taken, or not tried since one of its subject was not."""

    position: int
    subject: str
    attempts: int
    reason: str = ""
    pause: float | None = 0.0
    """Seconds until the next try; None when it is given up."""


class Failures:
    """The events that subscribers have not taken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, subscription_id: str) -> list[str]:
        """The subject of every event that waits, as often as it does."""
        query = select(_D.subject).where(_of(subscription_id, WAITING))
        async with self._database.transaction() as connection:
            return [*(await connection.execute(query)).scalars()]

    async def due(self, subscription_id: str, most: int) -> list[Missed]:
        """The first event of each subject that waits, where it is time for its next try."""
        first = (
            select(func.min(_D.position)).where(_of(subscription_id, WAITING)).group_by(_D.subject).scalar_subquery()
        )
        async with self._database.transaction() as connection:
            ripe = _D.next_at <= literal_column(now(connection.dialect))
            query = select(_D.position, _D.subject, _D.attempts).where(
                _of(subscription_id, WAITING), ripe, _D.position.in_(first)
            )
            rows = (await connection.execute(query.order_by(_D.position).limit(most))).all()
        return [Missed(row.position, row.subject, row.attempts) for row in rows]

    async def passed(self, subscriber: Subscriber, through: int, missed: Sequence[Missed]) -> bool:
        """Note that everything through a place was taken but for these; False when a replay came in between."""
        table = event_subscriptions.c
        as_read = (table.id == subscriber.id) & (table.position == subscriber.position)
        async with self._database.transaction() as connection:
            moved = await connection.execute(
                update(event_subscriptions).where(as_read, ~table.rewound).values(position=through)
            )
            if not moved.rowcount:
                return False
            if missed:
                clock: ColumnElement[float] = literal_column(now(connection.dialect))
                statement = insert(connection, event_deliveries).values(
                    subscription_id=subscriber.id, next_at=clock + bindparam("pause"), status=bindparam("state"),
                    position=bindparam("place"), subject=bindparam("about"), attempts=bindparam("tries"),
                    reason=bindparam("said"), failed_at=dt.datetime.now(dt.UTC),
                )  # fmt: skip
                await connection.execute(statement.on_conflict_do_nothing(), [_row(one) for one in missed])
        return True

    async def settle(self, subscription_id: str, again: Sequence[Missed], taken: Sequence[int]) -> None:
        """Note what came of another try: some were taken or are gone from the log, others missed again."""
        async with self._database.transaction() as connection:
            of_these = (_D.subscription_id == subscription_id) & _D.position.in_(taken)
            await connection.execute(delete(event_deliveries).where(of_these))
            clock: ColumnElement[float] = literal_column(now(connection.dialect))
            for one in again:
                row = _row(one)
                await connection.execute(
                    update(event_deliveries)
                    .where(_D.subscription_id == subscription_id, _D.position == one.position)
                    .values(
                        status=row["state"], attempts=one.attempts, reason=one.reason, next_at=clock + row["pause"],
                        failed_at=dt.datetime.now(dt.UTC),
                    )
                )  # fmt: skip

    async def dead(self, subscription_id: str, after: int, most: int) -> list[DeadLetter]:
        """The dead letters after a place in the log, oldest first."""
        joined = event_deliveries.join(events, events.c.position == _D.position)
        query = select(event_deliveries, events.c.event_id, events.c.type).select_from(joined)
        query = query.where(_of(subscription_id, DEAD), _D.position > after).order_by(_D.position).limit(most)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [msgspec.convert(row, DeadLetter, from_attributes=True) for row in rows]

    async def redeliver(self, subscription_id: str, event: BusinessEvent) -> None:
        """Try a dead letter again, as if for the first time; raises NotFound when it is none."""
        values = {"status": WAITING, "attempts": 0, "next_at": 0.0}
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(event_deliveries).where(_letter(subscription_id, event)).values(values)
            )
        _check(changed.rowcount, event.id)

    async def discard(self, subscription_id: str, event: BusinessEvent) -> None:
        """Forget a dead letter; raises NotFound when it is none."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(delete(event_deliveries).where(_letter(subscription_id, event)))
        _check(gone.rowcount, event.id)


def _of(subscription_id: str, status: str) -> ColumnElement[bool]:
    return (_D.subscription_id == subscription_id) & (_D.status == status)


def _letter(subscription_id: str, event: BusinessEvent) -> ColumnElement[bool]:
    return _of(subscription_id, DEAD) & (_D.position == int(event.sequence))


def _row(missed: Missed) -> dict[str, Any]:
    return {
        "place": missed.position,
        "about": missed.subject,
        "tries": missed.attempts,
        "said": missed.reason,
        "state": DEAD if missed.pause is None else WAITING,
        "pause": missed.pause or 0.0,
    }


def _check(count: int, event_id: str) -> None:
    if not count:
        raise NotFound(f"There is no dead letter of the event {event_id}.")
