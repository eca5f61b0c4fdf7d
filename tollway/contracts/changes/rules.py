"""Which changes of a published contract break those who call by it; what they are called follows oasdiff's checks."""

from typing import Literal

import msgspec

Side = Literal["request", "response"]


class Change(msgspec.Struct, frozen=True, order=True):
    """A breaking change."""

    where: str
    """The place in the document, as a JSON pointer behind `#`."""
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.where}: {RULES[self.rule]} ({self.rule}): {self.detail}"


RULES = {
    "api-removed": "a published version is gone without having been deprecated",
    "major-mismatch": "the document's version is not of the major that its file names",
    "operation-removed": "an operation is gone",
    "operation-id-changed": "an operation has another id, by which generated clients and links call it",
    "path-parameter-renamed": "a path parameter has another name",
    "server-removed": "a server is gone",
    "security-changed": "what let callers in does no longer",
    "security-scheme-changed": "a way to show who one is has changed",
    "scope-removed": "a scope can no longer be asked for",
    "request-parameter-removed": "a parameter is no longer taken",
    "request-parameter-required-added": "a parameter must be given that was not there",
    "request-parameter-became-required": "a parameter must be given that could be left out",
    "request-parameter-serialization-changed": "a parameter is written in another way",
    "request-body-removed": "a body is no longer taken",
    "request-body-became-required": "a body must be given that could be left out",
    "request-media-type-removed": "a content type is no longer taken",
    "request-type-narrowed": "a value of another type is asked for",
    "request-enum-value-removed": "a value is no longer taken",
    "request-became-not-nullable": "null is no longer taken",
    "request-alternative-removed": "one of several forms is no longer taken",
    "request-limit-narrowed": "less is taken than was",
    "request-pattern-changed": "values must fit an expression that they did not have to",
    "request-format-changed": "values must be of a format that they did not have to",
    "request-property-removed": "a field is no longer taken",
    "request-property-became-required": "a field must be given that could be left out",
    "request-required-property-added": "a field must be given that was not there",
    "request-additional-properties-closed": "fields that the contract does not name are no longer taken",
    "request-default-changed": "what is not given means something else",
    "request-keyword-changed": "a part of the schema that only a person can judge has changed",
    "response-status-removed": "a status is no longer answered",
    "response-media-type-removed": "a content type is no longer answered",
    "response-header-removed": "a header is no longer answered",
    "response-header-became-optional": "a header may be missing that was always there",
    "response-type-widened": "a value of another type may be answered",
    "response-enum-value-added": "a value may be answered that callers do not know",
    "response-became-nullable": "null may be answered",
    "response-alternative-added": "a form may be answered that callers do not know",
    "response-limit-widened": "more may be answered than could",
    "response-pattern-changed": "values need no longer fit an expression that they did",
    "response-format-changed": "values need no longer be of the format that they were",
    "response-property-removed": "a field is no longer answered",
    "response-property-became-optional": "a field may be missing that was always there",
    "response-additional-properties-opened": "fields may be answered that the contract does not name",
    "response-keyword-changed": "a part of the schema that only a person can judge has changed",
}
"""What each rule means. Every one is an error: within a major version nothing of this may happen."""

_OF_SCHEMAS: dict[str, tuple[str, str | None]] = {
    "type": ("request-type-narrowed", "response-type-widened"),
    "enum": ("request-enum-value-removed", "response-enum-value-added"),
    "null": ("request-became-not-nullable", "response-became-nullable"),
    "alternative": ("request-alternative-removed", "response-alternative-added"),
    "limit": ("request-limit-narrowed", "response-limit-widened"),
    "pattern": ("request-pattern-changed", "response-pattern-changed"),
    "format": ("request-format-changed", "response-format-changed"),
    "removed": ("request-property-removed", "response-property-removed"),
    "required": ("request-property-became-required", "response-property-became-optional"),
    "required-added": ("request-required-property-added", "response-property-removed"),
    "closed": ("request-additional-properties-closed", "response-additional-properties-opened"),
    "default": ("request-default-changed", None),  # callers read what is answered, not what is left out
    "keyword": ("request-keyword-changed", "response-keyword-changed"),
}


def of_schema(kind: str, side: Side) -> str | None:
    """The rule for a schema that takes less (of requests) or more (of responses); None when that breaks nobody."""
    return _OF_SCHEMAS[kind][side == "response"]
