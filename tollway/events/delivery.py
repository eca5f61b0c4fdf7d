"""Delivering events: each subscription by one worker at a time, at least once, in order per subject.

What is not taken waits in `Failures` for its next try, and later events of its subject wait behind it; all others go
on. When very much waits, nothing new is taken on: the receiver is away, and the log keeps its events.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tollway import context
from tollway.canonical.event import BusinessEvent
from tollway.canonical.subscription import Channel
from tollway.events.failures import Failures, Missed
from tollway.events.log import EventLog
from tollway.events.sender import Failure, Sender
from tollway.events.settings import EventsSettings
from tollway.events.subscriptions import Subscriber, Subscriptions
from tollway.problems import Conflict, ProblemError, Unavailable
from tollway.storage.leases import Leases

BATCH = 100
"""Events of a subscription that are read at a time."""
MOST_WAITING = 200
"""Events of a subscription that may wait before nothing new is taken on."""
SIDE_BY_SIDE = 32
"""Subscriptions that are served side by side; one whose receiver is away takes up its own place only."""
SERVE_SECONDS = 10.0
"""After so long others have their turn before the rest of a subscription's events, once a batch has ended."""
AT_ONCE = 8
"""Lanes of a subscription that are delivered side by side."""
LEASE = 60.0
_RENEW = 20.0
_JITTER = 0.2
_random = random.SystemRandom()
log = structlog.get_logger()


class Delivery:
    """Serves the subscriptions that no other worker is serving."""

    def __init__(
        self,
        events: EventLog,
        subscriptions: Subscriptions,
        failures: Failures,
        leases: Leases,
        senders: Mapping[Channel, Sender],
        settings: EventsSettings,
    ) -> None:
        self._events = events
        self._subscriptions = subscriptions
        self._failures = failures
        self._leases = leases
        self._senders = senders
        self._pauses = settings.retry_seconds
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)  # given in the order in which they are asked for
        self._serving: dict[str, asyncio.Task[None]] = {}

    async def turn(self) -> None:
        """Begin to serve each subscription that there is something to do for; that goes on beside the next turns."""
        token = context.enter(context.new_context())
        try:
            for due in await self._subscriptions.due(await self._events.head()):
                if due not in self._serving:
                    self._serving[due] = asyncio.create_task(self._serve_one(due), name=f"events of {due}")
        finally:
            context.leave(token)

    async def stop(self) -> None:
        """End, in the middle of a delivery if need be, and let others serve."""
        serving = [*self._serving.values()]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve_one(self, subscription_id: str) -> None:
        try:
            async with self._places:
                await self._serve(subscription_id)
        except (ProblemError, SQLAlchemyError, OSError) as error:
            reason = error.detail if isinstance(error, ProblemError) else type(error).__name__
            log.warning("delivery put off", subscription=subscription_id, reason=reason)
        except Exception:
            log.exception("delivery failed", subscription=subscription_id)
        finally:
            del self._serving[subscription_id]

    async def _serve(self, subscription_id: str) -> None:
        lease = _Lease(self._leases, f"events:{subscription_id}")
        if not await lease.taken():
            return
        end = time.monotonic() + SERVE_SECONDS
        try:
            while await self._batch(subscription_id, lease) and time.monotonic() < end:
                pass
        finally:
            await lease.give_back()

    async def _batch(self, subscription_id: str, lease: "_Lease") -> bool:
        """Retry what is due and deliver the next events; answers whether there may be more to do."""
        subscriber = await self._subscriptions.subscriber(subscription_id)
        if subscriber is None:
            return False
        sender = self._senders.get(subscriber.channel)
        if sender is None:
            raise Unavailable(f"Nothing is configured that delivers by {subscriber.channel}.")
        if subscriber.rewound:
            await sender.rewind(subscriber)
            await self._subscriptions.rewinding_done(subscriber)
        errand = _Errand(subscriber, sender, lease)
        retried = await self._retry(errand)
        return await self._go_on(errand) or retried

    async def _retry(self, errand: "_Errand") -> bool:
        """Try again what it is time for; answers whether any of it was taken or given up."""
        subscriber = errand.subscriber
        due = await self._failures.due(subscriber.id, BATCH)
        kept = await self._events.events_at([one.position for one in due])
        slots, again, taken = asyncio.Semaphore(AT_ONCE), list[Missed](), list[int]()

        async def retry(missed: Missed) -> None:
            async with slots:
                event = kept.get(missed.position)
                failure = await errand.send(event) if event else None
                if failure:
                    again.append(self._missed(missed.position, missed.subject, missed.attempts, failure))
                else:
                    taken.append(missed.position)
                await self._disable_where_gone(subscriber, failure)

        await _all([retry(one) for one in due])
        if due:
            await self._failures.settle(subscriber.id, again, taken)
        return bool(taken) or any(one.pause is None for one in again)

    async def _go_on(self, errand: "_Errand") -> bool:
        """Deliver the next events; answers whether there were any to look at."""
        subscriber = errand.subscriber
        waiting = await self._failures.waiting(subscriber.id)
        if len(waiting) >= MOST_WAITING:
            return False
        page = await self._events.page(subscriber.position, subscriber.types, BATCH)
        if page.after == subscriber.position:
            return False
        lanes: dict[str, list[BusinessEvent]] = defaultdict(list)
        for event in page.items:
            lanes[errand.sender.lane(event)].append(event)
        slots, missed, blocked = asyncio.Semaphore(AT_ONCE), list[Missed](), set(waiting)

        async def run(events: Sequence[BusinessEvent]) -> None:
            async with slots:
                missed.extend(await self._lane(errand, events, stopped=events[0].subject in blocked))

        await _all([run(lane) for lane in lanes.values()])
        return await self._failures.passed(subscriber, page.after, missed)

    async def _lane(self, errand: "_Errand", events: Sequence[BusinessEvent], *, stopped: bool) -> list[Missed]:
        """Deliver one after the other until one is not taken; answers that one and those behind it."""
        missed: list[Missed] = []
        for event in events:
            place = int(event.sequence)
            failure = None if stopped else await errand.send(event)
            if failure:
                missed.append(self._missed(place, event.subject, 0, failure))
                stopped = True
                await self._disable_where_gone(errand.subscriber, failure)
            elif stopped:
                missed.append(Missed(place, event.subject, 0))
        return missed

    def _missed(self, position: int, subject: str, attempts: int, failure: Failure) -> Missed:
        pause = None
        if failure.gone:  # no more tries until somebody resumes
            pause, attempts = 0.0, attempts - 1
        elif attempts < len(self._pauses):
            pause = self._pauses[attempts] * _random.uniform(1 - _JITTER, 1 + _JITTER)
            pause = max(pause, failure.retry_after)
        return Missed(position, subject, attempts + 1, failure.reason, pause)

    async def _disable_where_gone(self, subscriber: Subscriber, failure: Failure | None) -> None:
        if failure and failure.gone:
            await self._subscriptions.disable(subscriber.id, failure.reason)


