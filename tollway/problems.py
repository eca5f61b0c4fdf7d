"""Everything that can go wrong, as RFC 9457 problem documents and the exceptions that become them.

TollwayError
├── StartupError            a setting or the machine keeps a service from starting
└── ProblemError            answered as application/problem+json
    ├── Malformed           400  the request cannot be read
    ├── Unauthenticated     401  no, or no valid, credentials
    ├── Forbidden           403  the credentials do not allow it
    ├── NotFound            404  there is no such thing
    ├── NoSuchRoute         404  there is no such address
    ├── TooSlow             408  the body took too long to arrive
    ├── Conflict            409  what is asked contradicts what is
    ├── KeyInUse            409  the request with this idempotency key is under way
    ├── Gone                410  what was there is no longer served
    ├── Invalid             422  the request can be read but not accepted
    ├── Rejected            422  a platform or a rule refuses for a business reason: nothing happened
    ├── KeyReused           422  the idempotency key stood for another request before
    ├── Throttled           429  not done, may be repeated after `retry_after`
    ├── HeadersTooLarge     431  the headers are more, or larger, than are taken
    ├── Overloaded          503  more is asked than can be done: nothing happened, may be repeated
    ├── Unavailable         503  not sent: nothing happened, may be repeated
    └── UnknownOutcome      504  sent, no answer: may or may not have happened; read back before anything else
"""

from typing import Any, ClassVar, TypeVar

from tollway.problem_document import TYPE_BASE, Problem, Violation


class TollwayError(Exception):
    """The root of every exception this project raises on purpose."""


class StartupError(TollwayError):
    """A service cannot start; the message is one sentence that names the setting or the cause."""


class ProblemError(TollwayError):
    """An error that is answered as a problem document."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        violations: list[Violation] | None = None,
        category: str = "",
        retry_after: float | None = None,
        case_id: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = violations or []
        self.category = category
        self.retry_after = retry_after
        self.case_id = case_id
        self.headers = headers or {}

    def problem(self, *, instance: str = "", correlation_id: str = "") -> Problem:
        """The document that tells the caller."""
        return Problem(
            type=TYPE_BASE + self.kind,
            title=self.title,
            status=self.status,
            detail=self.detail,
            instance=instance,
            correlation_id=correlation_id,
            violations=self.violations,
            category=self.category,
            retry_after=self.retry_after,
            case_id=self.case_id,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.problem())


class Malformed(ProblemError):
    """The request cannot be read."""

    status, kind, title = 400, "malformed-request", "The request cannot be read"


class Unauthenticated(ProblemError):
    """No, or no valid, credentials."""

    status, kind, title = 401, "unauthenticated", "Valid credentials are needed"


class Forbidden(ProblemError):
    """The credentials do not allow it."""

    status, kind, title = 403, "forbidden", "Not allowed"


class NotFound(ProblemError):
    """There is no such thing, or the caller may not know of it."""

    status, kind, title = 404, "not-found", "Not found"


class NoSuchRoute(ProblemError):
    """The address itself does not exist."""

    status, kind, title = 404, "no-such-route", "There is no such address"


class MethodNotAllowed(ProblemError):
    """The resource exists but does not take this method."""

    status, kind, title = 405, "method-not-allowed", "Method not allowed"


class Conflict(ProblemError):
    """What is asked contradicts what is."""

    status, kind, title = 409, "conflict", "Conflict"


class KeyInUse(ProblemError):
    """The request with this idempotency key is being carried out; a repetition gets its answer."""

    status, kind, title = 409, "idempotency-key-in-use", "The request with this key is under way"


class TooSlow(ProblemError):
    """The request body did not arrive in the time that is given for it."""

    status, kind, title = 408, "request-timeout", "The request took too long to arrive"


class Gone(ProblemError):
    """What was there is no longer served, and will not be again."""

    status, kind, title = 410, "gone", "No longer served"


class TooLarge(ProblemError):
    """The request body is larger than is taken."""

    status, kind, title = 413, "too-large", "The request is too large"


class UnsupportedMediaType(ProblemError):
    """The request body's content type is not taken."""

    status, kind, title = 415, "unsupported-media-type", "Unsupported media type"


class Invalid(ProblemError):
    """The request can be read but breaks its contract; `violations` lists every way in which it does."""

    status, kind, title = 422, "invalid-request", "The request is not valid"


class KeyReused(ProblemError):
    """The idempotency key stood for another request before."""

    status, kind, title = 422, "idempotency-key-reused", "The key stands for another request"


class HeadersTooLarge(ProblemError):
    """The request's headers are more, or larger, than are taken."""

    status, kind, title = 431, "headers-too-large", "The request's headers are too large"


class Rejected(ProblemError):
    """A platform or a business rule refuses; nothing happened. `category` names the case it makes."""

    status, kind, title = 422, "rejected", "Refused for a business reason"


class QuotaExceeded(ProblemError):
    """The caller's own plan is used up."""

    status, kind, title = 429, "quota-exceeded", "The plan's limit is reached"


class Throttled(ProblemError):
    """A platform is overloaded; nothing happened, and it may be repeated after `retry_after` seconds."""

    status, kind, title = 429, "platform-throttled", "A platform asks us to slow down"


class Unavailable(ProblemError):
    """The request was not sent on; nothing happened, and it may be repeated."""

    status, kind, title = 503, "unavailable", "Temporarily unavailable"


class Overloaded(ProblemError):
    """More is asked than can be done now; nothing happened, and it may be repeated after `retry_after` seconds."""

    status, kind, title = 503, "temporary-reduced-capacity", "Too much is asked at once"


class UnknownOutcome(ProblemError):
    """Sent, but no answer came: it may have happened, so read back before anything else."""

    status, kind, title = 504, "unknown-outcome", "It is not known whether it happened"


class ContractDrift(ProblemError):
    """A platform or service answered something its contract does not allow."""

    status, kind, title = 502, "contract-drift", "An answer broke its contract"


def _kinds(root: type[ProblemError]) -> dict[str, type[ProblemError]]:
    return {kind.kind: kind for kind in (root, *root.__subclasses__())}


KINDS = _kinds(ProblemError)
T = TypeVar("T")


def found(thing: T | None, what: str) -> T:
    """The thing itself; raises NotFound, naming `what`, when there is none."""
    if thing is None:
        raise NotFound(f"There is no {what}.")
    return thing


def agree(in_address: str, in_body: str) -> None:
    """Raise Conflict unless the body speaks of what the address names."""
    if in_address != in_body:
        raise Conflict(f"The address names {in_address}, the body {in_body}.")


def raised_by(problem: Problem) -> ProblemError:
    """The exception that a problem document from another service stands for."""
    return _revive(KINDS.get(problem.type.removeprefix(TYPE_BASE), ProblemError), problem)


def _revive(kind: type[ProblemError], problem: Problem) -> ProblemError:
    return kind(
        problem.detail,
        violations=problem.violations,
        category=problem.category,
        retry_after=problem.retry_after,
        case_id=problem.case_id,
    )
