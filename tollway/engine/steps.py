"""Steps: the verbs of a process, each recorded once and repeated while a platform is only briefly away."""

import asyncio
import contextvars
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, StepOptions

from tollway.problems import ProblemError, Throttled, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

watching: contextvars.ContextVar[Callable[[str, float], None] | None] = contextvars.ContextVar("watching", default=None)
"""Who is told of each step that a process has taken: its name, and the seconds it took."""
ATTEMPTS = 5
LONGEST_PAUSE = 60.0
"""Seconds; a platform that asks for more is away, and the process parks instead of waiting."""


def step(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a method a step of whatever process calls it; outside of a process it is the plain method.

    Its number in the process is drawn when it is called, not when it is awaited, so steps side by side keep the
    same numbers in every replay.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        if DBOS.workflow_id is None or DBOS.step_id is not None:
            return _plain(function, *args, **kwargs)
        reserved = DBOS.reserve_step()
        options: StepOptions = {
            "name": function.__name__,
            "retries_allowed": True,
            "max_attempts": ATTEMPTS,
            "interval_seconds": 0.5,
            "backoff_rate": 2.0,
            "should_retry": is_transient,
        }
        return reserved.run_async(options, functools.partial(_plain, function), *args, **kwargs)

    return call


async def _plain(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    began = time.monotonic()
    result = await function(*args, **kwargs)
    if watcher := watching.get():
        watcher(function.__name__, time.monotonic() - began)
    return result


def is_transient(error: BaseException) -> bool:
    """Whether repeating a step in a moment may help, and cannot hurt."""
    return isinstance(error, (Throttled, Unavailable)) and (error.retry_after or 0) <= LONGEST_PAUSE


async def together(*steps: Awaitable[Any]) -> list[Any]:
    """Run independent steps side by side; all are finished before the first of their errors is raised."""
    results = await asyncio.gather(*steps, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        # A refusal is what somebody must mend; a time-out beside it will be tried again anyway.
        raise next(
            (error for error in errors if isinstance(error, ProblemError) and not is_transient(error)), errors[0]
        )
    return list(results)
