"""How often tokens were bad, so that looking at bad ones costs a bounded part of the machine."""

from collections.abc import Callable

from tollway.problems import QuotaExceeded

_BURST_SECONDS = 5
"""As many seconds' worth of misses are taken at once."""
_ALL_TOGETHER = 100
"""How many subjects' worth of misses are taken of everyone together."""
_MOST_SUBJECTS = 10_000


class Misses:
    """A leaky bucket of misses per subject, and one for all: whoever fills one is not looked at until it has drained.

    Only misses count, so that a client with good tokens never meets it, however many it has.
    """

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        self._all = (0.0, 0.0)

    def check(self, subject: str) -> None:
        """Raise QuotaExceeded when the subject, or everyone together, has missed too often of late."""
        now = self._clock()
        level, at = self._levels.get(subject, (0.0, now))
        together, since = self._all
        full = level - (now - at) * self._per_second >= self._per_second * _BURST_SECONDS
        most = self._per_second * _ALL_TOGETHER
        if full or together - (now - since) * most >= most * _BURST_SECONDS:
            raise QuotaExceeded("Too many access tokens that are not valid came from this address.", retry_after=1)

    def count(self, subject: str) -> None:
        """Note a miss."""
        now = self._clock()
        level, at = self._levels.pop(subject, (0.0, now))
        if len(self._levels) >= _MOST_SUBJECTS:
            del self._levels[next(iter(self._levels))]
        self._levels[subject] = (max(0.0, level - (now - at) * self._per_second) + 1, now)
        together, since = self._all
        self._all = (max(0.0, together - (now - since) * self._per_second * _ALL_TOGETHER) + 1, now)
