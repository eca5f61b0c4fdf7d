"""What an org's answers tell of its limits.

Sources: 'REST API Developer Guide: Limit Info Header' (`Sforce-Limit-Info: api-usage=18/5000`), 'Salesforce Developer
Limits: API Request Limits and Allocations'. The daily limit counts the last 24 hours. One error code refuses both
a call beyond it and a call beyond the long ones that may be under way at once; the count tells which of the two it is.
"""

import re

import httpx
import msgspec

from system_apis.salesforce_platform.errors import LIMIT, read_errors
from tollway.quota import Heard
from tollway.quota.heard import heard as by_common_headers

CROWDED_SECONDS = 2.0
"""Pause after a long call too many: one ends sooner or later."""
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class ApiUsage(msgspec.Struct, frozen=True):
    """The calls of the last 24 hours, as the platform counted them in its last answer."""

    used: int
    allowed: int


def usage(answer: httpx.Response) -> ApiUsage | None:
    """What an answer says of the daily limit; None when it says nothing."""
    found = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
    return ApiUsage(used=int(found[1]), allowed=int(found[2])) if found else None


def crowded(answer: httpx.Response, known: ApiUsage | None) -> bool:
    """Whether a call was refused by a limit although those of the day are not used up, as far as that is `known`."""
    if answer.status_code != httpx.codes.FORBIDDEN or known is None or known.used >= known.allowed:
        return False
    return any(error.code == LIMIT for error in read_errors(answer))


def heard(answer: httpx.Response, known: ApiUsage | None) -> Heard:
    """What an answer tells the quota; `known` is what is known of the daily limit after it."""
    told = by_common_headers(answer)
    if known:
        told = msgspec.structs.replace(told, used=known.used, allowed=known.allowed)
    if crowded(answer, known):
        return msgspec.structs.replace(told, pause=CROWDED_SECONDS)
    limited = answer.status_code == httpx.codes.FORBIDDEN and any(e.code == LIMIT for e in read_errors(answer))
    return msgspec.structs.replace(told, exhausted=limited)
