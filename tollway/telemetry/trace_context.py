"""What a caller's headers say of its correlation id and, by W3C Trace Context, of the trace the request belongs to."""

import re

CORRELATION_ID = re.compile(rb"[A-Za-z0-9_\-.:]{1,100}")
"""A correlation id that a caller may choose: one that forges no line of a log."""
PARENT = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.DOTALL
)
"""A `traceparent` that is one: version 00, or a later one, of which more may follow; no id of zeros alone."""
_MEMBER = re.compile(
    r"[a-z0-9][a-z0-9_*/-]{0,240}(?:@[a-z][a-z0-9_*/-]{0,13})?=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MOST_MEMBERS = 32
_MOST_CHARACTERS = 512


def is_sampled(parent: bytes) -> bool:
    """Whether the caller, whose `traceparent` is one, records the trace."""
    return int(parent[53:55], 16) & 1 == 1


def tracestate(given: bytes) -> str:
    """What vendors noted along the trace, as far as it has to be passed on; empty when it is not well formed."""
    members = [member for part in given.decode("latin-1").split(",") if (member := part.strip(" \t"))]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _MOST_MEMBERS or len(keys) < len(members):
        return ""
    if not all(_MEMBER.fullmatch(member) for member in members):
        return ""
    while len(state := ",".join(members)) > _MOST_CHARACTERS:
        members.pop()
    return state


def threshold(ratio: float) -> str:
    """What a trace id's last 14 digits must not be below to be among the `ratio` of all that is recorded.

    It is OpenTelemetry's consistent sampling: who samples more records all that others with the same rule record.
    """
    return f"{round((1 - ratio) * 2**56):014x}" if ratio > 0 else "g"
