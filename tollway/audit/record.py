"""What the audit says of one unsafe call; neither a secret nor what was sent or answered is in it."""

import enum

import msgspec

_REFUSAL, _SERVER_ERROR, _UNAVAILABLE = 400, 500, 503


class Outcome(enum.StrEnum):
    """What came of a call."""

    DONE = "done"
    REPLAYED = "replayed"
    """The answer of an earlier call with the same idempotency key."""
    REFUSED = "refused"
    """Nothing happened, for a reason of the caller's, a rule's or a platform's."""
    UNAVAILABLE = "unavailable"
    """Nothing happened, since something needed for it was away."""
    UNKNOWN = "unknown"
    """It may have happened."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One call, with the fields of the table."""

    at: str
    """When it arrived, in UTC: `2026-03-29 01:30:00.123456+00:00`."""
    product: str
    operation: str
    client: str
    subject: str
    issuer: str
    token_id: str
    address: str
    method: str
    path: str
    status: int
    outcome: Outcome
    correlation_id: str
    idempotency_key: str
    body_sha256: str
    duration_ms: float


def outcome_of(status: int, *, replayed: bool = False) -> Outcome:
    """What a call that was answered with this status came to."""
    if replayed:
        return Outcome.REPLAYED
    if status < _REFUSAL:
        return Outcome.DONE
    if status < _SERVER_ERROR:
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if status == _UNAVAILABLE else Outcome.UNKNOWN
