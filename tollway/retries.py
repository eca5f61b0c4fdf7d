"""Retries as policy: what a failure says of repeating what failed, how often, after which pauses, and for how long.

not_sent     it never reached the platform, or our own database was away: repeating is safe
throttled    refused for its load: repeating is safe, not before the moment it names
unknown      sent, no answer: whoever repeats an effect reads back first
rejected     refused for a reason: repeating changes nothing until somebody mended the data
"""

import enum
import random
import time
from collections.abc import Callable
from typing import Annotated

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoTurn

from tollway.problems import Overloaded, ProblemError, Throttled, Unavailable, UnknownOutcome
from tollway.strict import Strict

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Times = Annotated[int, msgspec.Meta(ge=1, le=100)]


class Failure(enum.StrEnum):
    """What is known of something that failed."""

    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"
    REJECTED = "rejected"


class RetryRule(Strict):
    """How often, and after which pauses, one class of failures is tried again."""

    attempts: Times
    """Tries in all, the first among them; 1 never repeats."""
    base: Seconds = 1.0
    """Seconds of which the first pause is a random part; each further one is a part of twice as many."""
    cap: Seconds = 30.0
    """The most that those become."""


class NotSent(RetryRule):
    """It never reached the platform, or our own database was away."""

    attempts: Times = 6
    base: Seconds = 0.5
    cap: Seconds = 10.0


class Busy(RetryRule):
    """It was refused for its load."""

    attempts: Times = 8
    base: Seconds = 0.5
    cap: Seconds = 15.0


class Unknown(RetryRule):
    """It was sent, and no answer came."""

    attempts: Times = 2
    base: Seconds = 2.0


class Rejected(RetryRule):
    """It was refused for a reason."""

    attempts: Times = 1


class RetryBudget(Strict):
    """How much repeating a worker allows itself for one kind of step, so that what is down is not hammered."""

    burst: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 50.0
    """Retries that are there to begin with, and the most that are saved up."""
    per_second: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 1.0
    """Retries that come back with time."""
    per_success: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    """Retries that every success adds: with 0.2, one for every five."""


class RetrySettings(Strict):
    """When a process's step is repeated before the process parks."""

    not_sent: NotSent = NotSent()
    throttled: Busy = Busy()
    unknown: Unknown = Unknown()
    rejected: Rejected = Rejected()
    deadline: Seconds = 300.0
    """Seconds after a step's first try beyond which none begins."""
    longest_pause: Seconds = 60.0
    """A platform that asks for a longer pause is away: the process parks instead of waiting."""
    budget: RetryBudget = RetryBudget()

    def rule(self, failure: Failure) -> RetryRule:
        """The rule of a class of failures."""
        rule: RetryRule = getattr(self, failure)
        return rule


def failure_of(error: BaseException) -> Failure:
    """The class of a failure; what nobody foresaw is not helped by repeating it."""
    match error:
        case Throttled():
            return Failure.THROTTLED
        case Unavailable() | Overloaded() | OperationalError() | InterfaceError() | NoTurn():
            return Failure.NOT_SENT  # of our own database: what was sent before is in doubt, and read back first
        case UnknownOutcome():
            return Failure.UNKNOWN
    return Failure.REJECTED


class Budget:
    """A token bucket of retries."""

    def __init__(self, limits: RetryBudget, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._left = limits.burst
        self._at = clock()

    def succeeded(self) -> None:
        """Something went through."""
        self._add(self._limits.per_success)

    def take(self) -> bool:
        """Take a retry, if there is one."""
        now = self._clock()
        self._add((now - self._at) * self._limits.per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _add(self, retries: float) -> None:
        self._left = min(self._limits.burst, self._left + retries)


class Attempts:
    """The tries of one operation, from its first."""

    def __init__(
        self, settings: RetrySettings, budget: Budget, clock: Callable[[], float], draw: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._clock = clock
        self._draw = draw
        self._until = clock() + settings.deadline
        self._failed = dict.fromkeys(Failure, 0)

    def pause(self, error: BaseException) -> float | None:
        """Seconds to wait after this failure before the next try; None gives up."""
        failure = failure_of(error)
        rule = self._settings.rule(failure)
        self._failed[failure] += 1
        if self._failed[failure] >= rule.attempts:
            return None
        asked = error.retry_after or 0.0 if isinstance(error, ProblemError) else 0.0
        grown = rule.base * 2.0 ** (self._failed[failure] - 1)
        pause = asked + self._draw() * min(rule.cap, grown)
        if asked > self._settings.longest_pause or self._clock() + pause > self._until:
            return None
        return pause if self._budget.take() else None

    def succeeded(self) -> None:
        """It went through."""
        self._budget.succeeded()


class Retries:
    """Decides on retries by the settings; one per worker, since its budgets are shared by all that runs there."""

    def __init__(
        self,
        settings: RetrySettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`draw` answers a random number from 0 to 1."""
        self._settings = settings or RetrySettings()
        self._clock = clock
        self._draw = draw
        self._budgets: dict[str, Budget] = {}

    def begin(self, operation: str) -> Attempts:
        """The tries of an operation that is about to be tried first; all of the same name share a budget."""
        budget = self._budgets.get(operation)
        if budget is None:
            budget = self._budgets[operation] = Budget(self._settings.budget, self._clock)
        return Attempts(self._settings, budget, self._clock, self._draw)
