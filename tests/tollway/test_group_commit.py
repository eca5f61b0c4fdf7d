"""Requests share transactions, and each waits for its own."""

import asyncio

import pytest
import structlog
from sqlalchemy.exc import IntegrityError, OperationalError

from tollway.problems import Unavailable
from tollway.storage import group_commit
from tollway.storage.group_commit import GroupCommit


class Work:
    """Doubles numbers, notes what it did together, and fails as it is told."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.wrong: list[Exception] = []
        self.poison: int | None = None
        self.seconds = 0.01

    async def __call__(self, _, items):
        await asyncio.sleep(self.seconds)
        if self.wrong:
            raise self.wrong.pop(0)
        if self.poison in items:
            raise IntegrityError("insert", {}, Exception("no"))
        self.batches.append(list(items))
        return [2 * item for item in items]


@pytest.fixture
def work() -> Work:
    return Work()


def away() -> OperationalError:
    return OperationalError("select", {}, Exception("gone"))


async def test_what_comes_meanwhile_is_done_together(database, work):
    """The first goes alone, all that come while it is under way share the next transaction, and each gets its own."""
    group = GroupCommit("test", database, work)
    first = group.submit(0)
    await asyncio.sleep(0.002)
    assert await asyncio.gather(*(group.submit(number) for number in range(1, 51))) == [2 * n for n in range(1, 51)]
    assert await first == 0
    assert work.batches == [[0], list(range(1, 51))]


async def test_a_transaction_has_a_largest_size(database, work):
    """More than one transaction takes is done in several."""
    group = GroupCommit("test", database, work)
    await asyncio.gather(*(group.submit(number) for number in range(group_commit.LARGEST + 1)))
    assert [len(batch) for batch in work.batches] == [group_commit.LARGEST, 1]


async def test_who_goes_away_holds_nobody_up(database, work):
    """A caller that is cancelled while it waits leaves the others their results."""
    group = GroupCommit("test", database, work)
    leaving, staying = asyncio.ensure_future(group.submit(1)), group.submit(2)
    leaving.cancel()
    assert await staying == 4


async def test_one_that_is_refused_fails_alone(database, work):
    """What the database cannot hold is unavailable; the others of its transaction are done."""
    group = GroupCommit("test", database, work)
    work.poison = 2
    results = await asyncio.gather(*(group.submit(number) for number in (1, 2, 3)), return_exceptions=True)
    assert (results[0], results[2]) == (2, 6)
    assert isinstance(results[1], Unavailable)
    assert await group.submit(4) == 8


async def test_an_outage_is_told_at_once_and_once(database, work, monkeypatch):
    """All that wait are refused together and for a second without asking; one warning says why; then it goes on."""
    monkeypatch.setattr(group_commit, "PAUSE", 1)
    group = GroupCommit("test", database, work)
    work.wrong = [away()]
    with structlog.testing.capture_logs() as logs:
        results = await asyncio.gather(*(group.submit(number) for number in range(300)), return_exceptions=True)
        with pytest.raises(Unavailable):
            await group.submit(1)
        with pytest.raises(Unavailable):
            await group.check()
    assert {type(result) for result in results} == {Unavailable}
    assert [entry["event"] for entry in logs] == ["the database is away"]
    await asyncio.sleep(1.1)
    await group.check()
    assert await group.submit(1) == 2


async def test_a_database_that_hangs_is_not_waited_for(database, work):
    """A transaction that takes longer than its patience is given up."""
    group = GroupCommit("test", database, work, patience=0.05)
    work.seconds = 60
    with pytest.raises(Unavailable):
        await asyncio.wait_for(group.submit(1), 20)


async def test_a_mistake_of_ours_fails_its_batch_only(database, work):
    """An exception that nobody foresaw is unavailability to those who wait, and the next are served."""
    group = GroupCommit("test", database, work)
    work.wrong = [KeyError("bug")]
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable):
        await group.submit(1)
    assert [entry["log_level"] for entry in logs if entry.get("of") == "test"] == ["error"]
    assert await group.submit(2) == 4
