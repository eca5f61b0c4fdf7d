"""One run of a process: its context, who watches it, and what becomes of it."""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from dbos import DBOS
from msgspec.structs import replace

from tollway import context
from tollway.cases import Cases
from tollway.engine.giving_up import was_given_up
from tollway.engine.permission import permission
from tollway.engine.process import Process, ProcessEvent
from tollway.engine.steps import retrying, watching
from tollway.problems import ProblemError
from tollway.retries import Retries

log = structlog.get_logger()
Recorder = Callable[[ProcessEvent], Awaitable[None]]
"""Is told of every process that went through, before the engine knows: so it may be told twice."""
beginning: contextvars.ContextVar[bool] = contextvars.ContextVar("beginning", default=False)
"""Whether a process runs for the first time, so that no case of its can be open."""


class Runs:
    """The runs of this worker."""

    def __init__(self, cases: Cases, permit: Callable[[], Awaitable[bool]], retries: Retries) -> None:
        """`permit`: whether this worker may begin something now."""
        self._cases = cases
        self._permit = permit
        self.retries = retries
        self.watchers: list[Callable[[ProcessEvent], None]] = []
        self.recorders: list[Recorder] = []
        self._here: dict[asyncio.Task[Any] | None, str] = {}

    @property
    def here(self) -> list[str]:
        """The processes that run in this worker, one that runs twice twice."""
        return list(self._here.values())

    def body(self, process: Process) -> Callable[[str, Any], Awaitable[Any]]:
        """What the engine is to run for a process."""

        async def run(correlation_id: str, argument: Any) -> Any:
            process_id = str(DBOS.workflow_id)
            said = ProcessEvent(process.name, process_id, process.subject(argument), "started")
            request = replace(context.new_context(correlation_id), process_id=process_id, priority=process.priority)
            token = context.enter(request)
            watching.set(lambda name, seconds: self._tell(replace(said, happened="step", detail=name, seconds=seconds)))
            permission.set(self._go_ahead)
            retrying.set(self.retries)
            running = asyncio.current_task()
            self._here[running] = process_id
            try:
                await self._go_ahead()
                return await self._run(process, said, argument)
            finally:
                self._here.pop(running, None)
                with contextlib.suppress(ValueError):  # a generator of the engine's may end in another context
                    context.leave(token)

        run.__qualname__ = run.__name__ = process.name
        return run

    async def _run(self, process: Process, said: ProcessEvent, argument: Any) -> Any:
        started, first = time.monotonic(), beginning.get()
        try:
            self._tell(said)
            result = await process.run(argument)
            if not first:
                await self._cases.resolve(said.process_id)
            self._tell(replace(said, happened="finished", seconds=time.monotonic() - started))
            for record in self.recorders:
                await record(said)
        except Exception as error:
            problem = _problem(error)
            await self._park(process.name, said, problem)
            seconds = time.monotonic() - started
            self._tell(replace(said, happened="parked", detail=problem.detail, seconds=seconds))
            raise problem from error
        else:
            return result

    async def _park(self, name: str, said: ProcessEvent, problem: ProblemError) -> None:
        try:
            if await was_given_up(said.process_id):
                return  # what failed was still under way when somebody gave the process up
            await self._cases.park(name, said.process_id, said.subject, problem)
            if await was_given_up(said.process_id):
                await self._cases.give_up(said.process_id)
        except Exception:
            log.exception("no case was opened", process=said.process_id)  # one is, once it is found to be missing

    async def _go_ahead(self) -> None:
        if not await self._permit():
            raise asyncio.CancelledError

    def _tell(self, told: ProcessEvent) -> None:
        log.info("process", name=told.process, id=told.process_id, happened=told.happened, detail=told.detail)
        for watcher in self.watchers:
            watcher(told)


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    log.error("unforeseen", exc_info=error)
    return ProblemError(f"Something failed that nobody foresaw ({type(error).__name__}).")
