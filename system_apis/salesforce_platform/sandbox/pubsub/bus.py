"""The stream of events that an org keeps.

Source: 'Pub/Sub API Developer Guide: Event Message Durability': events are kept for 72 hours; a replay id is opaque and
refers to a place in the stream; a place may be told that has no event, since the bus is shared by many orgs.
"""

import asyncio
import base64
import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

import msgspec

from tollway.sandboxes.state import State

STRIDE = 64
"""Places between which events are told at most: others have theirs in between."""
EVENTS, SCHEMAS, TOPICS = "_event", "_event_schema", "_event_topic"


class Event(msgspec.Struct, frozen=True):
    """A place in the stream, and what happened there."""

    place: int
    replay_id: str
    """In hexadecimal digits."""
    at: float
    topic: str = ""
    """Empty where there is no event, at least none of this org."""
    id: str = ""
    schema_id: str = ""
    payload: str = ""
    """In base64."""


class Bus:
    """Events in the order of their places, kept in the state."""

    def __init__(self, state: State, clock: Callable[[], dt.datetime], retention: dt.timedelta) -> None:
        self._state = state
        self._clock = clock
        self._retention = retention.total_seconds()
        self.published = asyncio.Event()
        """Set by the next publication."""

    def keep_schema(self, topic: str, schema_id: str, written: str) -> None:
        """Let events of the topic be written by a schema; those by earlier ones stay readable."""
        if (self._state.get(TOPICS, topic) or {}).get("schema_id") != schema_id:
            self._state.put(SCHEMAS, schema_id, {"written": written})
            self._state.put(TOPICS, topic, {"schema_id": schema_id})

    def schema(self, schema_id: str) -> str | None:
        """A schema as JSON."""
        kept = self._state.get(SCHEMAS, schema_id)
        return kept["written"] if kept else None

    def schema_of(self, topic: str) -> str | None:
        """The id of the schema by which events of a topic are written now; None when there is no such topic."""
        kept = self._state.get(TOPICS, topic)
        return kept["schema_id"] if kept else None

    def publish(self, topic: str, schema_id: str, payload: bytes) -> None:
        """Put an event at the tip of the stream."""
        content = base64.b64encode(payload).decode()
        self._put({"topic": topic, "id": str(uuid.uuid4()), "schema_id": schema_id, "payload": content})
        self.published.set()
        self.published = asyncio.Event()

    def tip(self) -> Event:
        """A place behind all events so far."""
        return self._put({})

    def place_of(self, replay_id: bytes) -> int | None:
        """The place of a replay id; None when it is not kept, or never was one."""
        self._purge()
        digits = replay_id.ljust(10, b"\0").hex()  # the clients of others send eight bytes of it
        return next((event.place for event in self._newest_first() if event.replay_id == digits), None)

    def behind(self, topic: str, place: int, most: int) -> list[Event]:
        """The next events of a topic behind a place."""
        self._purge()
        later = takewhile(lambda event: event.place > place, self._newest_first())
        return [event for event in later if event.topic == topic][::-1][:most]

    def _put(self, facts: dict[str, Any]) -> Event:
        place = self._state.next_number(EVENTS) * STRIDE + secrets.randbelow(STRIDE)
        replay_id = place.to_bytes(8) + bytes(2)  # as the clients of others have recorded them
        event = Event(place=place, replay_id=replay_id.hex(), at=self._clock().timestamp(), **facts)
        self._state.put(EVENTS, str(place), msgspec.structs.asdict(event))
        return event

    def _newest_first(self) -> Iterator[Event]:
        return (Event(**document) for document in reversed(list(self._state.all(EVENTS).values())))

    def _purge(self) -> None:
        oldest = self._clock().timestamp() - self._retention
        kept = self._state.all(EVENTS)
        for key in list(takewhile(lambda key: kept[key]["at"] < oldest, kept)):
            self._state.delete(EVENTS, key)
