"""Finds the permits that nobody asks for: each gateway gives them back, so that they are not missing to the others."""

from collections.abc import Iterator

from tollway.limits import blocks
from tollway.limits.accounts import Allowance

PATIENCE = 30
"""Looks, at most, after which the last few permits count as unused, too, which slow callers come for."""


class Unused:
    """Looks at what was granted, again and again: only at what may have changed, since there may be many thousands."""

    def __init__(self, lease: int) -> None:
        self._lease = lease
        self._granted: dict[Allowance, None] = {}
        """What may hold more than a few permits; looked at each time."""
        self._few: dict[int, dict[Allowance, None]] = {}
        """What holds no more than a few; looked at one time in so many."""
        self._looks = 0

    def granted(self, allowance: Allowance) -> None:
        """Look at an allowance from now on, until its window turns."""
        self._granted[allowance] = None

    def found(self, now: float) -> list[tuple[Allowance, int]]:
        """What nobody has asked for since the last look, and how many permits of it to give back."""
        self._looks += 1
        return [*self._of_few(now), *self._of_many(now)]

    def _of_few(self, now: float) -> Iterator[tuple[Allowance, int]]:
        for looks, group in self._few.items():
            if self._looks % looks:
                continue
            for allowance in list(group):
                left = allowance.left
                if _is_over(allowance, now):
                    del group[allowance]
                elif left > self._first(allowance):
                    del group[allowance]
                    self._granted[allowance] = None
                elif 0 < left == allowance.seen:
                    yield allowance, left
                allowance.seen = left

    def _of_many(self, now: float) -> Iterator[tuple[Allowance, int]]:
        for allowance in list(self._granted):
            left, few = allowance.left, self._first(allowance)
            if _is_over(allowance, now):
                del self._granted[allowance]
            elif left > few:
                if left == allowance.seen:
                    yield allowance, left - few
                allowance.seen = left
            else:
                del self._granted[allowance]
                self._few.setdefault(_patience(allowance.seconds), {})[allowance] = None

    def _first(self, allowance: Allowance) -> int:
        return blocks.first(allowance.amount, self._lease)


def _is_over(allowance: Allowance, now: float) -> bool:
    """Whether the permits are void, or reserved, and so not to be given back."""
    return allowance.reserved > 0 or now >= allowance.end


def _patience(seconds: int) -> int:
    """After how many looks the last few permits of a window go back."""
    return min(PATIENCE, max(1, seconds // 2))
