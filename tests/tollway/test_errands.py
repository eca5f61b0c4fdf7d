"""Errands: what is asked meanwhile goes together, and everybody hears how his errand ended."""

import asyncio

import pytest

from tollway.limits.errands import Errands
from tollway.problems import Unavailable


async def test_what_is_asked_meanwhile_goes_together():
    """The first goes at once; whoever comes while it is under way shares the next, as many as may."""
    gone, answer = [], asyncio.Event()

    async def run(about) -> None:
        gone.append(list(about))
        await answer.wait()

    errands = Errands(run, most=3)
    waiting = [errands.join(0)]
    await asyncio.sleep(0)
    waiting += [errands.join(number) for number in range(1, 6)]
    answer.set()
    await asyncio.gather(*(errand.answered() for errand in waiting))
    assert gone == [[0], [1, 2, 3], [4, 5]]


async def test_everybody_hears_of_a_failure_and_the_next_errand_goes():
    """Each who waits raises an exception of its own that says it all, and what comes later is asked all the same."""
    failing = [Unavailable("Redis is away.", retry_after=2.0)]

    async def run(_about) -> None:
        if failing:
            raise failing.pop()

    errands = Errands(run, most=9)
    errand = errands.join(1)
    first, second = await asyncio.gather(errand.answered(), errand.answered(), return_exceptions=True)
    assert first is not second
    for heard in (first, second):
        assert isinstance(heard, Unavailable)
        assert (heard.detail, heard.retry_after) == ("Redis is away.", 2.0)
    await errands.join(2).answered()


async def test_an_errand_that_is_broken_off_keeps_nobody_waiting():
    """When the gateway is stopped in the middle, whoever waits is told so."""
    errands = Errands(lambda _: asyncio.sleep(60), most=9)
    errand = errands.join(1)
    await asyncio.sleep(0)
    errands._running.cancel()
    with pytest.raises(Unavailable, match="being stopped"):
        await errand.answered()
