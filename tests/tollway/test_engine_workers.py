"""Several workers on one PostgreSQL: what one leaves, killed, stopped or told to stop, the others finish."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tollway.engine.workers import Worker, bury_the_dead, living, unburied
from tollway.storage import open_database
from tollway.storage.tables import workers

SCRIPT = Path(__file__).parent / "engine_worker.py"
ROOT = Path(__file__).parents[2]
ORDERS = ("A-1", "A-2", "A-3")


class Yard:
    """Where workers note what they did."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        (folder / "hold").mkdir()

    def notes(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "notes").read_text().splitlines()
        return []

    def hold(self, *orders: str) -> None:
        for order in orders:
            (self.folder / "hold" / order).touch()

    def let_go(self) -> None:
        for held in (self.folder / "hold").iterdir():
            held.unlink()

    @asynccontextmanager
    async def worker(self, name: str, *orders: str):
        command = (sys.executable, SCRIPT, self.url, self.folder, name, *orders)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
        try:
            assert await process.stdout.readline() == b"ready\n"
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            await process.communicate()

    async def until(self, holds, seconds: float) -> float:
        began = time.monotonic()
        while not holds(self.notes()):
            assert time.monotonic() - began < seconds, self.notes()
            await asyncio.sleep(0.05)
        return time.monotonic() - began


@pytest.fixture
def yard(tmp_path, postgres_url) -> Yard:
    return Yard(tmp_path, postgres_url)


def begun(name: str):
    return lambda notes: all(f"{name} began pack {order}" in notes for order in ORDERS)


def shipped(notes: list[str]) -> bool:
    return all(any(note.endswith(f"ended ship {order}") for note in notes) for order in ORDERS)


async def test_what_a_killed_worker_leaves_goes_on_within_ten_seconds(yard):
    """Processes in the middle of a step when their worker is killed are finished by another, recorded steps kept."""
    yard.hold(*ORDERS)
    async with yard.worker("first", *ORDERS) as first:
        await yard.until(begun("first"), 10)
        async with yard.worker("second"):
            first.kill()
            await first.wait()
            yard.let_go()
            await yard.until(shipped, 10)
    notes = yard.notes()
    assert [note for note in notes if note.startswith("second began take")] == []
    assert sorted(note for note in notes if "began ship" in note) == [f"second began ship {order}" for order in ORDERS]


async def test_a_worker_told_to_stop_hands_over_at_once(yard):
    """Told to stop, a worker lets a step end that can, begins no other, exits with 0, and others go on at once."""
    yard.hold("A-2", "A-3")
    async with yard.worker("second"), yard.worker("first", "A-2", "A-3") as first:
        await yard.until(lambda notes: {"first began pack A-2", "first began pack A-3"} <= set(notes), 10)
        first.terminate()
        await asyncio.sleep(0.3)
        (yard.folder / "hold" / "A-2").unlink()
        await yard.until(lambda notes: "first ended pack A-2" in notes, 2)
        assert await asyncio.wait_for(first.wait(), 10) == 0
        yard.let_go()
        done = lambda notes: all(f"second ended ship {order}" in notes for order in ("A-2", "A-3"))  # noqa: E731
        assert await yard.until(done, 4) < 4  # sooner than a lease ends
    notes = yard.notes()
    assert "second began pack A-2" not in notes
    assert "second began pack A-3" in notes
    assert not [note for note in notes if note.startswith("first began ship")]


async def test_a_worker_that_was_given_up_for_dead_takes_nothing_further(yard):
    """Stopped for longer than its lease and continued, a worker begins no step of what others took, and works on."""
    yard.hold(*ORDERS)
    async with yard.worker("zombie", *ORDERS) as zombie:
        await yard.until(begun("zombie"), 10)
        async with yard.worker("second") as second:
            zombie.send_signal(signal.SIGSTOP)
            await yard.until(begun("second"), 10)
            yard.let_go()
            await yard.until(shipped, 5)
            zombie.send_signal(signal.SIGCONT)
            await asyncio.sleep(2.5)
            assert not [note for note in yard.notes() if note.startswith("zombie began ship")]
            database = await open_database(yard.folder, yard.url)
            there = {worker.id.partition("#")[0] for worker in await living(database)}
            await database.close()
            assert there == {"second", "zombie"}
            second.terminate()
            assert await second.wait() == 0


@pytest.mark.parametrize("storage_url", ["postgresql"], indirect=True)
async def test_a_worker_that_stops_in_its_word_can_be_buried(database, storage_url, tmp_path):
    """A worker that stands still right after it said that it is there keeps nobody from giving it up."""
    other = await open_database(tmp_path / "other", storage_url)
    worker = Worker(database, "w-1", "1")
    await worker.begin()
    said, real = [], AsyncConnection.execute

    async def execute(connection, statement, *arguments, **options):
        answer = await real(connection, statement, *arguments, **options)
        if str(statement).startswith("UPDATE workers"):  # it stops here, and others go on
            async with other.transaction() as there:
                await there.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
                await real(there, update(workers).values(until=workers.c.since))
            said.append(await bury_the_dead(other))
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(AsyncConnection, "execute", execute)
        assert await worker.stay()
    await other.close()
    assert said == [["w-1"]]
    assert not await worker.stay()


@pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_worker_is_there_until_its_lease_ends(database):
    """A worker that says nothing for as long as its lease is given up, by one caller only, and is told so."""
    worker = Worker(database, "w-1", "1")
    await worker.begin()
    assert await worker.alive()
    assert [(there.id, there.version) for there in await living(database)] == [("w-1", "1")]
    assert await bury_the_dead(database) == []
    async with database.transaction() as connection:
        await connection.execute(update(workers).values(until=workers.c.since))
    assert await living(database) == []
    assert [late.id for late in await unburied(database)] == ["w-1"]  # which may still say that it is there
    assert await bury_the_dead(database) == ["w-1"]
    assert await bury_the_dead(database) == []
    assert await unburied(database) == []
    assert not await worker.stay()
    assert not await worker.alive()
    await worker.begin()
    assert await worker.stay()
    await worker.end()
    async with database.transaction() as connection:
        assert (await connection.execute(select(workers))).all() == []
