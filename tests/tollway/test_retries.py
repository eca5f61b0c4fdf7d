"""Retries as policy: pauses, attempts, deadlines and budgets."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoTurn

from tollway.problems import (
    ContractDrift,
    Overloaded,
    ProblemError,
    Rejected,
    Throttled,
    Unavailable,
    UnknownOutcome,
)
from tollway.retries import Attempts, Busy, Failure, NotSent, Retries, RetryBudget, RetrySettings, Unknown, failure_of
from tollway.settings import load

PLENTY = RetryBudget(burst=1000)
unhurried = settings(deadline=None)
"""The machine may be busy with other things."""


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pauses(attempts: Attempts, clock: Clock, error: BaseException, most: int = 200) -> list[float]:
    """Every pause until the policy gives up on something that fails for ever."""
    waited = []
    while (pause := attempts.pause(error)) is not None:
        waited.append(pause)
        clock.now += pause
        assert len(waited) <= most
    return waited


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Throttled("Slow down."), Failure.THROTTLED),
        (Unavailable("Not reached."), Failure.NOT_SENT),
        (Overloaded("Too much."), Failure.NOT_SENT),
        (OperationalError("SELECT 1", {}, Exception("the server closed the connection")), Failure.NOT_SENT),
        (NoTurn("Others kept the database for 30 s."), Failure.NOT_SENT),
        (UnknownOutcome("No answer."), Failure.UNKNOWN),
        (Rejected("No."), Failure.REJECTED),
        (ContractDrift("What is this?"), Failure.REJECTED),
        (ProblemError("It broke."), Failure.REJECTED),
        (KeyError("a bug"), Failure.REJECTED),
    ],
)
def test_what_a_failure_says_of_repeating(error, failure):
    """What never happened or can be read back may be repeated; refusals and what nobody foresaw may not."""
    assert failure_of(error) is failure


@unhurried
@given(
    attempts=some.integers(1, 20),
    base=some.floats(0.01, 10),
    cap=some.floats(0.01, 100),
    draws=some.lists(some.floats(0, 1, exclude_max=True), min_size=1),
)
def test_pauses_are_random_parts_of_what_grows_up_to_a_cap(attempts, base, cap, draws):
    """Each try but the first is after a pause, from nothing up to what doubles every time but never exceeds a cap."""
    clock, drawn = Clock(), iter(draws * 20)
    policy = RetrySettings(
        not_sent=NotSent(attempts=attempts, base=base, cap=cap), deadline=86_400, longest_pause=86_400, budget=PLENTY
    )
    retries = Retries(policy, clock=clock, draw=lambda: next(drawn))
    waited = pauses(retries.begin("step"), clock, Unavailable("Away."))
    assert len(waited) == attempts - 1
    for number, (pause, draw) in enumerate(zip(waited, draws * 20, strict=False)):
        assert math.isclose(pause, draw * min(cap, base * 2**number), abs_tol=1e-9)


@unhurried
@given(asked=some.floats(0, 60), draw=some.floats(0, 1))
def test_no_try_begins_before_the_moment_a_platform_names(asked, draw):
    """What a platform asks for is waited out in full; chance only adds to it."""
    clock = Clock()
    retries = Retries(RetrySettings(budget=PLENTY), clock=clock, draw=lambda: draw)
    waited = pauses(retries.begin("step"), clock, Throttled("Slow down.", retry_after=asked))
    assert waited
    assert all(asked <= pause <= asked + Busy().cap for pause in waited)


@unhurried
@given(deadline=some.floats(0.1, 300), base=some.floats(0.1, 10), asked=some.floats(0, 60))
def test_no_try_begins_after_the_deadline(deadline, base, asked):
    """However many attempts are allowed, the last begins within the deadline."""
    clock = Clock()
    policy = RetrySettings(throttled=Busy(attempts=100, base=base), deadline=deadline, budget=PLENTY)
    retries = Retries(policy, clock=clock, draw=lambda: 1.0)
    assert sum(pauses(retries.begin("step"), clock, Throttled("Slow down.", retry_after=asked))) <= deadline


def test_a_platform_that_asks_for_a_long_pause_is_not_waited_for(clock):
    """Beyond the longest pause the process parks instead."""
    retries = Retries(clock=clock, draw=lambda: 0.0)
    assert retries.begin("step").pause(Throttled("Slow down.", retry_after=60.0)) == 60.0
    assert retries.begin("step").pause(Throttled("Used up.", retry_after=60.1)) is None


def test_each_class_of_failures_has_attempts_of_its_own(clock):
    """A step that fails now so, now so is given up when one class has failed as often as its rule allows."""
    policy = RetrySettings(not_sent=NotSent(attempts=3), unknown=Unknown(attempts=2))
    attempts = Retries(policy, clock=clock, draw=lambda: 0.5).begin("step")
    assert attempts.pause(Unavailable("Away.")) == 0.25
    assert attempts.pause(UnknownOutcome("No answer.")) == 1.0
    assert attempts.pause(Unavailable("Away.")) == 0.5
    assert attempts.pause(Unavailable("Away.")) is None


def test_a_refusal_is_never_repeated(clock):
    """What somebody has to mend is not asked again."""
    assert Retries(clock=clock).begin("step").pause(Rejected("No.")) is None


@unhurried
@given(steps=some.lists(some.tuples(some.floats(0, 5), some.booleans()), max_size=300))
def test_retries_never_exceed_their_budget(steps):
    """Over any stretch there are no more retries than the burst, what time brings back and what successes earn."""
    clock = Clock()
    policy = RetrySettings(budget=RetryBudget(burst=5, per_second=0.5, per_success=0.2))
    retries = Retries(policy, clock=clock, draw=lambda: 0.0)
    taken = succeeded = 0
    for seconds, well in steps:
        clock.now += seconds
        attempts = retries.begin("step")
        if well:
            attempts.succeeded()
            succeeded += 1
        else:
            taken += attempts.pause(Unavailable("Away.")) is not None
        assert taken <= 5 + clock.now * 0.5 + succeeded * 0.2 + 1e-6


def test_a_budget_that_is_used_up_comes_back_with_time_and_successes(clock):
    """Without retries left a failure is final at once; a second, or five successes, bring one back for that step."""
    policy = RetrySettings(budget=RetryBudget(burst=2, per_second=1, per_success=0.2))
    retries, away = Retries(policy, clock=clock, draw=lambda: 0.0), Unavailable("Away.")
    given_up = [retries.begin("tell_crm").pause(away) is None for _ in range(4)]
    assert given_up == [False, False, True, True]
    assert retries.begin("tell_psa").pause(away) is not None
    clock.now += 1
    assert [retries.begin("tell_crm").pause(away) is None for _ in range(2)] == [False, True]
    for _ in range(5):
        retries.begin("tell_crm").succeeded()
    assert [retries.begin("tell_crm").pause(away) is None for _ in range(2)] == [False, True]


def test_retries_and_effects_are_settings(variables):
    """An operator sets what differs from the defaults, also by environment variables, and keeps the rest."""
    more = {"TOLLWAY_RETRIES__THROTTLED__ATTEMPTS": "3", "TOLLWAY_EFFECTS__LEASE_SECONDS": "20"}
    loaded = load(Path(__file__).parents[2] / "tollway.toml", variables | more)
    assert loaded.retries == RetrySettings(throttled=Busy(attempts=3))
    assert (loaded.effects.lease_seconds, loaded.effects.read_back_after) == (20.0, (0.3, 1.0, 3.0))
