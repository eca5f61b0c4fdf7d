"""What NetSuite's answers mean for what the call was to do.

Sources: SuiteTalk REST Web Services API Guide, "Error Handling in REST Web Services"; NetSuite Help, "Web Services and
RESTlet Concurrency Governance". A crowded account may answer as if the login were wrong, so a refused login is not
taken for a final answer.
"""

import re

import httpx
import msgspec
import structlog

from system_apis.erp.netsuite.models import ErrorDetail, ErrorEnvelope
from tollway.canonical.case import Category
from tollway.http.platforms import retry_after
from tollway.problem_document import Violation
from tollway.problems import ContractDrift, NotFound, ProblemError, Rejected, Throttled, Unavailable, UnknownOutcome

log = structlog.get_logger()
CROWDED_SECONDS = 2.0
"""Pause after a call too many: slots free up as soon as another call ends."""
LOGIN_SECONDS = 60.0
"""Pause after a refused login: somebody has to change a setting first."""

_CROWDED = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "EXCEEDED_REQUEST_LIMIT"})
_REFUSALS: dict[str, tuple[str, Category]] = {
    "USER_ERROR": ("NetSuite's own rules do not allow {subject}", Category.PLATFORM_REFUSED),
    "INVALID_CONTENT": ("NetSuite does not take a value of {subject}", Category.PLATFORM_REFUSED),
    "INVALID_REQUEST": ("NetSuite cannot do this with {subject}", Category.PLATFORM_REFUSED),
    "INSUFFICIENT_PERMISSION": (
        "The integration's role in NetSuite may not touch {subject}",
        Category.PLATFORM_REFUSED,
    ),
}
"""Codes of refusals, with the words for them and the case they make."""
_TELLING = frozenset({"USER_ERROR", "INVALID_CONTENT"})
"""Codes whose detail is a sentence that NetSuite shows to its own users."""
_PREFIX = re.compile(r"^Error while accessing (?:a )?resource[.:]\s*")
_FIELD_PATH = re.compile(r"[A-Za-z_][\w.\[\]]{0,120}")
_LONGEST = 300


def problem(answer: httpx.Response, subject: str, *, connection: str, reads: bool) -> ProblemError:
    """The problem that an answer other than a success means; `subject` says what the call was about."""
    status, details = answer.status_code, _details(answer)
    codes = {detail.code for detail in details}
    log.warning("netsuite refused", status=status, codes=sorted(codes), subject=subject, connection=connection)
    if is_crowded(answer):
        return Throttled("NetSuite has too many calls at once.", retry_after=retry_after(answer, CROWDED_SECONDS))
    if status == httpx.codes.UNAUTHORIZED:
        return Unavailable(f"NetSuite refuses the credentials of connection {connection}.", retry_after=LOGIN_SECONDS)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        kind = Unavailable if reads else UnknownOutcome
        return kind(f"NetSuite answered status {status} about {subject}.")
    if status == httpx.codes.NOT_FOUND:
        return NotFound(f"NetSuite has no {subject}.")
    if status == httpx.codes.FORBIDDEN:
        codes.add("INSUFFICIENT_PERMISSION")
    known = next((code for code in _REFUSALS if code in codes), None)
    if known is None:
        return ContractDrift(f"NetSuite answered status {status} about {subject}, in no form that is known.")
    words, category = _REFUSALS[known]
    told = " ".join(_told(detail) for detail in details if detail.code in _TELLING)
    sentence = f"{words.format(subject=subject)}{f': {told}' if told else '.'}"
    return Rejected(sentence, category=category, violations=_violations(details))


def is_crowded(answer: httpx.Response) -> bool:
    """Whether a call was refused because too many are under way."""
    refused = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    return refused or any(detail.code in _CROWDED for detail in _details(answer))


def _details(answer: httpx.Response) -> list[ErrorDetail]:
    """The errors an answer names; none when it is not in NetSuite's envelope."""
    try:
        return msgspec.json.decode(answer.content, type=ErrorEnvelope).details
    except msgspec.MsgspecError:
        return []


def _told(detail: ErrorDetail) -> str:
    """NetSuite's sentence, on one line and of bounded length."""
    sentence = _PREFIX.sub("", " ".join(detail.detail.split()))
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]}…"


def _violations(details: list[ErrorDetail]) -> list[Violation]:
    fields = [(detail.path, _told(detail)) for detail in details if _FIELD_PATH.fullmatch(detail.path)]
    return [
        Violation(pointer="/" + re.sub(r"[.\[]", "/", path.replace("]", "")), message=told) for path, told in fields
    ]
