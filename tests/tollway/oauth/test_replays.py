"""Proofs are good once, here and at every gateway, in bounded memory."""

import asyncio

import pytest

from tollway.oauth.replays import KEEP_SECONDS, RememberedReplays, SharedReplays
from tollway.oauth.shared_state import SharedState
from tollway.settings import RedisSettings


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_flood_shrinks_the_window_but_takes_nothing_twice() -> None:
    """However many proofs come, memory is bounded, none is taken twice, and new ones go on being taken."""
    clock = Clock()
    replays = RememberedReplays(clock, most=100)
    proofs = []
    for number in range(1000):
        clock.now += 0.01
        proofs.append((str(number), clock.now))
        assert await replays.first(*proofs[-1])
    assert not any([await replays.first(*proof) for proof in proofs])
    assert len(replays._seen) + len(replays._before) <= 200


async def test_what_can_no_longer_be_shown_is_forgotten() -> None:
    """Once its time is over a proof takes no memory."""
    clock = Clock()
    replays = RememberedReplays(clock)
    for number in range(100):
        await replays.first(str(number), clock.now)
    for _ in range(2):
        clock.now += KEEP_SECONDS
        await replays.first(str(clock.now), clock.now)
    assert len(replays._seen) + len(replays._before) == 2


async def test_gateways_share_what_they_saw(redis_settings) -> None:
    """Of a proof that is shown to several gateways at once, one takes it."""
    states = [SharedState(redis_settings) for _ in range(3)]
    gateways = [SharedReplays(state, RememberedReplays()) for state in states]
    taken = await asyncio.gather(*(gateway.first("proof", 2e9) for gateway in gateways * 5))
    assert taken.count(True) == 1
    for state in states:
        await state.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1"])
async def test_without_redis_a_gateway_goes_by_what_it_saw_itself(url) -> None:
    """While Redis is away a proof is still good only once at each gateway."""
    state = SharedState(RedisSettings(url=url))
    gateway = SharedReplays(state, RememberedReplays())
    assert await gateway.first("proof", 2e9)
    assert not await gateway.first("proof", 2e9)
    await state.close()
