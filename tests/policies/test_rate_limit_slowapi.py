"""The rate limit policy judged by slowapi: the same limit strings, the same requests at the same times."""

import random
import threading
import types

import httpx
import limits.storage.memory
import pytest
import slowapi.extension
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from policies.rate_limit import RateLimit
from tollway.problems import QuotaExceeded

STRINGS = (
    "5/minute",
    "3/second;20/minute",
    "20/minute;3/second",
    "10 per 5 seconds, 4/second, 60/hour",
    "1/day",
    "2/month;1/hour",
    "7 per 2 minutes;5/minute",
)
GAPS = (0.0, 0.0, 0.0, 0.1, 0.4, 0.5, 1.0, 1.1, 4.9, 5.0, 30.0, 59.9, 60.0, 3600.0)


@pytest.fixture
async def make_slowapi(clock, monkeypatch):
    """Makes clients of an application that slowapi limits, at the time of the test's clock."""
    stood = types.SimpleNamespace(time=clock)
    monkeypatch.setattr(limits.storage.memory, "time", stood)
    # Its storage also forgets windows in a thread, which may drop one that begins at the moment the last one ended.
    never = types.SimpleNamespace(start=lambda: None, is_alive=lambda: True)
    unhurried = types.SimpleNamespace(Timer=lambda _seconds, _work: never, RLock=threading.RLock)
    monkeypatch.setattr(limits.storage.memory, "threading", unhurried)
    monkeypatch.setattr(slowapi.extension, "time", stood)

    def make(text: str) -> httpx.AsyncClient:
        limiter = Limiter(key_func=lambda: "shop", headers_enabled=True)

        @limiter.limit(text)
        def answer(request, response=None):
            return PlainTextResponse("reached")

        app = Starlette(
            routes=[Route("/", answer)], exception_handlers={RateLimitExceeded: _rate_limit_exceeded_handler}
        )
        app.state.limiter = limiter
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://slowapi")

    return make


@pytest.mark.parametrize("text", STRINGS)
@pytest.mark.parametrize("seed", range(4))
async def test_slowapi_decides_alike(
    text, seed, make_slowapi, make_request, following, resources, caller, clock
) -> None:
    """Over 300 requests at odd times, each is admitted or refused by the same window, with the same headers."""
    chosen = random.Random(seed)  # noqa: S311 - the same each time
    handler = RateLimit(limits=text).wrap(following, resources)
    outcomes = set()
    async with make_slowapi(text) as judge:
        for _ in range(300):
            clock.now += chosen.choice(GAPS)
            theirs, request = await judge.get("/"), make_request(caller=caller())
            try:
                status, wait = (await handler(request)).status, 0.0
            except QuotaExceeded as error:
                status, wait = error.status, error.retry_after or 0.0
            ours = {name.decode(): value.decode() for name, value in request.answer_headers}
            assert status == theirs.status_code
            assert ours["x-ratelimit-limit"] == theirs.headers["x-ratelimit-limit"]
            assert ours["x-ratelimit-remaining"] == theirs.headers["x-ratelimit-remaining"]
            assert int(ours["x-ratelimit-reset"]) == int(float(theirs.headers["x-ratelimit-reset"]))
            if status == 429:  # slowapi rounds up to a second too many
                assert wait >= int(theirs.headers["retry-after"]) - 1
            outcomes.add(status)
    assert outcomes == {200, 429}
