"""What calls to a platform tell its quota, by how they end."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from tollway import context
from tollway.http.platforms import PlatformClient
from tollway.problems import Throttled, Unavailable
from tollway.quota import Quota, QuotaSettings, quota
from tollway.sandboxes import Fault, Faults, serve

SETTINGS = QuotaSettings(concurrency=1, failures_in_a_row=2, longest_wait_seconds=1)


async def _answers(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
async def platform():
    """A platform and a client of it that waits half a second for an answer."""
    faults = Faults(_answers, lambda status: (status, {}, b""))
    async with serve(faults) as address:
        faults.client = PlatformClient("NetSuite", address.url, timeout=0.5, quota=Quota("books", "NetSuite", SETTINGS))
        yield faults
        await faults.client.close()
        await faults.client.quota.close()


@asynccontextmanager
async def within(seconds):
    """Call with so much time left."""
    token = context.enter(msgspec.structs.replace(context.new_context(), deadline=time.monotonic() + seconds))
    try:
        yield
    finally:
        context.leave(token)


@pytest.mark.parametrize(
    "fault", [Fault(kind="error", status=502), Fault(kind="lost_before"), Fault(kind="lost_after")]
)
async def test_failures_of_the_platform_open_the_circuit(platform, fault):
    """A 5xx and a lost answer are the platform's own failures: after some in a row it is not asked any more."""
    platform.set(fault)
    for _ in range(2):
        with suppress(Unavailable):  # a 5xx is the adapter's to read
            await platform.client.send("GET", "/things")
    with pytest.raises(Unavailable, match="left alone"):
        await platform.client.send("GET", "/things")
    assert platform.calls["GET /things"] == 2


async def test_nobody_there_opens_the_circuit():
    """An address that nobody listens at is a failure as well."""
    client = PlatformClient("NetSuite", "http://127.0.0.1:9", quota=Quota("books", "NetSuite", SETTINGS))
    for words in ("cannot be reached", "cannot be reached", "left alone"):
        with pytest.raises(Unavailable, match=words):
            await client.send("POST", "/things")
    await client.close()


async def test_refusals_are_answers(platform):
    """A platform that says no is well: 4xx open no circuit."""
    platform.set(Fault(kind="error", status=422))
    for _ in range(5):
        assert (await platform.client.send("POST", "/things")).status_code == 422


async def test_a_callers_haste_is_no_failure_of_the_platform(platform, monkeypatch):
    """Calls that were given much less than the platform's time say nothing of it."""
    monkeypatch.setattr(quota, "LINGER_SECONDS", 0.01)
    platform.set(Fault(kind="delay", delay_ms=150))
    for _ in range(3):
        async with within(0.05):
            with pytest.raises(Unavailable):
                await platform.client.send("GET", "/things")
        await asyncio.sleep(0.05)
    assert (await platform.client.send("GET", "/things")).status_code == 200


async def test_a_call_that_nobody_waits_for_keeps_its_place(platform, monkeypatch):
    """The platform may still be at a call that was given up, so that it counts as under way for a while."""
    monkeypatch.setattr(quota, "LINGER_SECONDS", 0.6)
    platform.set(Fault(kind="delay", delay_ms=400, times=1))
    task = asyncio.create_task(platform.client.send("GET", "/things"))
    while not platform.running:  # noqa: ASYNC110 - the platform is counting, not we
        await asyncio.sleep(0.01)
    task.cancel()
    async with within(0.2):
        with pytest.raises(Throttled):
            await platform.client.send("GET", "/things")
    await platform.client.send("GET", "/things")
    assert platform.peak == 1
