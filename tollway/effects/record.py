"""What is written down of an effect, and what became of it."""

import datetime as dt
import enum
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection


class Outcome(enum.StrEnum):
    """What became of an effect; INTENDED while nobody knows yet."""

    INTENDED = "intended"
    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    """It never happened, and is not to happen any more: what wanted it was given up."""


DONE = (Outcome.APPLIED, Outcome.ALREADY_APPLIED)
IN_DOUBT = (Outcome.INTENDED, Outcome.UNKNOWN)


class Changed(enum.Enum):
    """What it means that something else is wanted under the identity of an effect that is applied."""

    REFUSED = enum.auto()
    """A contradiction, which somebody has to resolve."""
    STANDS = enum.auto()
    """Nothing: whoever came first made it, for everybody."""
    REPLACES = enum.auto()
    """It is to be as it is wanted now; what is found counts only when it is exactly that."""


class EffectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An effect as it stands."""

    identity: str
    """The business identity: `invoice:PRJ-7-2`."""
    key: str
    """The idempotency key, derived from the identity."""
    digest: str
    """SHA-256 of `wanted`."""
    outcome: Outcome
    wanted: str | None
    """What was to be written, in canonical terms, as JSON; None where it was recorded before that was kept."""
    result: str | None
    """The platform's answer in canonical terms, as JSON; None until it is applied."""
    reason: str | None
    """Why it was refused, put off or is unknown, or what makes it doubtful."""
    attempts: int
    """How often its outcome was settled."""
    process_id: str
    """The durable process that wanted it so; empty outside of one."""
    correlation_id: str
    intended_at: dt.datetime
    settled_at: dt.datetime | None


Observer = Callable[[AsyncConnection, EffectRecord], Awaitable[None]]
"""Is told of every effect that is applied, in the transaction that says so; what it writes stands or falls with it."""


def record_of(row: Row[tuple[object, ...]]) -> EffectRecord:
    """The record in a row of the table."""
    return msgspec.convert(row, EffectRecord, from_attributes=True)
