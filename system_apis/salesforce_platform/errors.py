"""What the platform's refusals mean: its error codes as problems, without its words.

Sources: 'REST API Developer Guide: Status Codes and Error Responses', 'Object Reference: StatusCode'.
"""

import re
from collections.abc import Iterable

import httpx
import msgspec

from tollway.http.platforms import retry_after
from tollway.problems import (
    ContractDrift,
    NotFound,
    ProblemError,
    Rejected,
    Throttled,
    Unavailable,
    UnknownOutcome,
)

REFUSED = "platform_refused"
LOCKED = "UNABLE_TO_LOCK_ROW"
LIMIT = "REQUEST_LIMIT_EXCEEDED"
EXPIRED = "INVALID_SESSION_ID"
LOCK_SECONDS = 2.0
LIMIT_SECONDS = 3600.0
"""The daily limit counts the last 24 hours, so calls come free again hour by hour."""


class ApiError(msgspec.Struct, frozen=True, rename={"code": "errorCode"}):
    """One entry of the array that a failed call answers."""

    code: str
    fields: list[str] | None = None


class RecordError(msgspec.Struct, frozen=True, rename={"code": "statusCode"}):
    """One error of a record in an answer about several."""

    code: str
    fields: list[str] | None = None


class Meaning(msgspec.Struct, frozen=True):
    """What an error code means."""

    words: str
    """A sentence in which {what} is the object and {fields} the fields at fault."""
    kind: type[ProblemError] = Rejected
    retry_after: float | None = None


MEANINGS: dict[str, Meaning] = {
    LIMIT: Meaning("The org has used up the API calls it is allowed in 24 hours.", Throttled, LIMIT_SECONDS),
    LOCKED: Meaning("Somebody else is saving the same {what}.", Throttled, LOCK_SECONDS),
    "NOT_FOUND": Meaning("There is no such {what}.", NotFound),
    "ENTITY_IS_DELETED": Meaning("The {what} has been deleted.", NotFound),
    "REQUIRED_FIELD_MISSING": Meaning("The {what} needs a value in {fields}."),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning("A validation rule for the {what} refuses the value of {fields}."),
    "FIELD_INTEGRITY_EXCEPTION": Meaning("The {what} contradicts what it refers to in {fields}."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning("The {what} has a value that is not in the list of {fields}."),
    "STRING_TOO_LONG": Meaning("The {what} has a text that is too long for {fields}."),
    "NUMBER_OUTSIDE_VALID_RANGE": Meaning("The {what} has a number that is too large for {fields}."),
    "INVALID_EMAIL_ADDRESS": Meaning("The {what} has no valid e-mail address in {fields}."),
    "INVALID_CROSS_REFERENCE_KEY": Meaning("The {what} refers to a record that does not exist."),
    "MALFORMED_ID": Meaning("The {what} refers to something that is no record of the org."),
    "INVALID_FIELD": Meaning("The {what} names a field or a record that the org does not have."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning("Tollway's user may not write {fields} of the {what}."),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning("Tollway's user may not write the {what}."),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning("Tollway's user may not use what the {what} refers to."),
    "DUPLICATE_VALUE": Meaning("Another {what} already has this value."),
    "DUPLICATES_DETECTED": Meaning("The org's duplicate rule takes the {what} for one that exists."),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning("An automation of the org stopped the {what}."),
}
LABELS = {
    "pse__Proj__c": "project",
    "pse__Timecard_Header__c": "timecard",
    "Tollway_Deal_Rate__c": "rate",
    "Tollway_Project_Rate__c": "rate",
}


def label(name: str) -> str:
    """An API name as people read it: `pse__Target_Date__c` is the target date."""
    bare = re.sub(r"^(pse__|Tollway_)|__[cr]$", "", name)
    return LABELS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).replace("_", " ").lower()


def read_errors(answer: httpx.Response) -> list[ApiError]:
    """The errors of a failed call; none when the body is not in the platform's form."""
    try:
        return msgspec.json.decode(answer.content, type=list[ApiError])
    except msgspec.MsgspecError:
        return []


def failure(answer: httpx.Response, sobject: str, *, safe: bool) -> ProblemError:
    """The problem that a failed call is; `safe` says that it only read."""
    status = answer.status_code
    errors = read_errors(answer)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled("Salesforce asks us to slow down.", retry_after=retry_after(answer, LOCK_SECONDS))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _trouble(f"Salesforce answered {status}.", safe=safe, wait=retry_after(answer, 5.0))
    if not errors:
        broken = f"Salesforce answered {status} in a form that it does not document."
        return ContractDrift(broken) if safe else UnknownOutcome(broken)
    problem = refusal(sobject, errors)
    if safe and isinstance(problem, Rejected):
        return ContractDrift(f"Salesforce does not answer the question for the {label(sobject)} ({errors[0].code}).")
    return problem


def refusal(sobject: str, errors: Iterable[ApiError | RecordError]) -> ProblemError:
    """The problem that errors about one record are: the first of them decides its kind."""
    error = next(iter(errors), RecordError("UNKNOWN_EXCEPTION"))
    meaning = MEANINGS.get(error.code) or Meaning(f"Salesforce refuses the {{what}} ({error.code}).")
    fields = ", ".join(map(label, error.fields or [])) or "one of its fields"
    words = meaning.words.format(what=label(sobject), fields=fields)
    category = REFUSED if meaning.kind is Rejected else ""
    return meaning.kind(words, category=category, retry_after=meaning.retry_after)


def _trouble(words: str, *, safe: bool, wait: float) -> ProblemError:
    return Unavailable(words, retry_after=wait) if safe else UnknownOutcome(words)
