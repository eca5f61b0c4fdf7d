"""Whoever is sent away by a platform that is busy comes again."""

import pytest

from tollway.cli import patience
from tollway.problems import Rejected, Throttled


class Busy:
    """A platform that sends the first callers away."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.calls = 0

    async def call(self) -> str:
        """Book something, or send the caller away."""
        self.calls += 1
        if self.calls <= self.refusals:
            raise Throttled("Somebody else is booking.", retry_after=0.01)
        return "booked"


async def test_who_is_sent_away_comes_again():
    """What could not be done in the first place is done once there is room for it, and once only."""
    platform = Busy(refusals=3)
    assert await patience.in_turn(platform.call) == "booked"
    assert platform.calls == 4


async def test_nobody_comes_for_ever(monkeypatch):
    """A platform that stays busy is told of as such."""
    monkeypatch.setattr(patience, "_PATIENCE", 0.05)
    platform = Busy(refusals=1_000_000)
    with pytest.raises(Throttled):
        await patience.in_turn(platform.call)
    assert platform.calls > 1


async def test_a_refusal_is_taken_for_what_it_is():
    """What the platform refuses for a reason is not asked for again."""
    asked = []

    async def refused() -> None:
        asked.append(1)
        raise Rejected("The period is closed.")

    with pytest.raises(Rejected):
        await patience.in_turn(refused)
    assert len(asked) == 1
