"""What travels with a request through every layer: correlation id, trace, caller and deadline."""

import contextvars
import enum
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec


class Priority(enum.StrEnum):
    """Whose call goes first to a platform that takes only so many; the most urgent stands first."""

    INTERACTIVE = "interactive"
    """Somebody sits and waits for the answer."""
    INVOICE = "invoice"
    """Money waits for it."""
    NORMAL = "normal"
    BACKFILL = "backfill"
    """It may take all night."""


class RequestContext(msgspec.Struct, frozen=True, gc=False):
    """The part of a request that every call made for it carries on."""

    correlation_id: str
    traceparent: str
    """W3C trace context: `00-<trace id>-<span id>-<flags>`."""
    subject: str = ""
    """The client or user on whose behalf this happens."""
    process_id: str = ""
    """The durable process that is running; empty outside of one."""
    deadline: float | None = None
    """`time.monotonic()` after which nobody waits for the answer any more."""
    tracestate: str = ""
    """W3C trace context: what vendors noted along the trace."""
    priority: Priority = Priority.NORMAL
    """How urgent it is."""
    scopes: frozenset[str] = frozenset()
    """What the access token of the client or user grants; none where nobody outside asked."""
    request_key: str = ""
    """What the caller's idempotency key is kept by; empty where it sent none, and within a durable process."""

    def remaining(self, longest: float) -> float:
        """Seconds to wait for a call that may take `longest` seconds by itself."""
        if self.deadline is None:
            return longest
        return max(0.0, min(longest, self.deadline - time.monotonic()))


_random = random.Random(os.urandom(32))  # noqa: S311 - ids are to be unique, not secret; a system call costs more
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def random_digits(count: int) -> str:
    """So many hexadecimal digits, an even number, that nobody has used."""
    return _random.randbytes(count // 2).hex()


def new_correlation_id() -> str:
    """A correlation id that nobody has used."""
    return random_digits(24)


def new_traceparent() -> str:
    """A W3C trace parent that starts a trace."""
    digits = random_digits(48)
    return f"00-{digits[:32]}-{digits[32:]}-01"


def new_context(correlation_id: str = "", traceparent: str = "", subject: str = "") -> RequestContext:
    """A context that starts here, with ids of its own where none are given."""
    return RequestContext(
        correlation_id=correlation_id or new_correlation_id(),
        traceparent=traceparent or new_traceparent(),
        subject=subject,
    )


_current: contextvars.ContextVar[RequestContext | None] = contextvars.ContextVar("tollway_request", default=None)


def current() -> RequestContext:
    """The context of the request being served; a new one outside of any."""
    return entered() or new_context()


def entered() -> RequestContext | None:
    """The context of the request being served; None outside of any."""
    return _current.get()


def enter(context: RequestContext) -> contextvars.Token[RequestContext | None]:
    """Make this the current context until `leave`."""
    return _current.set(context)


def leave(token: contextvars.Token[RequestContext | None]) -> None:
    """Go back to the context before `enter`."""
    _current.reset(token)


@contextmanager
def prioritised(priority: Priority) -> Iterator[None]:
    """Do what is inside with this priority, and what it calls too."""
    token = enter(msgspec.structs.replace(current(), priority=priority))
    try:
        yield
    finally:
        leave(token)


def fresh(context: RequestContext) -> contextvars.Context:
    """An execution context that carries this request and nothing else of the caller."""
    empty = contextvars.Context()
    empty.run(_current.set, context)
    return empty
