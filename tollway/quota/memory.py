"""A quota that is counted in this process's memory: all of it when embedded, a share of it while Redis is away."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from tollway.quota.book import CLOSED, PROBE_SECONDS, ROOM, Ended, Exchange, Gate, Note, Standing, concurrency
from tollway.quota.heard import Heard
from tollway.quota.settings import QuotaSettings


class MemoryBook:
    """The same rules as `scripts.EXCHANGE`, which holds for all workers; `tests/tollway/quota` asks both the same."""

    def __init__(self, settings: QuotaSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._windows = settings.windows()
        self._sent: deque[float] = deque()
        self._paused_until = self._daily_until = self._open_until = self._probe_until = self._left_until = 0.0
        self._open_for = 0.0
        self._failures = self._used = self._allowed = self._left = self._told = 0

    async def exchange(self, asked: Exchange) -> Standing:
        """Count for a process that has the account to itself."""
        return self.decide(asked)

    def decide(self, asked: Exchange, share: int = 1) -> Standing:
        """Count for one of `share` workers, each of which has at least one call."""
        now = self._clock()
        self.hear(asked.notes)
        most = concurrency(self._settings, self._told)
        gate, wait, room, probe = self._gate(now, asked.running, max(1, most // share) if most else 0, share)
        granted = range(min(room, len(asked.tickets)))
        self._use(len(granted), now)
        probe = probe and bool(granted)
        if probe:
            self._probe_until = now + PROBE_SECONDS
        return Standing(
            gate=gate,
            wait=wait,
            granted=granted,
            probe=probe,
            running=asked.running + len(granted),
            concurrency=most,
            used=self._used,
            allowed=self._allowed,
        )

    def hear(self, notes: Sequence[Note]) -> None:
        """Take note of what calls told."""
        now = self._clock()
        for note in notes:
            self._hear(note, now)

    def _gate(self, now: float, running: int, most: int, share: int) -> tuple[Gate, float, int, bool]:
        """What keeps calls back and for how long, how many may be sent, and whether one of them is a probe."""
        holds = [(Gate.FULL, 1.0, most - running if most else ROOM)]
        holds += [(Gate.RATE, *self._rate(max(1, amount // share), length, now)) for amount, length in self._windows]
        if self._left_until > now:
            holds.append((Gate.RATE, self._left_until - now, self._left))
        if self._paused_until > now:
            holds.append((Gate.PAUSED, self._paused_until - now, 0))
        closed = [(Gate.DAILY, self._daily_until), (Gate.FAILING, self._open_until)]
        for gate, until in closed:
            if until > now:
                holds.append((gate, until - now, 0))
            elif until:
                holds.append((gate, self._settings.open_seconds, 0 if self._probe_until > now else 1))
        room = max(0, min(hold[2] for hold in holds))
        trying = any(until for _, until in closed)
        gate, wait, _ = max((hold for hold in holds if hold[2] < 1 or hold[0] in CLOSED), default=(Gate.NONE, 0.0, 0))
        return gate, wait, room, trying

    def _rate(self, amount: int, length: int, now: float) -> tuple[float, int]:
        sent = [moment for moment in self._sent if moment > now - length]
        wait = sent[-amount] + length - now if len(sent) >= amount else 0.0
        return wait, amount - len(sent)

    def _use(self, count: int, now: float) -> None:
        self._left -= count
        if not self._windows:
            return
        self._sent.extend([now] * count)
        longest = max(length for _, length in self._windows)
        while self._sent and self._sent[0] <= now - longest:
            self._sent.popleft()

    def _hear(self, note: Note, now: float) -> None:
        told = note.heard
        self._limits(told, now)
        if told.exhausted or (told.allowed and (told.used or 0) >= self._stop(told.allowed)):
            self._daily_until = now + self._settings.daily_pause_seconds
        elif note.probe and note.ended is Ended.ANSWERED:
            self._daily_until = 0.0
        if note.probe:
            self._probe_until = 0.0
        if note.ended is Ended.ANSWERED and (note.probe or not self._open_until):
            self._failures, self._open_until, self._open_for = 0, 0.0, 0.0
        elif note.ended is Ended.FAILED and (note.probe or not self._open_until):
            self._failures += 1
            if self._failures >= self._settings.failures_in_a_row:
                longest = self._settings.longest_open_seconds
                self._open_for = min(self._open_for * 2 or self._settings.open_seconds, longest)
                self._open_until = now + self._open_for

    def _limits(self, told: Heard, now: float) -> None:
        if told.pause:
            self._paused_until = max(self._paused_until, now + told.pause)
        if told.allowed:
            self._used, self._allowed = told.used or 0, told.allowed
        if told.concurrency:
            self._told = told.concurrency
        if told.left is not None:
            # Within a window answers overtake one another, so the least is what is left.
            if self._left_until > now:
                self._left = min(self._left, told.left)
            else:
                self._left, self._left_until = told.left, now + told.turns

    def _stop(self, allowed: int) -> int:
        return min(allowed, self._settings.daily or allowed)
