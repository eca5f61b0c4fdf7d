"""What an error looks like to whoever gets it: an RFC 9457 problem document."""

from typing import Annotated

import msgspec

from tollway.canonical.record import FreeText, LongText, Many

TYPE_BASE = "urn:tollway:problem:"


class Violation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with the input."""

    pointer: LongText
    """JSON pointer (RFC 6901) to the offending value; empty for the whole document."""
    message: LongText


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An RFC 9457 problem document."""

    type: FreeText
    """A stable URN that names the kind of problem."""
    title: FreeText
    status: Annotated[int, msgspec.Meta(ge=100, le=599, extra_json_schema={"format": "int32"})]
    detail: LongText = ""
    """What happened and what the caller can do, in the caller's words."""
    instance: LongText = ""
    correlation_id: FreeText = ""
    """The id to quote to support; every log line and platform call of this request carries it."""
    violations: Many[Violation] = []
    category: FreeText = ""
    """The case category of a business refusal."""
    retry_after: float | None = None
    """Seconds after which the same request may succeed."""
    case_id: FreeText = ""
    """The exception case that holds the parked work."""
