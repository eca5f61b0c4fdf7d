"""What the event bus' refusals mean, without its words.

Source: 'Pub/Sub API Developer Guide: Handle Errors': the status alone tells little, the error code among the trailers
tells the cause.
"""

import grpc
from grpc.aio import AioRpcError

from tollway.problems import ProblemError, Throttled, Unavailable

CODES = "sfdc.platform.eventbus.grpc."
TRAILER = "error-code"
DELIVERY_SECONDS = 3600.0
"""The events delivered are counted over the last 24 hours, so that they come free again hour by hour."""
CROWDED_SECONDS = 60.0
SETUP_SECONDS = 300.0
"""Pause where an administrator of the org has to do something first."""
TROUBLE_SECONDS = 2.0
_LOST = ("subscription.fetch.replayid.corrupted", "subscription.fetch.replayid.validation.failed")
_CROWDED = (
    "concurrent.client.limit.exceeded",
    "service.protection.triggered",
    "service.protection.stream.limit.triggered",
)
_SETUP = {
    "topic.not.found": "Salesforce has no such events; select the object in Setup under Change Data Capture.",
    "topic.meta.permission": "Tollway's user may not read the events of the object in Salesforce.",
    "subscription.topic.cannot.subscribe": "Tollway's user may not read the events of the object in Salesforce.",
    "service.tenant.license": "The org is not licensed for the Pub/Sub API.",
}


class ReplayIdLost(Exception):
    """The bus no longer knows the replay id, since its events are older than what it keeps or the org has moved."""


def code_of(error: AioRpcError) -> str:
    """The platform's own error code, without what all have in common; empty when there is none."""
    for name, value in error.trailing_metadata() or ():
        if name == TRAILER:
            return str(value).removeprefix(CODES)
    return ""


def session_ended(error: AioRpcError) -> bool:
    """Whether a new session is what it takes."""
    return error.code() == grpc.StatusCode.UNAUTHENTICATED or code_of(error).startswith("service.auth.")


def failure(error: AioRpcError) -> ProblemError | ReplayIdLost:
    """What a failed call means; nothing on the bus is ever written, so that it can be called again."""
    code = code_of(error)
    if code in _LOST:
        return ReplayIdLost(code)
    if code == "subscription.limit.exceeded":
        used = "The org has used up the events that may be delivered in 24 hours."
        return Throttled(used, retry_after=DELIVERY_SECONDS)
    if code in _CROWDED or error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Throttled("Salesforce has too many subscribers of its events at once.", retry_after=CROWDED_SECONDS)
    if code in _SETUP:
        return Unavailable(_SETUP[code], retry_after=SETUP_SECONDS)
    if session_ended(error):
        return Unavailable("Salesforce ended the session of a subscription.", retry_after=TROUBLE_SECONDS)
    said = code or error.code().name
    return Unavailable(f"Salesforce's event bus does not answer ({said}).", retry_after=TROUBLE_SECONDS)
