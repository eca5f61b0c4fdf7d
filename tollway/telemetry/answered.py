"""What is told of a request once it has been answered; the access log and the spans are written of it elsewhere."""

import msgspec

from tollway.context import RequestContext

MOST_PATH = 2048
"""Characters of a path that are told, since many requests wait for being written."""


class Answered(msgspec.Struct, gc=False):
    """One answered request.

    It holds what is there anyway: whatever has to be made of that costs the request nothing where it is told of.
    """

    began: float
    """In seconds since 1970."""
    seconds: float
    ids: RequestContext
    product: str
    """Empty for what reached none."""
    method: str
    path: str
    """As it was sent on, without the query: that may hold what nobody should read in a log."""
    status: int
    operation: str = ""
    """Empty when the contract has no such path or method."""
    route: str = ""
    """The path in the contract."""
    client: str = ""
    """The OAuth client; empty for a caller without a token."""
    address: str = ""
    problem: str = ""
    """The kind of problem that it was answered with; empty when a service answered."""
    request_bytes: int | None = None
    """Of the body; None where nobody read it."""
    response_bytes: int | None = None
    """Of the body; None where nobody knows, as of one that is passed on as it comes."""
    scheme: str = ""
    traceparent: bytes = b""
    """The caller's, whether or not its trace was taken over."""
    host: bytes = b""
    agent: bytes = b""
