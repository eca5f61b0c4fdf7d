"""What is told of a request once it has been answered; the access log and the spans are written of it elsewhere."""

import msgspec


class Record(msgspec.Struct, tag_field="event", tag="request", omit_defaults=True, gc=False):
    """One answered request, as the access log has it."""

    timestamp: float | str
    """When it came, in seconds since 1970 until it is written in the form of ISO 8601."""
    correlation_id: str
    trace_id: str
    product: str
    method: str
    path: str
    """As it was sent on, without the query: that may hold what nobody should read in a log."""
    status: int
    duration_us: int
    operation: str = ""
    """Empty when the contract has no such path or method."""
    client: str = ""
    """The OAuth client; empty for a caller without a token."""
    address: str = ""
    problem: str = ""
    """The kind of problem that it was answered with; empty when a service answered."""
    request_bytes: int | None = None
    """Of the body; None where nobody read it."""
    response_bytes: int | None = None
    """Of the body; None where nobody knows, as of one that is passed on as it comes."""


class Span(msgspec.Struct, gc=False):
    """What a span tells beyond the record."""

    record: Record
    started: float
    """In seconds since 1970."""
    seconds: float
    span_id: str
    parent: str
    """The caller's span; empty when the trace starts here."""
    tracestate: str
    scheme: str
    route: str
    """The path in the contract."""
    host: bytes
    agent: bytes
