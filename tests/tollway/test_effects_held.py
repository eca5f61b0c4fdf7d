"""One effect, several workers: one of them sends, whoever was taken over changes nothing, on either database."""

import asyncio
import json
import sys

import msgspec
import pytest
from sqlalchemy import select, update

from tollway.effects import Effects, Outcome
from tollway.effects.lease import HeldEffects, Lease
from tollway.effects.ledger import Claim, Ledger, intent_of
from tollway.effects.record import Changed
from tollway.problems import Rejected, Throttled, UnknownOutcome
from tollway.storage import open_database
from tollway.storage.tables import effects as table

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
IDENTITY = "invoice:PRJ-7-001"
WANTED = {"amount": "10.00"}
CRASHING = """
import asyncio, os, sys
from pathlib import Path
from tollway.effects import Effects
from tollway.storage import open_database

moment, folder, url, platform = sys.argv[1:]

async def send():
    if moment == "after":
        with Path(platform).open("a") as kept:
            kept.write("1")
    os._exit(9)

async def find():
    return None

async def main():
    effects = Effects(await open_database(Path(folder), url), [0.0], lease_seconds=1)
    await effects.apply("invoice:PRJ-7-001", {"amount": "10.00"}, send, find, str)

asyncio.run(main())
"""


class Thing(msgspec.Struct):
    """What a platform answers."""

    id: str


class Platform:
    """A platform without any dedup of its own: whatever is sent makes one more."""

    def __init__(self) -> None:
        self.made: list[Thing] = []
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.given_up = asyncio.Event()

    async def send(self) -> Thing:
        self.asked.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        self.made.append(Thing(str(len(self.made) + 1)))
        return self.made[-1]

    async def find(self) -> Thing | None:
        return self.made[0] if self.made else None


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def elsewhere(tmp_path, storage_url, database):
    """The database as another worker has opened it."""
    opened = await open_database(tmp_path, storage_url)
    yield opened
    await opened.close()


@pytest.fixture
def worker(database):
    """Makes the effects of a worker, in a hurry."""
    return lambda at=database, lease=10.0: Effects(at, [0.0, 0.0], lease_seconds=lease)


@pytest.fixture
def change(database):
    """Changes the effect's record behind everybody's back."""

    async def changed(**values) -> None:
        async with database.transaction() as connection:
            await connection.execute(update(table).values(values))

    return changed


@pytest.fixture
def record(database):
    """Reads what is recorded of the effect."""

    async def read():
        async with database.transaction() as connection:
            return (await connection.execute(select(table).where(table.c.identity == IDENTITY))).one()

    return read


def applied(effects: Effects, platform: Platform) -> asyncio.Task:
    return asyncio.create_task(effects.apply(IDENTITY, WANTED, platform.send, platform.find, Thing))


async def test_two_workers_at_once_send_once(worker, elsewhere, platform):
    """Of many that want the same effect at once, in two workers, one sends and all get its answer."""
    here, there = worker(), worker(elsewhere)
    assert await asyncio.gather(*(applied(one, platform) for one in [here, there] * 5)) == [Thing("1")] * 10
    assert len(platform.made) == 1


async def test_a_worker_that_takes_long_keeps_its_effect(worker, elsewhere, platform, record):
    """The lease of a worker that is there is renewed; another is told when to come back, and sends nothing."""
    lease, patience = 2.0, 1.2
    platform.open.clear()
    first = applied(worker(lease=lease), platform)
    await platform.asked.wait()
    for _ in range(2):
        with pytest.raises(Throttled, match="Another worker") as refused:
            await applied(worker(elsewhere, patience), platform)
        assert 0 < refused.value.retry_after <= lease
    platform.open.set()
    assert await first == Thing("1")
    assert await applied(worker(elsewhere), platform) == Thing("1")
    settled = await record()
    assert (len(platform.made), settled.holder, settled.held_until) == (1, None, None)


async def test_a_zombies_late_answer_changes_nothing(worker, elsewhere, platform, record, change):
    """Who was taken over while it sent settles nothing, gets what was settled since, and its answer is noted."""
    newer = []

    async def held_up() -> Thing:
        await change(held_until=0.0)
        newer.append(await applied(worker(elsewhere), platform))
        return await platform.send()

    late = await worker().apply(IDENTITY, WANTED, held_up, platform.find, Thing)
    settled = await record()
    assert newer == [late] == [Thing("1")]
    assert (settled.outcome, json.loads(settled.result)) == (Outcome.APPLIED, {"id": "1"})
    assert settled.reason == 'A worker that had been taken over was answered: {"id":"2"}'


async def test_a_zombie_whose_platform_dedups_is_not_worth_a_word(worker, elsewhere, platform, record, change):
    """When the platform answered both workers alike, it holds one, and nothing is doubtful."""

    async def held_up() -> Thing:
        await change(held_until=0.0)
        return await applied(worker(elsewhere), platform)

    assert await worker().apply(IDENTITY, WANTED, held_up, platform.find, Thing) == Thing("1")
    assert (await record()).reason is None


