"""Revoked tokens, in one process and among gateways."""

import asyncio
import time

import pytest

from tollway.oauth import revocations as module
from tollway.oauth.revocations import LONGEST_LEEWAY, Revocations
from tollway.oauth.shared_state import SharedState
from tollway.problems import Unavailable
from tollway.settings import RedisSettings

ISSUER = "https://login.example.com"


async def test_a_revocation_takes_effect_at_once_here_and_ends_with_the_token() -> None:
    """Whoever listens hears of it, and the entry is kept for as long as a clock that is late could take the token."""
    now = 1000.0
    kept, heard = Revocations(clock=lambda: now), []
    kept.on_revoked.append(heard.append)
    await kept.revoke(ISSUER, "1", 1500.0)
    assert (ISSUER, "1") in kept
    assert ("https://other.example.com", "1") not in kept
    assert heard == [{(ISSUER, "1")}]
    now = 1500.0 + LONGEST_LEEWAY - 1
    await kept.revoke(ISSUER, "2", 2000.0)
    assert (ISSUER, "1") in kept
    now += 1
    await kept.revoke(ISSUER, "3", 2000.0)
    assert (ISSUER, "1") not in kept


async def test_other_gateways_hear_within_the_bound(redis_settings, monkeypatch) -> None:
    """A token that one gateway revoked is revoked at another within the interval, and at one that starts later."""
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.05)
    states = [SharedState(redis_settings) for _ in range(3)]
    first, second, late = (Revocations(state) for state in states)
    heard = asyncio.Event()
    second.on_revoked.append(lambda _: heard.set())
    await second.start()
    await first.revoke(ISSUER, "1", time.time() + 600)
    await asyncio.wait_for(heard.wait(), 20)
    assert (ISSUER, "1") in second
    await late.start()
    assert (ISSUER, "1") in late
    for kept, state in zip((first, second, late), states, strict=True):
        await kept.close()
        await state.close()


async def test_a_redis_that_is_away_stops_no_start_and_is_told_to_who_revokes() -> None:
    """A gateway starts without Redis; who revokes learns that the others were not told, and here it holds."""
    state = SharedState(RedisSettings(url="redis://127.0.0.1:1"))
    kept = Revocations(state)
    await kept.start()
    with pytest.raises(Unavailable):
        await kept.revoke(ISSUER, "1", time.time() + 600)
    assert (ISSUER, "1") in kept
    await kept.close()
    await state.close()
