"""Work beside requests is done again and again, whatever came of it before."""

import asyncio

import pytest
from structlog.testing import capture_logs

from tollway.background import Repeated
from tollway.problems import Unavailable


@pytest.mark.parametrize("error", [Unavailable("away"), OSError("cut"), KeyError("nobody foresaw")])
async def test_a_failure_ends_no_work(error):
    """A turn that fails is followed by the next."""
    turns: list[int] = []
    twice = asyncio.Event()

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) > 1:
            twice.set()
        raise error

    work = Repeated("test", turn, 0.01)
    await work.start()
    await asyncio.wait_for(twice.wait(), 20)
    await work.stop()
    done = len(turns)
    await asyncio.sleep(0.05)
    assert len(turns) == done


async def test_what_is_cut_off_from_outside_ends_no_work():
    """Something that a turn waits for is cancelled: the turn is over, and the next one comes."""
    turns = asyncio.Queue[None]()

    async def turn() -> None:
        turns.put_nowait(None)
        waited = asyncio.get_running_loop().create_future()
        waited.cancel()
        await waited

    work = Repeated("test", turn, 0.01)
    await work.start()
    for _ in range(2):
        await asyncio.wait_for(turns.get(), 20)
    async with asyncio.timeout(20):
        await work.stop()


async def test_a_turn_that_does_not_end_is_told_of():
    """What waits for something that never comes says so, and where: silence would look like nothing to do."""

    async def turn() -> None:
        await never_comes()

    async def never_comes() -> None:
        await asyncio.get_running_loop().create_future()

    work = Repeated("test", turn, 0.01, slow=0.05)
    with capture_logs() as logged:
        await work.start()
        await asyncio.sleep(0.5)
    await work.stop()
    [told] = logged
    assert told["event"] == "still at it"
    assert "never_comes" in told["waits_in"]


async def test_it_ends_though_it_is_asked_in_the_same_moment():
    """Told to stop as it is asked for a turn, it stops: a stop that is forgotten keeps the process from ending."""
    turns: list[int] = []

    async def turn() -> None:
        turns.append(len(turns))

    work = Repeated("test", turn, 60)
    await work.start()
    await asyncio.sleep(0.01)
    work.ask()
    async with asyncio.timeout(20):
        await work.stop()
    assert turns == [0]


async def test_a_turn_can_be_asked_for():
    """Who has something to do need not wait for the pause to end."""
    turns = asyncio.Queue[None]()

    async def turn() -> None:
        turns.put_nowait(None)

    work = Repeated("test", turn, 60)
    await work.start()
    await asyncio.wait_for(turns.get(), 20)
    work.ask()
    await asyncio.wait_for(turns.get(), 20)
    await work.stop()
