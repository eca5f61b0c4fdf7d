"""The ordered log of business events.

An event is written, without a place in the order, in the transaction of what it tells of. Whoever reads first gives the
events that are committed by then the next places, one after the other: so a place that can be seen never has a free one
before it, however many write at once, and writers never wait for one another.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway import context
from tollway.canonical.event import BusinessEvent, CloudEvent, EventPage, EventType
from tollway.problems import NotFound
from tollway.storage import Database
from tollway.storage.database import insert
from tollway.storage.tables import event_head, events
from tollway.strict import Strict

SCHEMAS = "/openapi/events.v1.asyncapi.json#/components/schemas/"
"""Where the gateway shows them."""
_UNNUMBERED = "0" * 20
_AT_ONCE = 1_000
"""Events that are numbered in one transaction."""
_NUMBER = text("""
    UPDATE events SET position = :head + committed.place
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place
          FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT :most) AS first) AS committed
    WHERE events.id = committed.id
""")


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, to be told once."""

    kind: type[CloudEvent]
    key: str
    """What makes it this one among others of its kind: told again under the same key, it is no other event."""
    subject: str
    data: Strict
    at: dt.datetime | None = None
    """When; now, unless given."""
    cause: str = ""
    """What brought it about; the process that is running, unless given."""


class EventLog:
    """Appends events and reads them in their order."""

    def __init__(self, database: Database, source: str = "/tollway") -> None:
        self._database = database
        self._source = source

    async def append(self, connection: AsyncConnection, happenings: Sequence[Happening]) -> None:
        """Tell what happened, in the transaction in which it did; what is known already is not told again."""
        rows = [self._row(happening) for happening in happenings]
        if rows:
            await connection.execute(insert(connection, events).values(rows).on_conflict_do_nothing())

    async def tell(self, *happenings: Happening) -> None:
        """Tell what happened elsewhere than in our database, in a transaction of its own."""
        async with self._database.transaction() as connection:
            await self.append(connection, happenings)

    async def head(self) -> int:
        """The last place in the order, once everything that is committed has one."""
        while True:
            async with self._database.transaction() as connection:
                unnumbered = select(events.c.id).where(events.c.position.is_(None)).limit(1)
                if (await connection.execute(unnumbered)).first() is None:
                    return int((await connection.execute(select(event_head.c.position))).scalar_one())
                await _number(connection)

    async def page(self, after: int, types: Sequence[EventType] = (), most: int = 100) -> EventPage:
        """The events after a place, of some types or of all, oldest first."""
        head = await self.head()
        query = select(events.c.position, events.c.body).where(events.c.position > after, events.c.position <= head)
        if types:
            query = query.where(events.c.type.in_([*types]))
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(events.c.position).limit(most))).all()
        full = len(rows) == most
        through = rows[-1].position if full else max(after, head)
        return EventPage(
            items=[_event(row.position, row.body) for row in rows], after=through, more=full and through < head
        )

    async def events_at(self, positions: Sequence[int]) -> dict[int, BusinessEvent]:
        """The events at these places that are still kept."""
        query = select(events.c.position, events.c.body).where(events.c.position.in_(positions))
        async with self._database.transaction() as connection:
            return {row.position: _event(row.position, row.body) for row in await connection.execute(query)}

    async def event(self, event_id: str) -> BusinessEvent:
        """The event with this id; raises NotFound when none is kept."""
        await self.head()
        query = select(events.c.position, events.c.body).where(events.c.event_id == event_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound(f"There is no event {event_id}.")
        return _event(row.position, row.body)

    async def about(self, subjects: Sequence[str], most: int = 1000) -> list[BusinessEvent]:
        """The latest events about any of these, oldest first."""
        await self.head()
        query = select(events.c.position, events.c.body).where(
            events.c.subject.in_(subjects)
            & events.c.position.is_not(None)  # those that others tell of meanwhile come later
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(events.c.position.desc()).limit(most))).all()
        return [_event(row.position, row.body) for row in reversed(rows)]

    async def before(self, moment: dt.datetime) -> int:
        """The place after which everything lies that happened at the moment or later."""
        head = await self.head()
        query = select(func.min(events.c.position)).where(events.c.occurred_at >= moment)
        async with self._database.transaction() as connection:
            first = (await connection.execute(query)).scalar()
        return head if first is None else int(first) - 1

    def _row(self, happening: Happening) -> dict[str, Any]:
        ids = context.current()
        tag = str(happening.kind.__struct_config__.tag)
        named = hashlib.sha256(f"{tag}|{happening.key}".encode()).hexdigest()[:40]
        at = happening.at or dt.datetime.now(dt.UTC)
        facts: Any = happening.data
        event = happening.kind(  # type: ignore[call-arg]  # every kind has data, of its own type
            specversion="1.0",
            id=named,
            source=self._source,
            subject=happening.subject,
            time=at,
            datacontenttype="application/json",
            dataschema=SCHEMAS + type(facts).__name__,
            correlationid=ids.correlation_id,
            causationid=happening.cause or ids.process_id,
            sequence=_UNNUMBERED,
            data=facts,
        )
        return {
            "event_id": named,
            "type": tag,
            "subject": happening.subject,
            "occurred_at": at,
            "body": msgspec.json.encode(event).decode(),
        }


async def _number(connection: AsyncConnection) -> None:
    locked = select(event_head.c.position).with_for_update()
    head = (await connection.execute(locked)).scalar_one()
    given = (await connection.execute(_NUMBER, {"head": head, "most": _AT_ONCE})).rowcount
    await connection.execute(update(event_head).values(position=head + given))


def _event(position: int, body: str) -> BusinessEvent:
    event: BusinessEvent = msgspec.json.decode(body, type=BusinessEvent)
    return replace(event, sequence=f"{position:020d}")
