"""Several workers and one platform account: what the platform itself sees of their calls."""

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import structlog
from msgspec.structs import replace
from valkey import Valkey

from tollway.limits.connection import SharedRates
from tollway.problems import Throttled
from tollway.quota import Quota, QuotaSettings, shared
from tollway.quota.book import Exchange, Ticket
from tollway.quota.shared import SharedBook
from tollway.sandboxes import Fault, Faults, serve
from tollway.settings import RedisSettings

WORKER = Path(__file__).with_name("quota_worker.py")
SETTINGS = QuotaSettings(concurrency=6, longest_wait_seconds=0.5)


async def _answers(_scope, _receive, send):
    await asyncio.sleep(0.02)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
async def account():
    """An account that counts the calls that it has at once."""
    faults = Faults(_answers, lambda status: (status, {}, b""))
    async with serve(faults) as address:
        faults.url = address.url
        yield faults


@asynccontextmanager
async def worker(account, redis_url, calls, most=6, priority="normal"):
    """A worker, killed when the block ends unless it has ended."""
    arguments = (account.url, redis_url, str(calls), str(most), priority)
    process = await asyncio.create_subprocess_exec(
        sys.executable, WORKER, *arguments, stdout=asyncio.subprocess.PIPE, env={}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def shared_rates(redis_settings):
    """The connection of this process to the Redis that the workers share."""
    rates = SharedRates(redis_settings)
    yield rates
    await rates.close()


async def test_all_workers_together_keep_to_the_account(account, redis_url):
    """Two processes that would make 120 calls at once are never seen to make more than six, and use all six."""
    async with worker(account, redis_url, 60) as first, worker(account, redis_url, 60, priority="backfill") as second:
        said = await asyncio.gather(first.communicate(), second.communicate())
    assert [out for out, _ in said] == [b"refused 0"] * 2
    async with httpx.AsyncClient() as http:
        told = (await http.get(f"{account.url}/__sandbox__/concurrency")).json()
    assert told == {"running": 0, "peak": 6}
    assert account.calls["GET /something"] == 120


async def test_the_calls_of_a_killed_worker_come_free(account, redis_url, shared_rates):
    """What a killed worker had under way counts until its lease ends, and then others have its place."""
    account.set(Fault(kind="delay", delay_ms=60_000))
    mine = SharedBook("books", SETTINGS, shared_rates)
    async with worker(account, redis_url, 6) as process:
        while account.running < 6:  # noqa: ASYNC110 - the account is counting, not we
            await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
    wanting = Exchange(running=0, tickets=[Ticket("a", 0, 0)])
    assert not (await mine.exchange(wanting)).granted
    Valkey.from_url(redis_url).pexpire("tollway:quota:{books}:running", 300)  # the lease, but for its last moments
    await asyncio.sleep(0.4)
    assert len((await mine.exchange(wanting)).granted) == 1


async def test_a_lease_ends_by_itself(shared_rates, monkeypatch):
    """Calls of a worker that is not heard of any more count no longer than its lease, while others go on."""
    monkeypatch.setattr(shared, "LEASE_SECONDS", 0.5)
    dead, alive = (SharedBook("books", SETTINGS, shared_rates) for _ in range(2))
    await dead.exchange(Exchange(running=6))
    for _ in range(3):
        assert not (await alive.exchange(Exchange(running=0, tickets=[Ticket("a", 0, 0)]))).granted
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.3)
    assert (await alive.exchange(Exchange(running=0, tickets=[Ticket("a", 0, 0)]))).granted


async def test_a_ticket_of_a_dead_worker_holds_nobody_up_for_long(shared_rates, monkeypatch):
    """A better ticket that nobody asks for any more loses its place."""
    monkeypatch.setattr(shared, "STALE_SECONDS", 0.3)
    dead, alive = (SharedBook("books", QuotaSettings(concurrency=1), shared_rates) for _ in range(2))
    await alive.exchange(Exchange(running=1))
    await dead.exchange(Exchange(running=0, tickets=[Ticket("dead", 60, 0)]))
    assert not (await alive.exchange(Exchange(running=0, tickets=[Ticket("alive", 0, 0)]))).granted
    await asyncio.sleep(0.35)
    assert (await alive.exchange(Exchange(running=0, tickets=[Ticket("alive", 0, 0)]))).granted


async def test_the_urgent_of_one_worker_go_before_the_patient_of_another(shared_rates):
    """The order of waiting calls is that of all workers together."""
    first, second = (SharedBook("books", QuotaSettings(concurrency=1), shared_rates) for _ in range(2))
    await first.exchange(Exchange(running=1))
    await first.exchange(Exchange(running=1, tickets=[Ticket("backfill", 0, 15)]))
    await second.exchange(Exchange(running=0, tickets=[Ticket("invoice", 0, 5)]))
    assert not (await first.exchange(Exchange(running=0, tickets=[Ticket("backfill", 0, 15)]))).granted
    assert (await second.exchange(Exchange(running=0, tickets=[Ticket("invoice", 0, 5)]))).granted


async def test_an_errand_that_was_overtaken_changes_nothing(shared_rates):
    """What a worker said before, and Redis hears after, does not free what the worker has under way now."""
    book, other = (SharedBook("books", SETTINGS, shared_rates) for _ in range(2))
    turns = book._turns
    book._turns = iter([7])
    await book.exchange(Exchange(running=6))
    book._turns = turns
    assert not (await book.exchange(Exchange(running=0, tickets=[Ticket("late", 0, 0)]))).granted
    assert (await other.exchange(Exchange(running=0))).running == 6


async def test_without_redis_a_worker_keeps_to_its_share(shared_rates, redis_url):
    """While Redis is away each worker keeps to its part of the calls, says so, and shares again when it is back."""
    most = 0

    async def peak(quota):
        nonlocal most
        running = most = 0

        async def counted():
            nonlocal running, most
            async with quota.turn():
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.02)
                running -= 1

        await asyncio.gather(*(counted() for _ in range(12)))
        return most

    settings = replace(SETTINGS, longest_wait_seconds=10)
    shared_rates._timeout = 2  # an errand that is under way when Redis stops is waited for so long
    for _ in range(2):
        await SharedBook("books", settings, shared_rates).exchange(Exchange(running=0))
    quota = Quota("books", "NetSuite", settings, SharedBook("books", settings, shared_rates))
    assert await peak(quota) == 6
    Valkey.from_url(redis_url).execute_command("CLIENT", "PAUSE", 4000, "ALL")
    shared_rates._timeout = 0.1
    with structlog.testing.capture_logs() as logs:
        assert await peak(quota) == 2
        assert [line["event"] for line in logs if "quota" in line["event"]] == ["quota counted by this worker alone"]
        await asyncio.sleep(5.2)
        shared_rates._timeout = 20
        assert await peak(quota) == 6
    assert [line["event"] for line in logs if "quota" in line["event"]][1:] == ["quota counted by all workers again"]
    await quota.close()


async def test_a_worker_that_never_heard_of_others_makes_one_call_at_a_time():
    """Without ever having reached Redis nobody knows how many share the account, so the share is the least there is."""
    nowhere = SharedRates(RedisSettings(url="redis://127.0.0.1:9"))
    quota = Quota("books", "NetSuite", SETTINGS, SharedBook("books", SETTINGS, nowhere))
    async with quota.turn():
        with pytest.raises(Throttled):
            async with quota.turn():
                raise AssertionError("two at once")
    await quota.close()
    await nowhere.close()
