"""What Tryton's answers mean for what the call was to do."""

from typing import Any

import httpx

from system_apis.erp.tryton.codec import decode
from tollway.http.platforms import retry_after
from tollway.problems import Conflict, ContractDrift, Rejected, Throttled, TollwayError, Unavailable, UnknownOutcome
from tollway.quota import Heard
from tollway.quota.heard import heard as by_common_headers
from tollway.quota.heard import seconds

CONTENTION_SECONDS = 0.5
"""Pause after other transactions kept a call from its locks: they are short."""
LOGIN_SECONDS = 60.0
"""Pause after a refused login: somebody has to change a setting first."""


class SessionExpired(TollwayError):
    """The session is not known any more, or too old for this call; nothing happened."""


class WarningRaised(TollwayError):
    """Tryton wants a person to confirm first; nothing happened."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        """What to skip: a hash of the records, a dot and the warning's name."""

    @property
    def name(self) -> str:
        """The kind of warning, such as `invoice_date_future`."""
        return self.key.rpartition(".")[2]


def heard(answer: httpx.Response) -> Heard:
    """What an answer tells the quota; 503 is said of a call that waited for locks, and nothing of the server."""
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return Heard(pause=seconds(answer.headers.get("retry-after")))
    return by_common_headers(answer)


def result(answer: httpx.Response, method: str, *, reads: bool) -> Any:
    """The result in an answer; raises the problem, SessionExpired or WarningRaised that any other answer means."""
    if answer.status_code != httpx.codes.OK:
        raise _by_status(answer, method, reads=reads)
    try:
        document = decode(answer.content)
    except ValueError as error:
        raise ContractDrift(f"Tryton's answer to {method} cannot be read: {error}.") from error
    match document:
        case {"error": error}:
            raise _by_error(error, method)
        case {"result": value}:
            return value
    raise ContractDrift(f"Tryton's answer to {method} holds neither a result nor an error.")


def _by_status(answer: httpx.Response, method: str, *, reads: bool) -> Exception:
    status = answer.status_code
    match status:
        case httpx.codes.UNAUTHORIZED:
            return SessionExpired()
        case httpx.codes.SERVICE_UNAVAILABLE | httpx.codes.TOO_MANY_REQUESTS:
            seconds = retry_after(answer, CONTENTION_SECONDS)
            return Throttled(f"Tryton could not get to {method}.", retry_after=seconds)
        case httpx.codes.FORBIDDEN:
            return ContractDrift(f"Tryton does not offer {method}.")
        case httpx.codes.NOT_FOUND:
            return Unavailable("Tryton does not have the database of the settings.", retry_after=LOGIN_SECONDS)
        case _ if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            # Something on the way may have given up waiting for a Tryton that finishes all the same.
            kind = Unavailable if reads else UnknownOutcome
            return kind(f"Tryton answered {method} with status {status}.")
    return ContractDrift(f"Tryton refused to read the call of {method} (status {status}).")


def _by_error(error: Any, method: str) -> Exception:
    """Every error is answered after a rollback, so nothing happened."""
    match error:
        case ["UserError", [message, description, *_]]:
            return Rejected(" ".join(part.strip() for part in (message, description) if part))
        case ["UserWarning", [key, message, *_]]:
            return WarningRaised(key, message)
        case ["ConcurrencyException", *_]:
            return Conflict(f"Somebody else changed the record in Tryton before {method} could.")
        case [message, *_]:
            return ContractDrift(f"Tryton failed at {method}: {message}")
    return ContractDrift(f"Tryton failed at {method}.")