async def _all(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all of it, and only then raise what any of it raised."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if outcome is not None:
            raise outcome


class _Lease:
    """The right to serve a subscription, renewed while it is being served."""

    def __init__(self, leases: Leases, name: str) -> None:
        self._leases = leases
        self._name = name
        self._renewed = 0.0

    async def taken(self) -> bool:
        """Take or renew; whether it is ours."""
        self._renewed = asyncio.get_running_loop().time()
        return await self._leases.take(self._name, LEASE)

    async def keep(self) -> None:
        """Renew when it is time; raises Conflict when another has it by now."""
        held = asyncio.get_running_loop().time() - self._renewed
        # Once it has ended, another may have had it and given it back: what was read then is delivered already.
        if held > LEASE or (held > _RENEW and not await self.taken()):
            raise Conflict("Another worker serves this subscription by now.")

    async def give_back(self) -> None:
        """Let others serve it."""
        await self._leases.give_back(self._name)


class _Errand:
    """A subscriber, the way to it, and the right to go it."""

    def __init__(self, subscriber: Subscriber, sender: Sender, lease: _Lease) -> None:
        self.subscriber = subscriber
        self.sender = sender
        self._lease = lease

    async def send(self, event: BusinessEvent) -> Failure | None:
        """Deliver, as long as the lease is ours; answers why it was not taken."""
        await self._lease.keep()
        return await self.sender.send(self.subscriber, event)
