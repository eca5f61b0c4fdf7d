"""How much a process has to do: requests in flight, and how long what is ready waits for the event loop."""

import asyncio
import math

from tollway.telemetry.metrics import Metrics

_SAMPLE_SECONDS = 0.025
_INTERVAL = 4
"""Samples of which the least delay counts: a burst passes within them, a queue that stands does not (as in CoDel)."""


class Load:
    """The load of this process; whoever serves a request calls `enter`, and `leave` whatever becomes of it."""

    __slots__ = ("_gauge", "_least", "_samples", "_timer", "delay", "in_flight", "shed")

    def __init__(self, metrics: Metrics) -> None:
        self.in_flight = 0
        self.delay = 0.0
        """Seconds that ready work has been waiting for the event loop, at the least, over the last interval."""
        self.shed = metrics.counter("requests_shed", "Requests refused for the process's load.", ("product", "class"))
        self._gauge = metrics.gauge("loop_delay_seconds", "How long ready work waits for the loop.", merge="livemax")
        self._timer: asyncio.TimerHandle | None = None
        self._least = math.inf
        self._samples = 0

    def enter(self) -> None:
        """One request more."""
        self.in_flight += 1
        if self._timer is None:
            self._sample_next(asyncio.get_running_loop())

    def leave(self) -> None:
        """One request less."""
        self.in_flight -= 1

    def _sample_next(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + _SAMPLE_SECONDS
        self._timer = loop.call_at(due, self._sample, loop, due)

    def _sample(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._least = min(self._least, loop.time() - due)
        self._samples += 1
        if self._samples == _INTERVAL:
            self.delay, self._least, self._samples = max(0.0, self._least), math.inf, 0
        if self.in_flight:
            self._sample_next(loop)
        else:  # an idle process is not to be woken
            self.delay, self._least, self._samples, self._timer = 0.0, math.inf, 0, None
        self._gauge.set((), self.delay)
