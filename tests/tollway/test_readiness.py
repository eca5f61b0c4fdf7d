"""What a service needs is looked up once for all who ask."""

import asyncio

import pytest

from tollway.readiness import KEPT_SECONDS, Readiness


class Looked:
    """A check that takes its time, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.times = 0
        self.now = 0.0
        self.database = "ok"
        self.go_on = asyncio.Event()
        self.go_on.set()

    def clock(self) -> float:
        return self.now

    async def __call__(self) -> dict[str, str]:
        self.times += 1
        await self.go_on.wait()
        if self.database == "broken":
            raise OSError(self.database)
        return {"database": self.database}


async def test_many_who_ask_look_once() -> None:
    """A flood costs the database one question a second; who asks later is told how it is then."""
    looked = Looked()
    readiness = Readiness(looked, looked.clock)
    assert [await readiness.states() for _ in range(100)] == [{"database": "ok"}] * 100
    assert looked.times == 1
    looked.now, looked.database = KEPT_SECONDS, "gone"
    assert await asyncio.gather(*(readiness.states() for _ in range(100))) == [{"database": "gone"}] * 100
    assert looked.times == 2


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    """The one for whom it is looked up may leave: the others who wait are still told."""
    looked = Looked()
    looked.go_on.clear()
    readiness = Readiness(looked, looked.clock)
    first, second = (asyncio.create_task(readiness.states()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    looked.now = 60.0  # however long it takes, nobody looks beside it
    third = asyncio.create_task(readiness.states())
    await asyncio.sleep(0)
    looked.go_on.set()
    assert await asyncio.gather(second, third) == [{"database": "ok"}] * 2
    assert looked.times == 1


async def test_a_check_that_fails_is_not_repeated_at_once() -> None:
    """Its failure is told to all who ask in the same second, and looked into again after it."""
    looked = Looked()
    looked.database = "broken"
    readiness = Readiness(looked, looked.clock)
    for _ in range(3):
        with pytest.raises(OSError, match="broken"):
            await readiness.states()
    assert looked.times == 1
    looked.now, looked.database = KEPT_SECONDS, "ok"
    assert await readiness.states() == {"database": "ok"}
