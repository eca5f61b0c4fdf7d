"""Rate limits as people write them, `"100/minute;10/second"`: the notation of the limits library and of slowapi."""

from functools import lru_cache

import limits
import msgspec


class Window(msgspec.Struct, frozen=True):
    """At most `amount` in each window of `seconds`, which begins with the first request after the one before."""

    name: str
    amount: int
    seconds: int
    unit: int
    """Seconds of the unit it is written in, by which slowapi chooses the window that its headers show."""


@lru_cache(1_024)
def parse(text: str) -> tuple[Window, ...]:
    """The windows that a limit string names, as they are written; raises ValueError when it is none.

    Of two windows of one length the smaller is kept: it is the one that holds. All who have the limit share them.
    """
    windows: dict[int, Window] = {}
    for item in limits.parse_many(text):
        unit, seconds = item.GRANULARITY, item.get_expiry()
        if item.amount < 1 or seconds < 1:
            raise ValueError(f"the limit {text!r} would admit nothing")
        name = unit.name if item.multiples == 1 else f"{item.multiples}-{unit.name}"
        known = windows.get(seconds)
        if known is None or item.amount < known.amount:
            windows[seconds] = Window(name, item.amount, seconds, unit.seconds)
    return tuple(windows.values())
