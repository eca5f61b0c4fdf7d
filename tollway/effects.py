"""Effects: every write to a platform, recorded before it is sent and settled by reading back when no answer came.

intended ──send──► applied            the platform did it
   │               rejected           it refuses for a business reason: nothing happened
   │               throttled          it (or the way to it) is overloaded: nothing happened, repeat later
   │               unknown            sent, no answer
   └──read back──► already_applied    an earlier attempt had done it
"""

import asyncio
import datetime as dt
import enum
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import select, update

from tollway import context
from tollway.problems import ProblemError, Throttled, Unavailable, UnknownOutcome
from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.tables import effects

T = TypeVar("T")
log = structlog.get_logger()


class Outcome(enum.StrEnum):
    """What became of an effect; INTENDED while nobody knows yet."""

    INTENDED = "intended"
    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


DONE = (Outcome.APPLIED, Outcome.ALREADY_APPLIED)
SERVER_ERROR = 500
IN_DOUBT = (Outcome.INTENDED, Outcome.UNKNOWN)


class Effects:
    """Applies effects, each once."""

    def __init__(self, database: Database, read_back_after: Sequence[float] = (0.3, 1.0, 3.0)) -> None:
        """`read_back_after`: the pauses in seconds before each look; after the last, absence is taken as the truth.

        Their sum must exceed the time that a platform takes to show what it has committed.
        """
        self._database = database
        self._pauses = read_back_after

    async def apply(
        self,
        identity: str,
        wanted: Any,
        send: Callable[[], Awaitable[T]],
        find: Callable[[], Awaitable[T | None]],
        kind: Any,
    ) -> T:
        """Bring about `wanted` once and return the platform's answer, of type `kind`.

        `identity` is the business identity (`invoice:PRJ-7-2`). `find` looks for the effect at the platform and
        answers None when it is not there. Raises Rejected, Throttled, Unavailable, or UnknownOutcome when reading
        back found nothing and sending again failed alike.
        """
        outcome, result = await self._intend(identity, wanted)
        if outcome in DONE:
            return msgspec.json.decode(result, type=kind)  # type: ignore[no-any-return]
        if outcome in IN_DOUBT:
            found = await self._read_back(identity, find)
            if found is not None:
                return found
        try:
            return await self._send(identity, send)
        except UnknownOutcome:
            found = await self._read_back(identity, find)
            # Absence is established: sending again cannot double it.
            return found if found is not None else await self._send(identity, send)

    async def set(
        self, identity: str, wanted: Any, send: Callable[[], Awaitable[None]], find: Callable[[], Awaitable[bool]]
    ) -> None:
        """Bring about `wanted` where the platform answers nothing; `find` says whether it is so already."""

        async def sent() -> bool:
            await send()
            return True

        async def look() -> bool | None:
            return await find() or None

        await self.apply(identity, wanted, sent, look, bool)

    async def _intend(self, identity: str, wanted: Any) -> tuple[Outcome | None, str]:
        """Record the intent; answers the outcome of an earlier attempt, None when there was none or it was refused."""
        request, now = context.current(), dt.datetime.now(dt.UTC)
        digest = hashlib.sha256(msgspec.json.encode(wanted, order="deterministic")).hexdigest()
        row = {
            "identity": identity,
            "key": idempotency_key(identity),
            "digest": digest,
            "outcome": Outcome.INTENDED,
            "attempts": 0,
            "process_id": request.process_id,
            "correlation_id": request.correlation_id,
            "intended_at": now,
        }
        async with self._database.transaction() as connection:
            if await insert_new(connection, effects, row):
                return None, ""
            mine = effects.c.identity == identity
            before = (await connection.execute(select(effects.c.outcome, effects.c.result).where(mine))).one()
            if before.outcome not in DONE:
                again = {"digest": digest, "intended_at": now, "outcome": Outcome.INTENDED}
                await connection.execute(update(effects).where(mine).values(again))
        refused = before.outcome in (Outcome.REJECTED, Outcome.THROTTLED)
        return None if refused else Outcome(before.outcome), before.result or ""

    async def _send(self, identity: str, send: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await send()
        except (Throttled, Unavailable) as error:
            await self._settle(identity, Outcome.THROTTLED, reason=error.detail)
            raise
        except ProblemError as error:
            if error.status < SERVER_ERROR:
                await self._settle(identity, Outcome.REJECTED, reason=error.detail)
                raise
            await self._settle(identity, Outcome.UNKNOWN, reason=error.detail)
            raise (error if isinstance(error, UnknownOutcome) else UnknownOutcome(error.detail)) from error
        await self._settle(identity, Outcome.APPLIED, value)
        return value

    async def _read_back(self, identity: str, find: Callable[[], Awaitable[T | None]]) -> T | None:
        for pause in self._pauses:
            await asyncio.sleep(pause)
            found = await find()
            if found is not None:
                await self._settle(identity, Outcome.ALREADY_APPLIED, found)
                log.info("effect found by reading back", effect=identity)
                return found
        return None

    async def _settle(self, identity: str, outcome: Outcome, value: Any = None, reason: str | None = None) -> None:
        changes = {
            "outcome": outcome,
            "attempts": effects.c.attempts + 1,
            "result": msgspec.json.encode(value).decode() if outcome in DONE else None,
            "reason": reason,
            "settled_at": dt.datetime.now(dt.UTC),
        }
        async with self._database.transaction() as connection:
            await connection.execute(update(effects).where(effects.c.identity == identity).values(changes))


def idempotency_key(identity: str) -> str:
    """The key a platform is given to recognise a repetition by; the same for ever for the same identity."""
    return hashlib.sha256(identity.encode()).hexdigest()
