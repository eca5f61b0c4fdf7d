"""The log as server-sent events, read page by page from the service that has it."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec
from litestar.response import Stream
from msgspec.structs import replace

from tollway import context
from tollway.canonical.event import BusinessEvent, EventType
from tollway.canonical.subscription import ReaderPlace
from tollway.ports.events import Events

MEDIA_TYPE = "text/event-stream"
_HEARTBEAT = 3
"""Seconds after which a quiet stream says that it is there."""
_PAGE = 200
_BEGINNING = b"retry: 2000\n\n"
"""Milliseconds after which a reader comes again."""


class _Part(NamedTuple):
    """Some events, and by what the reader knows them and the place after them."""

    items: Sequence[BusinessEvent]
    prefix: str
    """Begins the ids of the events, which go on with their place in the log."""
    after: int


_Next = Callable[[int], Awaitable[_Part]]
"""Waits so many seconds for the next events."""


class Feed:
    """Streams of events, each of which ends after a while."""

    def __init__(self, events: Events, seconds: float) -> None:
        """`seconds`: how long one stream lasts."""
        self._events = events
        self._seconds = seconds

    def answer(self, after: int | None, types: Sequence[EventType], since: dt.datetime | None = None) -> Stream:
        """The events after a place, or else since a moment or from now on, and then each as it happens."""

        async def following(wait: int) -> _Part:
            nonlocal after
            page = await self._events.page(after, types, _PAGE, wait, since)
            after = page.after
            return _Part(page.items, "", page.after)

        return self._stream(following)

    async def of_subscription(self, subscription_id: str, last: str) -> Stream:
        """The events of a subscription after the last one that its reader has, by which it says that it has it.

        `last`: an id of this stream, or empty. Raises NotFound, and Conflict for a subscription that is delivered.
        """
        place = _place(last) if last else None
        if place is not None:
            await self._events.acknowledge(subscription_id, place)

        async def following(wait: int) -> _Part:
            nonlocal place
            page = await self._events.read(subscription_id, place, _PAGE, wait)
            place = ReaderPlace(replay=page.replay, position=page.after)
            return _Part(page.items, f"{page.replay}-", page.after)

        return self._stream(following, await following(0))  # what is wrong is told before the stream begins

    def _stream(self, following: _Next, first: _Part | None = None) -> Stream:
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        return Stream(self._parts(following, first), media_type=MEDIA_TYPE, headers=headers)

    async def _parts(self, following: _Next, first: _Part | None) -> AsyncIterator[bytes]:
        # The request's deadline is for the head of its answer; what follows takes as long as a stream lasts.
        context.enter(replace(context.current(), deadline=None))
        until = time.monotonic() + self._seconds
        yield _BEGINNING + (_text(first) if first else b"")
        while (left := until - time.monotonic()) > 0:
            wait = min(_HEARTBEAT, int(left))
            part = await following(wait)
            yield _text(part)
            if not part.items and not wait:  # less than a second is left
                await asyncio.sleep(left)


def _text(part: _Part) -> bytes:
    """Its events; of none, an id without data: a reader that comes again need not look through what was not for it."""
    if not part.items:
        return b": here\nid: %s%d\n\n" % (part.prefix.encode(), part.after)
    return b"".join(_written(event, part.prefix) for event in part.items)


def _written(event: BusinessEvent, prefix: str) -> bytes:
    kind = str(event.__struct_config__.tag)
    written = (prefix.encode(), int(event.sequence), kind.encode(), msgspec.json.encode(event))
    return b"id: %s%d\nevent: %s\ndata: %s\n\n" % written


def _place(event_id: str) -> ReaderPlace:
    replay, _, position = event_id.partition("-")
    return ReaderPlace(replay=int(replay), position=int(position))
