"""Steps: the verbs of a process, each recorded once and repeated as the policy of retries has it."""

import asyncio
import contextvars
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import structlog
from dbos import DBOS, StepOptions

from tollway.engine.giving_up import was_given_up
from tollway.engine.permission import go_ahead
from tollway.lineage import taking
from tollway.retries import Failure, Retries, failure_of

P = ParamSpec("P")
T = TypeVar("T")

watching: contextvars.ContextVar[Callable[[str, float], None] | None] = contextvars.ContextVar("watching", default=None)
"""Who is told of each step that a process has taken: its name, and the seconds it took."""
retrying: contextvars.ContextVar[Retries | None] = contextvars.ContextVar("retrying", default=None)
"""The policy by which the steps of the process that is running are repeated; without one none is."""
_WORST_FIRST = (Failure.REJECTED, Failure.UNKNOWN, Failure.THROTTLED, Failure.NOT_SENT)
log = structlog.get_logger()


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
        options: StepOptions = {"name": function.__name__}
        return reserved.run_async(options, functools.partial(_repeated, function), *args, **kwargs)

    return call


async def _repeated(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Repeated in here rather than by the engine, whose pauses know neither chance nor what a platform asks for."""
    retries = retrying.get()
    if retries is None:
        return await _plain(function, *args, **kwargs)
    attempts, failed = retries.begin(function.__qualname__), None
    while True:
        try:  # which the question is part of: our database may be what is away
            if failed is None or not await was_given_up(str(DBOS.workflow_id)):
                result = await _plain(function, *args, **kwargs)
                attempts.succeeded()
                return result
        except Exception as error:
            pause = attempts.pause(error)
            if pause is None:
                raise
            log.info("step put off", step=function.__qualname__, seconds=round(pause, 3), failure=failure_of(error))
            failed = error
            await asyncio.sleep(pause)
        else:
            raise failed


async def _plain(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    await go_ahead()
    began = time.monotonic()
    with taking(function, args, kwargs):
        result = await function(*args, **kwargs)
    if watcher := watching.get():
        watcher(function.__name__, time.monotonic() - began)
    return result


async def together(*steps: Awaitable[Any]) -> list[Any]:
    """Run independent steps side by side; all are finished before the first of their errors is raised."""
    results = await asyncio.gather(*steps, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        # A refusal is what somebody must mend; a time-out beside it will be tried again anyway.
        raise min(errors, key=lambda error: _WORST_FIRST.index(failure_of(error)))
    return list(results)
