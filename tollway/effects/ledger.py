"""The records of effects, and who holds one: the one attempt that may send and settle it, until its lease ends."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Float, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from tollway import context
from tollway.backup.restores import seconds_since
from tollway.effects.record import DONE, IN_DOUBT, Changed, EffectRecord, Observer, Outcome, record_of
from tollway.storage import Database
from tollway.storage.database import insert_new
from tollway.storage.rows import now
from tollway.storage.tables import effects


class Superseded(Exception):
    """Another attempt holds or has settled the effect: this one's lease was over."""


class Intent(msgspec.Struct, frozen=True):
    """What is to be brought about."""

    identity: str
    wanted: str
    """In canonical terms, as JSON."""
    digest: str
    """SHA-256 of it."""


class Claim(msgspec.Struct, frozen=True):
    """The right of one attempt to send an effect and to settle it."""

    intent: Intent
    holder: str
    before: EffectRecord | None = None
    """What earlier attempts left, if there were any."""
    recorded: bool = True
    """Whether the intent is recorded; what is in doubt keeps the earlier one until it is known not to have happened."""
    restored: float | None = None
    """Seconds since a backup was restored that may be older than the effect; None where no record means no attempt."""

    @property
    def in_doubt(self) -> bool:
        """Whether an earlier attempt may have done it."""
        if self.before is None:
            return self.restored is not None
        return self.before.outcome in IN_DOUBT


class Held(msgspec.Struct, frozen=True):
    """Another attempt is about it."""

    seconds: float
    """Until its lease ends, unless it is renewed."""


class Ledger:
    """Claims, settles and reads the records of one database."""

    def __init__(self, database: Database, lease: float, observers: Sequence[Observer]) -> None:
        """`lease`: the seconds that a claim lasts unless it is renewed."""
        self._database = database
        self._lease = lease
        self._observers = observers

    async def claim(
        self, intent: Intent, changed: Changed, *, withdrawing: bool = False
    ) -> Claim | Held | EffectRecord:
        """Hold the effect; answers its record when it is applied, and as it should be, or withdrawn.

        `withdrawing` wants nothing: what was wanted before stays recorded.
        """
        holder = context.random_digits(32)
        async with self._database.transaction() as connection:
            clock = _clock(connection)
            until = {"holder": holder, "held_until": clock + self._lease}
            new = {"identity": intent.identity, "key": idempotency_key(intent.identity), "attempts": 0}
            if await insert_new(connection, effects, new | _intended(intent) | until):
                return Claim(intent, holder, restored=await seconds_since(connection))
            mine = effects.c.identity == intent.identity
            query = select(effects, (effects.c.held_until - clock).label("seconds")).where(mine).with_for_update()
            row = (await connection.execute(query)).one()
            before, differs = record_of(row), row.digest != intent.digest
            stands = before.outcome in DONE and not (differs and changed is Changed.REPLACES)
            if stands or before.outcome is Outcome.WITHDRAWN:
                return before
            if row.holder and row.seconds > 0:
                return Held(row.seconds)
            # What was wanted before may be what is found, unless only an exact replacement counts as found.
            recorded = not (differs and before.outcome in IN_DOUBT and changed is not Changed.REPLACES)
            taken = until | _intended(intent) if recorded and not withdrawing else until
            await connection.execute(update(effects).where(mine).values(taken))
        return Claim(intent, holder, before, recorded)

    async def intend(self, claim: Claim) -> None:
        """Record the intent after all; raises Superseded."""
        async with self._database.transaction() as connection:
            await _change(connection, claim, _intended(claim.intent))

    async def renew(self, claims: Sequence[Claim]) -> set[str]:
        """Let the leases begin anew; answers the holders that still hold theirs."""
        identities, holders = [claim.intent.identity for claim in claims], [claim.holder for claim in claims]
        where = effects.c.identity.in_(identities) & effects.c.holder.in_(holders)
        async with self._database.transaction() as connection:
            again = update(effects).where(where).values(held_until=_clock(connection) + self._lease)
            return {*(await connection.execute(again.returning(effects.c.holder))).scalars()}

    async def release(self, claim: Claim) -> None:
        """Let others have it as it stands, if it is still held."""
        where = (effects.c.identity == claim.intent.identity) & (effects.c.holder == claim.holder)
        async with self._database.transaction() as connection:
            await connection.execute(update(effects).where(where).values(holder=None, held_until=None))

    async def settle(
        self, claim: Claim, outcome: Outcome, value: Any = None, reason: str | None = None
    ) -> EffectRecord:
        """Record what became of it; it stays held while that is unknown. Raises Superseded."""
        changes: dict[str, Any] = {
            "outcome": outcome,
            "attempts": effects.c.attempts + 1,
            "result": msgspec.json.encode(value).decode() if outcome in DONE else None,
            "reason": reason,
            "settled_at": dt.datetime.now(dt.UTC),
        }
        if outcome is not Outcome.UNKNOWN:
            changes |= {"holder": None, "held_until": None}
        async with self._database.transaction() as connection:
            record = await _change(connection, claim, changes)
            for observe in self._observers if outcome in DONE else ():
                await observe(connection, record)
        return record

    async def note(self, identity: str, reason: str) -> None:
        """Write down what makes an effect doubtful that another attempt settles or has settled."""
        async with self._database.transaction() as connection:
            await connection.execute(update(effects).where(effects.c.identity == identity).values(reason=reason))

    async def get(self, identity: str) -> EffectRecord | None:
        """The effect of a business identity."""
        async with self._database.transaction() as connection:
            row = (await connection.execute(select(effects).where(effects.c.identity == identity))).one_or_none()
        return record_of(row) if row else None

    async def of_process(self, process_id: str, limit: int) -> list[EffectRecord]:
        """The effects that a process wanted, the first first."""
        query = select(effects).where(effects.c.process_id == process_id).limit(limit)
        async with self._database.transaction() as connection:
            rows = await connection.execute(query.order_by(effects.c.intended_at, effects.c.identity))
            return [record_of(row) for row in rows]


async def _change(connection: AsyncConnection, claim: Claim, values: dict[str, Any]) -> EffectRecord:
    """Only whoever holds an effect changes it; an attempt whose lease another has taken over changes nothing."""
    where = (effects.c.identity == claim.intent.identity) & (effects.c.holder == claim.holder)
    changed = await connection.execute(update(effects).where(where).values(values).returning(*effects.c))
    row = changed.one_or_none()
    if row is None:
        raise Superseded
    return record_of(row)


def _intended(intent: Intent) -> dict[str, Any]:
    request = context.current()
    return {
        "digest": intent.digest,
        "wanted": intent.wanted,
        "outcome": Outcome.INTENDED,
        "result": None,
        "process_id": request.process_id,
        "correlation_id": request.correlation_id,
        "intended_at": dt.datetime.now(dt.UTC),
    }


def _clock(connection: AsyncConnection) -> ColumnElement[float]:
    return literal_column(now(connection.dialect), Float)


def intent_of(identity: str, wanted: Any) -> Intent:
    """The intent to write something under a business identity."""
    written = msgspec.json.encode(wanted, order="deterministic")
    return Intent(identity, written.decode(), hashlib.sha256(written).hexdigest())


def idempotency_key(identity: str) -> str:
    """The key a platform is given to recognise a repetition by; the same for ever for the same identity."""
    return hashlib.sha256(identity.encode()).hexdigest()