async def test_who_takes_over_reads_back_first(worker, elsewhere, platform, change):
    """What the worker before had sent is found at the platform, and not sent again."""

    async def held_up() -> Thing:
        await platform.send()
        await change(held_until=0.0)
        return await applied(worker(elsewhere), platform)

    assert await worker().apply(IDENTITY, WANTED, held_up, platform.find, Thing) == Thing("1")
    assert len(platform.made) == 1


async def test_a_worker_that_cannot_renew_lets_go_of_its_call(worker, platform, change, record):
    """When its lease ends unrenewed, a worker breaks the call off, so that it does not go on beside the next one."""
    platform.open.clear()
    task = applied(worker(lease=0.3), platform)
    await platform.asked.wait()
    await change(holder="another", held_until=0.0)
    await platform.given_up.wait()
    platform.open.set()
    assert await task == Thing("1")
    assert (len(platform.made), (await record()).outcome) == (1, Outcome.APPLIED)


async def test_of_many_effects_only_the_lost_one_is_let_go(database):
    """Leases are renewed together; a call whose effect another took over is broken off, and the others go on."""
    ledger, seconds = Ledger(database, 2.0, ()), 2.0
    leases, all_begun, going_on = HeldEffects(ledger, seconds), asyncio.Barrier(6), asyncio.Event()

    async def sent() -> bool:
        await all_begun.wait()
        return await going_on.wait()

    async def held(number: int) -> str:
        claimed_at = asyncio.get_running_loop().time()
        claim = await ledger.claim(intent_of(f"{IDENTITY}-{number}", WANTED), Changed.REFUSED)
        async with leases.holding(claim, claimed_at) as lease:
            return await lease.within(sent) and "sent"

    calls = [asyncio.create_task(held(number)) for number in range(5)]
    await all_begun.wait()
    async with database.transaction() as connection:
        lost = update(table).where(table.c.identity == f"{IDENTITY}-3")
        await connection.execute(lost.values(holder="another"))
    with pytest.raises(UnknownOutcome, match="cut off"):
        await calls.pop(3)
    await asyncio.sleep(seconds)
    going_on.set()
    assert await asyncio.gather(*calls) == ["sent"] * 4


@pytest.mark.usefixtures("database")
async def test_a_worker_that_was_held_up_does_not_send(platform):
    """Who comes to send only when its lease is over sends nothing any more."""
    claim = Claim(intent_of(IDENTITY, WANTED), "holder")
    lease = Lease(claim, asyncio.get_running_loop().time() - 0.1)
    with pytest.raises(Throttled, match="held up"):
        await lease.within(platform.send)
    assert not platform.asked.is_set()


async def test_a_cancelled_call_is_in_doubt_but_held_by_nobody(worker, platform, record):
    """A worker that is stopped leaves its effect to others at once, who read back before they send."""
    platform.open.clear()
    task = applied(worker(), platform)
    await platform.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ((await record()).outcome, (await record()).holder) == (Outcome.INTENDED, None)
    platform.made.append(Thing("1"))
    assert await applied(worker(), platform) == Thing("1")
    assert (await record()).outcome == Outcome.ALREADY_APPLIED


async def test_a_refusal_of_a_duplicate_is_looked_into(database, record):
    """When what was lost arrives after all and the second sending is refused for it, it is there and no refusal."""
    lost, there = [UnknownOutcome("No answer.")], []

    async def send() -> Thing:
        if lost:
            raise lost.pop()
        there.append(Thing("1"))
        raise Rejected("There is one with this number.")

    async def find() -> Thing | None:
        return there[0] if there else None

    assert await Effects(database, [0.0]).apply(IDENTITY, WANTED, send, find, Thing) == Thing("1")
    assert (await record()).outcome == Outcome.ALREADY_APPLIED


@pytest.mark.parametrize(("moment", "sent"), [("before", 1), ("after", 0)])
async def test_a_worker_that_dies_leaves_its_effect_to_the_next(
    worker, platform, record, tmp_path, storage_url, moment, sent
):
    """After a death before or after the platform did it, the next waits for the lease, reads back, and there is one."""
    kept = tmp_path / "platform"
    kept.touch()
    command = (sys.executable, "-c", CRASHING, moment, tmp_path, storage_url, kept)
    dead = await asyncio.create_subprocess_exec(*command)
    assert await dead.wait() == 9
    left = await record()
    assert (left.outcome, len(left.holder)) == (Outcome.INTENDED, 32)
    platform.made = [Thing(one) for one in kept.read_text()]
    already = len(platform.made)
    assert await applied(worker(lease=2), platform) == Thing("1")
    assert (len(platform.made), len(platform.made) - already) == (1, sent)
