"""A circuit breaker: who fails too often is left alone for a while, and then tried by a few requests before all."""

import time
from collections.abc import Callable
from typing import Annotated

import msgspec

from tollway.problems import Unavailable
from tollway.strict import Strict

Count = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class BreakerLimits(Strict):
    """When a circuit opens, and how it closes again."""

    failures_in_a_row: Count = 10
    """Failures, with no answer between them, that open the circuit."""
    failure_ratio: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.5
    """The part of a window's requests whose failure opens it."""
    window: Seconds = 10.0
    """Seconds of a window, which begins with a failure."""
    window_requests: Count = 20
    """Requests that a window must have seen before its ratio counts."""
    open_seconds: Seconds = 5.0
    """Seconds for which an open circuit lets nothing through; each time that the tries fail, twice as many."""
    longest_open_seconds: Seconds = 60.0
    """The most they become."""
    probes: Count = 1
    """Requests that are let through at once when the time is over; when that many are answered the circuit closes."""


class Breaker:
    """The circuit to one upstream.

    A request asks `admit` unless the circuit is `closed`, remembers the `epoch` it started in, and reports how it went;
    what started in an epoch that is over changes nothing any more.
    """

    __slots__ = ("_answered", "_clock", "_failed", "_in_a_row", "_open_for", "_probes_answered", "_probing", "_until",
                 "_window_ends", "closed", "epoch", "limits", "opened", "upstream")  # fmt: skip

    def __init__(self, upstream: str, limits: BreakerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self.upstream = upstream
        self.limits = limits
        self.closed = True
        self.epoch = 0
        self.opened = [0.0]
        """How often it has opened; a counter's series takes its place."""
        self._clock = clock
        self._until = 0.0
        self._open_for = 0.0
        self._answered = self._failed = self._in_a_row = self._probing = self._probes_answered = 0
        self._window_ends = 0.0

    def admit(self) -> None:
        """Let a request try an open circuit; raises Unavailable, with the time to wait, when it is not its turn."""
        wait = self._until - self._clock()
        if wait <= 0 and self._probing < self.limits.probes:
            self._probing += 1
            return
        raise Unavailable(
            f"{self.upstream} has been failing and is left alone for a while; nothing happened.",
            retry_after=max(wait, 1.0),
        )

    def answered(self, epoch: int) -> None:
        """The upstream answered, whatever it said."""
        if epoch != self.epoch:
            return
        if self.closed:
            self._answered += 1
            self._in_a_row = 0
            return
        self._probes_answered += 1
        if self._probes_answered >= self.limits.probes:
            self.closed = True
            self._open_for = 0.0
            self.epoch += 1
            self._reset()

    def failed(self, epoch: int) -> None:
        """The upstream could not be reached, was not able, or took too long."""
        if epoch != self.epoch:
            return
        if not self.closed:
            self._open()
            return
        now = self._clock()
        if now >= self._window_ends:
            self._answered = self._failed = 0
            self._window_ends = now + self.limits.window
        self._failed += 1
        self._in_a_row += 1
        seen = self._answered + self._failed
        often = seen >= self.limits.window_requests and self._failed >= self.limits.failure_ratio * seen
        if often or self._in_a_row >= self.limits.failures_in_a_row:
            self._open()

    def abandoned(self, epoch: int) -> None:
        """The request ended without saying anything about the upstream."""
        if epoch == self.epoch and not self.closed:
            self._probing -= 1

    def _open(self) -> None:
        self._open_for = min(self._open_for * 2 or self.limits.open_seconds, self.limits.longest_open_seconds)
        self._until = self._clock() + self._open_for
        self.closed = False
        self.epoch += 1
        self.opened[0] += 1
        self._reset()

    def _reset(self) -> None:
        self._answered = self._failed = self._in_a_row = self._probing = self._probes_answered = 0
        self._window_ends = 0.0
