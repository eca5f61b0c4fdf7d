"""Applying effects: intent, sending, settling, reading back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import structlog

from tollway import context
from tollway.effects.changes import contradiction
from tollway.effects.lease import HeldEffects, Lease
from tollway.effects.ledger import Claim, Held, Intent, Ledger, Superseded, intent_of
from tollway.effects.record import DONE, Changed, EffectRecord, Observer, Outcome
from tollway.problems import Conflict, Overloaded, ProblemError, Throttled, Unavailable, UnknownOutcome, found
from tollway.storage import Database

T = TypeVar("T")
Send = Callable[[], Awaitable[T]]
Find = Callable[[], Awaitable[T | None]]
log = structlog.get_logger()
SERVER_ERROR = 500
LEASE_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.05, 1.0
"""Seconds between two looks at whether another attempt has let go of an effect."""


class Effects:
    """Applies effects, each once."""

    def __init__(
        self,
        database: Database,
        read_back_after: Sequence[float] = (0.3, 1.0, 3.0),
        observers: Sequence[Observer] = (),
        *,
        read_back_after_of: Mapping[str, Sequence[float]] | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        """`read_back_after`: the pauses in seconds before each look; after the last, absence is taken as the truth.

        Their sum must exceed the time that a platform takes to show what it has committed; `read_back_after_of` has
        others for single kinds of effects. `lease_seconds`: how long a worker that is gone keeps others waiting.
        """
        self._ledger = Ledger(database, lease_seconds, observers)
        self._pauses = read_back_after
        self._pauses_of = read_back_after_of or {}
        self._lease = lease_seconds
        self._held = HeldEffects(self._ledger, lease_seconds)

    async def apply(
        self,
        identity: str,
        wanted: Any,
        send: Send[T],
        find: Find[T],
        kind: Any,
        *,
        changed: Changed = Changed.REFUSED,
    ) -> T:
        """Bring about `wanted` once and return the platform's answer, of type `kind`.

        `identity` is the business identity (`invoice:PRJ-7-2`). `find` looks for the effect at the platform and
        answers None when it is not there. `changed` says what it means when something else was applied under it.
        Raises Rejected, Throttled, Unavailable, Conflict when something else was applied, or UnknownOutcome when
        reading back found nothing and sending again failed alike.
        """
        intent = intent_of(identity, wanted)
        while True:
            claimed_at = asyncio.get_running_loop().time()
            standing = await self._claim(intent, changed)
            if isinstance(standing, EffectRecord):
                if standing.outcome is Outcome.WITHDRAWN:
                    raise Conflict(f"{identity} is not to be brought about any more: what wanted it was given up.")
                if standing.digest != intent.digest and changed is Changed.REFUSED:
                    raise contradiction(standing, intent.wanted)
                return msgspec.json.decode(standing.result or "null", type=kind)  # type: ignore[no-any-return]
            try:
                async with self._held.holding(standing, claimed_at) as lease:
                    return await self._bring_about(lease, send, find, changed)
            except Superseded:
                log.warning("effect taken over by another worker", effect=identity)

    async def set(
        self,
        identity: str,
        wanted: Any,
        send: Callable[[], Awaitable[None]],
        find: Callable[[], Awaitable[bool]],
    ) -> None:
        """Bring about `wanted` where the platform answers nothing; `find` says whether it is so already."""

        async def sent() -> bool:
            await send()
            return True

        async def look() -> bool | None:
            return await find() or None

        await self.apply(identity, wanted, sent, look, bool)

    async def withdraw(self, identity: str, find: Find[Any]) -> bool:
        """Have what was not brought about never come about; answers whether it is there already, to be undone.

        Whoever is about it is waited for, and what is in doubt looked for. Raises Throttled when that takes too long.
        """
        intent = intent_of(identity, None)
        while True:
            claimed_at = asyncio.get_running_loop().time()
            standing = await self._claim(intent, Changed.STANDS, withdrawing=True)
            if isinstance(standing, EffectRecord):
                return standing.outcome in DONE
            try:
                async with self._held.holding(standing, claimed_at):
                    earlier = self._earlier(standing) if standing.in_doubt else ()
                    if await self._read_back(standing, find, Changed.STANDS, earlier) is not None:
                        return True
                    await self._ledger.settle(standing, Outcome.WITHDRAWN, reason="What wanted it was given up.")
            except Superseded:
                log.warning("effect taken over by another worker", effect=identity)
            else:
                return False

    async def get(self, identity: str) -> EffectRecord:
        """The effect of a business identity; raises NotFound."""
        return found(await self._ledger.get(identity), f"effect {identity}")

    async def of_process(self, process_id: str, limit: int = 1000) -> list[EffectRecord]:
        """The effects that a process wanted, the first first."""
        return await self._ledger.of_process(process_id, limit)

    async def _claim(self, intent: Intent, changed: Changed, *, withdrawing: bool = False) -> Claim | EffectRecord:
        """Wait for whoever is about it to settle it or to be gone; raises Throttled when that takes too long."""
        clock = asyncio.get_running_loop().time
        until, pause = clock() + context.current().remaining(self._lease), FIRST_WAIT
        while isinstance(standing := await self._ledger.claim(intent, changed, withdrawing=withdrawing), Held):
            if clock() >= until:
                words = f"Another worker is about {intent.identity} and has not finished."
                raise Throttled(words, retry_after=max(LONGEST_WAIT, standing.seconds))
            await asyncio.sleep(min(pause, max(0.0, until - clock())))
            pause = min(2 * pause, LONGEST_WAIT)
        return standing

    async def _bring_about(self, lease: Lease, send: Send[T], find: Find[T], changed: Changed) -> T:
        claim = lease.claim
        if claim.in_doubt:
            there = await self._read_back(claim, find, changed, self._earlier(claim))
            if there is not None:
                return there
        if not claim.recorded:
            await self._ledger.intend(claim)
        try:
            return await self._send(lease, send, find, doubtful=claim.in_doubt)
        except UnknownOutcome:
            there = await self._read_back(claim, find, changed, self._pauses_for(claim))
            # Absence is established: sending again cannot double it.
            return there if there is not None else await self._send(lease, send, find, doubtful=True)

    async def _send(self, lease: Lease, send: Send[T], find: Find[T], *, doubtful: bool) -> T:
        """`doubtful`: an earlier sending may yet arrive, so a refusal may be of what is there by now."""
        try:
            value = await lease.within(send)
        except (Throttled, Unavailable, Overloaded) as error:
            await self._ledger.settle(lease.claim, Outcome.THROTTLED, reason=error.detail)
            raise
        except ProblemError as error:
            if error.status >= SERVER_ERROR:
                await self._ledger.settle(lease.claim, Outcome.UNKNOWN, reason=error.detail)
                raise (error if isinstance(error, UnknownOutcome) else UnknownOutcome(error.detail)) from error
            there = await find() if doubtful else None
            if there is not None:
                await self._ledger.settle(lease.claim, Outcome.ALREADY_APPLIED, there)
                return there
            await self._ledger.settle(lease.claim, Outcome.REJECTED, reason=error.detail)
            raise
        await self._applied(lease.claim, value)
        return value

    async def _applied(self, claim: Claim, value: Any) -> None:
        try:
            await self._ledger.settle(claim, Outcome.APPLIED, value)
        except Superseded:
            await self._late(claim.intent.identity, msgspec.json.encode(value).decode())
            raise

    async def _late(self, identity: str, answer: str) -> None:
        """Whoever took over reads back before it sends; should it have sent all the same, two may be there."""
        newer = await self._ledger.get(identity)
        if newer is None or (newer.outcome in DONE and newer.result == answer):
            return
        log.error("a late answer says that it was applied", effect=identity, outcome=newer.outcome)
        await self._ledger.note(identity, f"A worker that had been taken over was answered: {answer}")

    def _pauses_for(self, claim: Claim) -> Sequence[float]:
        return self._pauses_of.get(claim.intent.identity.partition(":")[0], self._pauses)

    def _earlier(self, claim: Claim) -> Sequence[float]:
        """The pauses for an earlier attempt; one whose record was lost began before the restore."""
        pauses = self._pauses_for(claim)
        return pauses if claim.restored is None else [max(0.0, sum(pauses) - claim.restored)]

    async def _read_back(self, claim: Claim, find: Find[T], changed: Changed, pauses: Sequence[float]) -> T | None:
        identity = claim.intent.identity
        for pause in pauses:
            await asyncio.sleep(pause)
            there = await find()
            if there is None:
                continue
            log.info("effect found by reading back", effect=identity)
            record = await self._ledger.settle(claim, Outcome.ALREADY_APPLIED, there)
            if record.digest != claim.intent.digest and changed is Changed.REFUSED:
                raise contradiction(record, claim.intent.wanted)
            return there
        return None
