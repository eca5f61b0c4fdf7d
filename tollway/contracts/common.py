"""What every contract has alike: the answers that any operation may give, and how callers show who they are."""

from collections.abc import Iterable, Mapping
from typing import Any

from tollway.contracts.published import SIGNED
from tollway.identity import HEADER
from tollway.service import PROBLEM_TYPE

TOKEN_URL = "/oauth2/token"  # noqa: S105 - an address
_TEXT = {"type": "string", "maxLength": 1000}
_PROBLEM = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OF_THE_GATEWAY = {
    "RateLimit": "What is left of each window of the caller's plan; `X-RateLimit-*` tell it of the shortest.",
    "RateLimit-Policy": "The windows of the caller's plan.",
    "Access-Control-Allow-Origin": "The origin whose pages may read this, where it is one that the API allows.",
}
_REFERENCES = {name: {"$ref": f"#/components/headers/{name}"} for name in _OF_THE_GATEWAY}
_RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_REFUSALS = {
    "401": ("Unauthenticated", "No, or no valid, credentials."),
    "422": ("Invalid", "The request breaks this contract, every way of which is listed, or a rule of the business."),
    "429": ("TooMany", "The plan's limit is reached, or a platform asks us to slow down; nothing happened."),
    "500": ("Unforeseen", "Something failed that nobody foresaw."),
    "default": ("Refused", "A problem document (RFC 9457) that says what went wrong."),
}


def headers_of_good(*, outside: bool) -> dict[str, Any]:
    """The headers of a good answer; callers from outside get some from the gateway."""
    return {"headers": _REFERENCES} if outside else {}


def refusals() -> dict[str, Any]:
    """The answers by which any operation may refuse, by status."""
    return {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in _REFUSALS.items()}


def responses(*, outside: bool) -> dict[str, Any]:
    """What `refusals` refers to."""
    made = {}
    for status, (name, words) in _REFUSALS.items():
        sent = (_REFERENCES if outside else {}) | (_RETRY_AFTER if status == "429" else {})
        made[name] = {"description": words} | ({"headers": sent} if sent else {}) | {"content": _PROBLEM}
    return made


def headers(*, outside: bool) -> dict[str, Any]:
    """What the headers of answers refer to."""
    retry = "Seconds after which the same request may succeed (RFC 9110)."
    schema = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "format": "int32"}
    made = {"Retry-After": {"description": retry, "schema": schema}}
    if outside:
        made |= {name: {"description": words, "schema": _TEXT} for name, words in _OF_THE_GATEWAY.items()}
    return made


def security_schemes(wanted: Iterable[dict[str, list[str]]], signatures: Mapping[str, str]) -> dict[str, Any]:
    """What the operations' security refers to; `signatures` are the headers of platforms' own schemes."""
    ways = list(wanted)
    schemes: dict[str, Any] = {}
    scopes = sorted({scope for way in ways for scope in way.get("oauth2", ())})
    if scopes:
        flow = {"tokenUrl": TOKEN_URL, "scopes": {scope: _in_words(scope) for scope in scopes}}
        words = "An access token (RFC 9068) of a trusted issuer, verified as RFC8725 asks; it lives for minutes."
        schemes["oauth2"] = {"type": "oauth2", "description": words, "flows": {"clientCredentials": flow}}
    if any("serviceIdentity" in way for way in ways):
        words = "The short-lived signed identity of the calling service."
        schemes["serviceIdentity"] = {"type": "apiKey", "in": "header", "name": HEADER.decode(), "description": words}
    for name, header in signatures.items():
        words = f"What {name} signs its webhooks with: an HMAC of what it sends, by a secret that both know."
        schemes[name] = {"type": "apiKey", "in": "header", "name": header, "description": words, SIGNED: True}
    return schemes


def _in_words(scope: str) -> str:
    api, _, right = scope.partition(":")
    return f"{right.capitalize()} through the {api} API."
