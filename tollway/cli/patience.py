"""How whoever calls the gateway or a platform comes again when it is asked to."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from tollway.problems import Throttled

T = TypeVar("T")
_TRIES = 10
_LONGEST = 5.0
"""Seconds between two tries."""
_PATIENCE = 60.0
"""Seconds for which somebody tries what a platform is too busy for."""
_COME_AGAIN = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


async def repeated(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer, once gateway and plan have room for it; of several refusals the last."""
    for _ in range(_TRIES):
        response = await send()
        if response.status_code not in _COME_AGAIN or "retry-after" not in response.headers:
            break
        await asyncio.sleep(min(float(response.headers["retry-after"]), _LONGEST))
    return response


async def in_turn(do: Callable[[], Awaitable[T]]) -> T:
    """What `do` answers, done again while others keep the platform too busy for it, which changes nothing."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return await do()
        except Throttled as busy:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(min(busy.retry_after or _LONGEST, _LONGEST))
