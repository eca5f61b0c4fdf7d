"""Decisions over processes: one at a time for each, whoever takes them."""

import asyncio

import pytest

from tollway.engine.turns import Turns
from tollway.problems import Rejected

pytestmark = pytest.mark.parametrize("storage_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(params=["in one worker", "among workers"])
def two_turns(request, database) -> tuple[Turns, Turns]:
    """Turns as two see them who decide."""
    if request.param == "among workers":
        return Turns(database, "first"), Turns(database, "second")
    return (alone := Turns()), alone


async def test_who_decides_over_a_process_is_waited_for(two_turns):
    """The second gets its turn when the first has ended, even in an error; for other processes nobody waits."""
    first, second = two_turns
    said: list[str] = []

    async def decide(turns: Turns, process_id: str, word: str) -> None:
        async with turns.of(process_id):
            said.append(word)

    async def fail() -> None:
        async with first.of("order:O-1" * 50):
            waiting.append(asyncio.create_task(decide(second, "order:O-1" * 50, "after")))
            await decide(second, "order:O-2", "beside")
            await asyncio.sleep(0.2)
            said.append("first")
            raise Rejected("The dock is closed.")

    waiting: list[asyncio.Task[None]] = []
    with pytest.raises(Rejected):
        await asyncio.wait_for(fail(), 10)
    await asyncio.wait_for(waiting[0], 10)
    assert said == ["beside", "first", "after"]
