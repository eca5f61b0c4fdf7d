"""What the audit says of a call or a deed; neither a secret nor what was sent or answered is in it."""

import datetime as dt
import enum
from collections.abc import Mapping

import msgspec

from tollway import context
from tollway.audit.chain import moment

_REFUSAL, _SERVER_ERROR, _UNAVAILABLE = 400, 500, 503


class Outcome(enum.StrEnum):
    """What came of a call or deed."""

    DONE = "done"
    REPLAYED = "replayed"
    """The answer of an earlier call with the same idempotency key."""
    REFUSED = "refused"
    """Nothing happened, for a reason of the caller's, a rule's or a platform's."""
    UNAVAILABLE = "unavailable"
    """Nothing happened, since something needed for it was away."""
    UNKNOWN = "unknown"
    """It may have happened."""


class Kind(enum.StrEnum):
    """Where a record comes from."""

    CALL = "call"
    """An unsafe call that reached the gateway."""
    DEED = "deed"
    """What a person or a process did inside."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One call or deed, with the fields of the table."""

    at: str
    """When it came, in UTC: `2026-03-29 01:30:00.123456+00:00`."""
    kind: Kind = Kind.CALL
    product: str = ""
    operation: str
    client: str = ""
    subject: str
    issuer: str = ""
    token_id: str = ""
    address: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    outcome: Outcome
    correlation_id: str
    idempotency_key: str = ""
    body_sha256: str = ""
    duration_ms: float = 0.0
    about: str = ""
    said: str = ""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What a person or a process did inside, beyond the calls that the gateway sees."""

    action: str
    """The thing and what was done to it: `case.retried`, `routes.reloaded`."""
    about: str
    """The identity of what it was done to."""
    by: str = ""
    """The person or process; empty takes the current request's."""
    outcome: Outcome = Outcome.DONE
    details: Mapping[str, str] = {}
    """What else is to be remembered; no secret and no personal data beyond names of people who act."""

    def record(self) -> Record:
        """What the audit keeps of it."""
        request = context.current()
        return Record(
            at=moment(dt.datetime.now(dt.UTC)),
            kind=Kind.DEED,
            operation=self.action,
            subject=self.by or request.subject or request.process_id,
            outcome=self.outcome,
            correlation_id=request.correlation_id,
            about=self.about,
            said=msgspec.json.encode(self.details, order="sorted").decode() if self.details else "",
        )


def outcome_of(status: int, *, replayed: bool = False) -> Outcome:
    """What a call that was answered with this status came to."""
    if replayed:
        return Outcome.REPLAYED
    if status < _REFUSAL:
        return Outcome.DONE
    if status < _SERVER_ERROR:
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if status == _UNAVAILABLE else Outcome.UNKNOWN
