"""Who subscribes to events, and how far each has got."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, delete, exists, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway import context
from tollway.canonical.event import EventType
from tollway.canonical.subscription import Channel, Subscription, SubscriptionOrder, SubscriptionStatus
from tollway.events.signing import Seal, new_secret
from tollway.idempotency.carried_out import first_time
from tollway.problems import Conflict, found
from tollway.storage import Database
from tollway.storage.rows import now
from tollway.storage.tables import event_deliveries, event_subscriptions

STREAM = "tollway:events:"
"""Begins the key of a subscription's Redis stream."""
MOST = 100
"""Subscriptions that one client may have."""
_HOUR = 3600.0
_T = event_subscriptions.c
_D = event_deliveries.c


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as its deliverer needs it."""

    id: str
    channel: Channel
    url: str
    types: Sequence[EventType]
    secrets: Sequence[str]
    """The secrets to sign with: the current one, and the one before while that is still good."""
    position: int
    rewound: bool

    @property
    def stream(self) -> str:
        """The key of its Redis stream."""
        return STREAM + self.id


class Subscriptions:
    """The subscriptions of all clients, each of which sees its own."""

    def __init__(self, database: Database, seal: Seal, rotation_hours: float = 24.0) -> None:
        """`rotation_hours`: how long a secret is signed with after there is a new one."""
        self._database = database
        self._seal = seal
        self._rotation = rotation_hours * _HOUR

    async def create(self, owner: str, order: SubscriptionOrder, position: int) -> Subscription:
        """Subscribe to what comes after a place in the log; raises Conflict beyond the number a client may have."""
        asked = context.current().request_key  # by which a repetition finds what the first one made
        new_id = f"SUB-{asked[:16] or secrets.token_hex(8)}"
        row = {
            "id": new_id,
            "owner": owner,
            "name": order.name,
            "channel": order.channel,
            "url": order.url,
            "types": order.types,
            "status": SubscriptionStatus.ACTIVE,
            "reason": "",
            "secret": self._seal.closed(new_secret()),
            "previous_secret": "",
            "previous_until": 0.0,
            "position": position,
            "rewound": False,
            "replays": 0,
            "created_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.transaction() as connection:
            count = select(func.count()).select_from(event_subscriptions).where(_T.owner == owner)
            if await first_time(connection, f"subscribe {owner}"):
                if (await connection.execute(count)).scalar_one() >= MOST:
                    raise Conflict(f"There are {MOST} subscriptions already; delete one that is not needed.")
                await connection.execute(event_subscriptions.insert().values(row))
        return await self.get(owner, new_id)

    async def get(self, owner: str, subscription_id: str) -> Subscription:
        """One of the owner's subscriptions; raises NotFound."""
        rows = await self._rows(its(owner, subscription_id))
        return found(rows[0] if rows else None, f"subscription {subscription_id}")

    async def of_owner(self, owner: str) -> list[Subscription]:
        """All subscriptions of the owner, the oldest first."""
        return await self._rows(_T.owner == owner)

    async def remove(self, owner: str, subscription_id: str) -> None:
        """End a subscription and forget what it has not got; raises NotFound."""
        async with self._database.transaction() as connection:
            await _require(connection, owner, subscription_id)
            await connection.execute(delete(event_deliveries).where(_D.subscription_id == subscription_id))
            await connection.execute(delete(event_subscriptions).where(_T.id == subscription_id))

    async def set_status(self, owner: str, subscription_id: str, status: SubscriptionStatus) -> Subscription:
        """Pause or resume; raises NotFound."""
        async with self._database.transaction() as connection:
            await _require(connection, owner, subscription_id)
            changed = update(event_subscriptions).where(_T.id == subscription_id)
            await connection.execute(changed.values(status=status, reason=""))
        return await self.get(owner, subscription_id)

    async def replay(self, owner: str, subscription_id: str, position: int) -> Subscription:
        """Deliver everything after a place again, what failed or was given up since then included; raises NotFound."""
        async with self._database.transaction() as connection:
            await _require(connection, owner, subscription_id)
            later = (_D.subscription_id == subscription_id) & (_D.position > position)
            await connection.execute(delete(event_deliveries).where(later))
            changed = update(event_subscriptions).where(_T.id == subscription_id)
            await connection.execute(changed.values(position=position, rewound=True, replays=_T.replays + 1))
        return await self.get(owner, subscription_id)

    async def secret(self, owner: str, subscription_id: str) -> str:
        """The current secret; raises NotFound."""
        async with self._database.transaction() as connection:
            row = await _require(connection, owner, subscription_id)
        return self._seal.opened(row.secret)

    async def rotate(self, owner: str, subscription_id: str) -> Subscription:
        """Make a new secret, beside which the one before is good for a while; raises NotFound."""
        async with self._database.transaction() as connection:
            row = await _require(connection, owner, subscription_id)
            if await first_time(connection, f"rotate {subscription_id}"):
                until: ColumnElement[float] = literal_column(now(connection.dialect)) + self._rotation
                new = {
                    "secret": self._seal.closed(new_secret()),
                    "previous_secret": row.secret,
                    "previous_until": until,
                }
                await connection.execute(update(event_subscriptions).where(_T.id == subscription_id).values(new))
        return await self.get(owner, subscription_id)

    # What the deliverer asks

    async def due(self, head: int) -> list[str]:
        """The active subscriptions that something is to be done for, while the log ends at `head`."""
        async with self._database.transaction() as connection:
            late = (
                (_D.subscription_id == _T.id)
                & (_D.status == "waiting")
                & (_D.next_at <= literal_column(now(connection.dialect)))
            )
            something = or_(_T.position < head, _T.rewound, exists().where(late))
            pushed = (_T.status == SubscriptionStatus.ACTIVE) & (_T.channel != Channel.SERVER_SENT_EVENTS)
            query = select(_T.id).where(pushed & something)
            return [*(await connection.execute(query)).scalars()]

    async def subscriber(self, subscription_id: str) -> Subscriber | None:
        """The subscription as it is delivered to; None once it is not active any more."""
        active = (_T.id == subscription_id) & (_T.status == SubscriptionStatus.ACTIVE)
        async with self._database.transaction() as connection:
            clock: ColumnElement[float] = literal_column(now(connection.dialect))
            row = (
                await connection.execute(select(event_subscriptions, clock.label("clock")).where(active))
            ).one_or_none()
        if row is None:
            return None
        kept = [row.secret] if row.previous_until <= row.clock else [row.secret, row.previous_secret]
        return Subscriber(
            id=row.id,
            channel=Channel(row.channel),
            url=row.url or "",
            types=[EventType(kind) for kind in row.types],
            secrets=[self._seal.opened(secret) for secret in kept],
            position=row.position,
            rewound=row.rewound,
        )

    async def rewinding_done(self, subscriber: Subscriber) -> None:
        """Note that a replay has begun, unless another was asked for meanwhile."""
        mine = (_T.id == subscriber.id) & (_T.position == subscriber.position)
        async with self._database.transaction() as connection:
            await connection.execute(update(event_subscriptions).where(mine).values(rewound=False))

    async def disable(self, subscription_id: str, reason: str) -> None:
        """Deliver no more, until it is resumed."""
        changed = update(event_subscriptions).where(_T.id == subscription_id)
        async with self._database.transaction() as connection:
            await connection.execute(changed.values(status=SubscriptionStatus.DISABLED, reason=reason))

    async def _rows(self, where: ColumnElement[bool]) -> list[Subscription]:
        query = select(event_subscriptions, _counted("waiting"), _counted("dead")).where(where)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(_T.created_at, _T.id))).all()
        return [_subscription(row) for row in rows]


def its(owner: str, subscription_id: str) -> ColumnElement[bool]:
    """The condition on one of the owner's subscriptions."""
    return (_T.owner == owner) & (_T.id == subscription_id)


def _counted(status: str) -> ColumnElement[int]:
    those = (_D.subscription_id == _T.id) & (_D.status == status)
    return select(func.count()).select_from(event_deliveries).where(those).scalar_subquery().label(status)


async def _require(connection: AsyncConnection, owner: str, subscription_id: str) -> Row[Any]:
    """The row of one of the owner's subscriptions, locked; raises NotFound."""
    query = select(event_subscriptions).where(its(owner, subscription_id)).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return found(row, f"subscription {subscription_id}")


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        name=row.name,
        channel=Channel(row.channel),
        url=row.url,
        stream=STREAM + row.id if row.channel == Channel.REDIS_STREAM else "",
        types=[EventType(kind) for kind in row.types],
        status=SubscriptionStatus(row.status),
        reason=row.reason,
        position=row.position,
        waiting=row.waiting,
        dead_letters=row.dead,
        created_at=row.created_at,
    )
