"""Rate limits as people write them, `"100/minute;10/second"`, and the moving windows that hold a caller to them."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import limits
import msgspec


class Window(msgspec.Struct, frozen=True):
    """At most `amount` in any `seconds`."""

    name: str
    amount: int
    seconds: int


class Standing(msgspec.Struct, frozen=True):
    """How much of a window a subject has left."""

    window: Window
    remaining: int
    resets_in: float
    """Seconds until the window has room for one more than it has now."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether one more was admitted, and the standing in every window after it."""

    standings: list[Standing]
    refused_by: Window | None = None
    retry_after: float = 0.0


class Windows(Protocol):
    """Counts what each subject takes, in every window of one limit."""

    async def take(self, subject: str) -> Verdict:
        """Admit one more for the subject, or say which window is full; raises Unavailable when nobody can tell."""
        ...


def parse(text: str) -> tuple[Window, ...]:
    """The windows that a limit string names, shortest first; raises ValueError when it is none."""
    windows = []
    for item in limits.parse_many(text):
        unit = item.GRANULARITY.name
        name = unit if item.multiples == 1 else f"{item.multiples}-{unit}"
        if item.amount < 1:
            raise ValueError(f"the limit {text!r} would admit nothing")
        windows.append(Window(name=name, amount=item.amount, seconds=item.get_expiry()))
    return tuple(sorted(windows, key=lambda window: window.seconds))


class MovingWindows:
    """Exact moving windows in this process's memory; what is refused uses nothing up."""

    def __init__(self, windows: tuple[Window, ...], clock: Callable[[], float] = time.time) -> None:
        self._windows = windows
        self._clock = clock
        self._taken: dict[str, tuple[deque[float], ...]] = {}
        self._longest = max(window.seconds for window in windows)
        self._sweep_at = clock() + self._longest

    async def take(self, subject: str) -> Verdict:
        """Admit one more for the subject, or say which window is full."""
        now = self._clock()
        if now >= self._sweep_at:
            self._forget_idle(now)
        taken = self._taken.get(subject)
        if taken is None:
            taken = self._taken[subject] = tuple(deque() for _ in self._windows)
        refused, wait = None, 0.0
        for window, times in zip(self._windows, taken, strict=True):
            while times and times[0] <= now - window.seconds:
                times.popleft()
            if len(times) >= window.amount and times[0] + window.seconds - now > wait:
                refused, wait = window, times[0] + window.seconds - now
        if refused is None:
            for times in taken:
                times.append(now)
        standings = [
            Standing(window, window.amount - len(times), times[0] + window.seconds - now if times else 0.0)
            for window, times in zip(self._windows, taken, strict=True)
        ]
        return Verdict(standings, refused, wait)

    def _forget_idle(self, now: float) -> None:
        self._sweep_at = now + self._longest
        for subject in [subject for subject, taken in self._taken.items() if _idle(taken, now - self._longest)]:
            del self._taken[subject]


def _idle(taken: tuple[deque[float], ...], before: float) -> bool:
    return not taken[-1] or taken[-1][-1] <= before
