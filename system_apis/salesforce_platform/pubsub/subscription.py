"""One open subscription: events are asked for as they are taken."""

import asyncio
import time
from typing import Any

import grpc
from grpc.aio import AioRpcError, StreamStreamCall

from system_apis.salesforce_platform.pubsub.errors import TROUBLE_SECONDS, failure
from system_apis.salesforce_platform.pubsub.messages import CUSTOM, LATEST, FetchRequest
from tollway.problems import Unavailable

MOST = 100
"""Events that may be asked for at once ('Pub/Sub API and Event Allocations')."""
SILENCE_SECONDS = 300.0
"""Silence from which a subscription counts as dead: the platform says something within 270 seconds."""
_GONE = Unavailable("Salesforce ended a subscription.", retry_after=TROUBLE_SECONDS)


class Subscription:
    """A Subscribe call, from one place in a topic's stream on."""

    def __init__(self, call: StreamStreamCall[Any, Any], topic: str, replay_id: bytes) -> None:
        """Without a replay id it starts at the tip of the stream."""
        self._call = call
        self._first = FetchRequest(
            topic_name=topic, replay_preset=CUSTOM if replay_id else LATEST, replay_id=replay_id, num_requested=MOST
        )
        self._begun = False
        self._owed = 0
        self._reading: asyncio.Task[Any] | None = None
        self._heard = time.monotonic()

    async def next(self, seconds: float) -> Any | None:
        """The next FetchResponse, or None when there is none within so many seconds; raises what ended the call.

        It holds no events when the platform only tells how far the stream is.
        """
        await self._ask()
        # A read that is cancelled would cancel the whole call, so that one goes on while nobody waits for it.
        reading = self._reading = self._reading or asyncio.create_task(self._read())
        await asyncio.wait({reading}, timeout=seconds)
        if not reading.done():
            if time.monotonic() - self._heard > SILENCE_SECONDS:
                raise Unavailable("Salesforce's event bus fell silent.", retry_after=TROUBLE_SECONDS)
            return None
        self._reading = None
        response = reading.result()
        self._heard = time.monotonic()
        self._owed = response.pending_num_requested
        return response

    def close(self) -> None:
        """End the call; what was delivered and not taken is delivered again to the next."""
        self._call.cancel()
        if self._reading:
            self._reading.cancel()

    async def _ask(self) -> None:
        """Ask for more events once all that were asked for are here: more would be an overflow."""
        if self._owed > 0:
            return
        request = FetchRequest(num_requested=MOST) if self._begun else self._first
        self._begun, self._owed = True, MOST
        try:
            await self._call.write(request)
        except AioRpcError as error:
            raise failure(error) from error
        except asyncio.InvalidStateError:
            raise _GONE from None

    async def _read(self) -> Any:
        try:
            response = await self._call.read()
        except AioRpcError as error:
            raise failure(error) from error
        if response is grpc.aio.EOF:
            raise _GONE
        return response
