"""Waiting for what another part of the same connection brings about."""

import asyncio


def wake(waiter: "asyncio.Future[None] | None") -> None:
    """Have whoever waits go on, if anybody does and has not been told yet."""
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
