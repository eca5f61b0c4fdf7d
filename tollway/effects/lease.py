"""Holding effects while they are sent: leases are renewed, and whoever cannot renew one lets go of its call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from tollway.effects.ledger import Claim, Ledger
from tollway.problems import Throttled, UnknownOutcome

T = TypeVar("T")
log = structlog.get_logger()
_RENEWALS = 3
"""How often leases are renewed in their own length."""


class Lease:
    """One attempt's hold on an effect, as long as its worker lives and reaches the database."""

    def __init__(self, claim: Claim, ends: float) -> None:
        """`ends`: by the event loop's clock, at the latest when the database's lease does."""
        self.claim = claim
        self._ends = ends
        self._call: asyncio.Timeout | None = None

    async def within(self, send: Callable[[], Awaitable[T]]) -> T:
        """Send while it is held; raises Throttled when it is held no more, UnknownOutcome when it ends meanwhile."""
        if asyncio.get_running_loop().time() >= self._ends:
            raise Throttled(f"{self.claim.intent.identity} was not sent: this worker was held up.", retry_after=1)
        try:
            async with asyncio.timeout_at(self._ends) as self._call:
                return await send()
        except TimeoutError as error:
            if self._call is not None and self._call.expired():
                raise UnknownOutcome(f"{self.claim.intent.identity} was sent by a worker that was cut off.") from error
            raise
        finally:
            self._call = None

    def goes_on(self, ends: float) -> None:
        """It was renewed."""
        self._ends = ends
        if self._call is not None and not self._call.expired():
            self._call.reschedule(ends)


class HeldEffects:
    """What one worker holds, whose leases are renewed together: many calls may wait for their turn at a platform."""

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        """`seconds`: the length of a lease, which the ledger keeps to as well."""
        self._ledger = ledger
        self._seconds = seconds
        self._held: dict[str, Lease] = {}
        self._renewing: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def holding(self, claim: Claim, claimed_at: float) -> AsyncIterator[Lease]:
        """Renews the lease until the block ends, and then lets others have what is not settled.

        `claimed_at`: by the event loop's clock, at the latest when the database's lease began.
        """
        lease = self._held[claim.holder] = Lease(claim, claimed_at + self._seconds)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), name="leases of effects")
        try:
            yield lease
        finally:
            self._held.pop(claim.holder, None)
            with contextlib.suppress(SQLAlchemyError, OSError):  # the lease ends by itself
                await self._ledger.release(claim)

    async def _renew(self) -> None:
        """Renew what is held, until nothing is; what is lost is let go."""
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS)
            began, held = asyncio.get_running_loop().time(), dict(self._held)
            if not held:
                return
            try:
                kept = await self._ledger.renew([lease.claim for lease in held.values()])
            except (SQLAlchemyError, OSError) as error:
                log.warning("leases not renewed", effects=len(held), reason=type(error).__name__)
                continue
            for holder, lease in held.items():
                if holder in kept:
                    lease.goes_on(began + self._seconds)
                else:
                    self._held.pop(holder, None)
