"""How whoever calls the gateway comes again when it is asked to."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

_TRIES = 10
_LONGEST = 5.0
"""Seconds between two tries."""
_COME_AGAIN = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


async def repeated(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """The answer, once gateway and plan have room for it; of several refusals the last."""
    for _ in range(_TRIES):
        response = await send()
        if response.status_code not in _COME_AGAIN or "retry-after" not in response.headers:
            break
        await asyncio.sleep(min(float(response.headers["retry-after"]), _LONGEST))
    return response
