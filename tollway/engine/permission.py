"""Whether this worker may still begin something: not when it is told to stop, nor when it was given up for dead."""

import contextvars
from collections.abc import Awaitable, Callable

permission: contextvars.ContextVar[Callable[[], Awaitable[None]] | None] = contextvars.ContextVar(
    "permission", default=None
)
"""Who is asked before each step of the process that is running; none outside of one."""


async def go_ahead() -> None:
    """Raise CancelledError, which leaves the process unfinished for others, when nothing may be begun any more."""
    if ask := permission.get():
        await ask()
