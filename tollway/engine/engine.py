"""Registers, starts, recovers, parks and retries processes."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._error import DBOSMaxStepRetriesExceeded
from msgspec.structs import replace
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url

from tollway import context
from tollway.canonical.case import CaseStatus
from tollway.canonical.process import ProcessState, ProcessStatus, StepRecord
from tollway.cases import Cases
from tollway.engine.serializer import JsonSerializer
from tollway.engine.steps import watching
from tollway.problems import Conflict, NotFound, ProblemError, Unavailable

log = structlog.get_logger()
VERSION = "1"
"""The version of the processes' shape. A change of what steps a process takes, and in which order, needs a new one."""
QUEUE = "processes"


class Process(msgspec.Struct, frozen=True):
    """A durable process: a name that stays, and the function of verbs that it runs."""

    name: str
    run: Callable[[Any], Awaitable[Any]]
    """Takes the process's argument, a struct; raises a ProblemError to park."""
    subject: Callable[[Any], str]
    """The deal or project that an argument is about."""


class ProcessEvent(msgspec.Struct, frozen=True):
    """Something a process did, for whoever watches."""

    process: str
    process_id: str
    subject: str
    happened: str
    """`started`, `step`, `finished` or `parked`."""
    detail: str = ""
    """The step's name, or why the process is parked."""
    seconds: float = 0.0


_STATUS = {
    "PENDING": ProcessStatus.RUNNING,
    "ENQUEUED": ProcessStatus.QUEUED,
    "DELAYED": ProcessStatus.QUEUED,
    "SUCCESS": ProcessStatus.FINISHED,
    "CANCELLED": ProcessStatus.CANCELLED,
}
UNFINISHED = (ProcessStatus.RUNNING, ProcessStatus.QUEUED)


class Engine:
    """The processes of this operating-system process; there is one."""

    def __init__(self, cases: Cases, processes: Sequence[Process], *, most_at_once: int = 32) -> None:
        self._cases = cases
        self._processes = {process.name: process for process in processes}
        self._workflows: dict[str, Callable[[str, Any], Any]] = {}
        self._most = most_at_once
        self._running = 0
        self.watchers: list[Callable[[ProcessEvent], None]] = []

    async def launch(self, folder: Path, url: str, executor: str) -> None:
        """Start, and take up what this executor left unfinished; `url` empty keeps a SQLite file in `folder`."""
        config: DBOSConfig = {
            "name": "tollway",
            "application_version": VERSION,
            "executor_id": executor,
            "serializer": JsonSerializer(),
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        if url:
            config["system_database_url"] = _driver(url)
            config["dbos_system_schema"] = "tollway_engine"
        else:
            config |= _sqlite(folder)
        DBOS(config=config)
        logging.getLogger("dbos").addFilter(_worth_logging)
        for name, process in self._processes.items():
            self._workflows[name] = DBOS.workflow(name=name, max_recovery_attempts=100)(self._body(process))
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, worker_concurrency=self._most, polling_interval_sec=0.1)
        await self._reopen_unretried()

    async def close(self) -> None:
        """Stop after the step that is running; the rest is taken up at the next start."""
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=3)

    async def start(self, name: str, process_id: str, argument: msgspec.Struct) -> None:
        """Start a process once: a second start under the same id changes nothing."""
        workflow, correlation_id = self._workflows[name], context.current().correlation_id
        with SetWorkflowID(process_id):
            if self._running < self._most:
                await DBOS.start_workflow_async(workflow, correlation_id, argument)
            else:
                await DBOS.enqueue_workflow_async(QUEUE, workflow, correlation_id, argument)

    async def start_or_retry(self, name: str, process_id: str, argument: msgspec.Struct, *, retry: bool) -> None:
        """Start a process; when it is parked already and `retry` is set, run it again."""
        case = await self._cases.open_case(process_id) if retry else None
        if case is None:
            await self.start(name, process_id, argument)
        else:
            with contextlib.suppress(Conflict):  # somebody retries it at this very moment
                await self._cases.retrying(case.id)
                await self.retry(process_id)

    async def retry(self, process_id: str) -> None:
        """Run a parked process again from its first step: what took effect stays, what was read is read anew."""
        await DBOS.rewind_workflow_async(process_id, start_step=1, queue_name=QUEUE)

    async def wait(self, process_id: str, seconds: float) -> ProcessState:
        """The state of a process once it is not running any more, or as it is after `seconds`."""
        until = time.monotonic() + seconds
        while (state := await self.state(process_id)).status in UNFINISHED and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the engine tells nobody when a process of another worker ends
        return state

    async def state(self, process_id: str) -> ProcessState:
        """How far a process got, step by step; raises NotFound."""
        status = await DBOS.get_workflow_status_async(process_id)
        if status is None:
            raise NotFound(f"There is no process {process_id}.")
        steps = [
            StepRecord(
                number=info["function_id"],
                name=info["function_name"],
                error=str(info["error"] or ""),
                milliseconds=(info["completed_at_epoch_ms"] or 0) - (info["started_at_epoch_ms"] or 0),
            )
            for info in await DBOS.list_workflow_steps_async(process_id, load_output=False)
        ]
        shown = _STATUS.get(status.status, ProcessStatus.PARKED)
        return ProcessState(process_id=process_id, process=status.name, status=shown, steps=steps)

    async def _reopen_unretried(self) -> None:
        """Whoever marked a case as being retried may have stopped before the process began again."""
        for case in await self._cases.list(CaseStatus.RETRYING, limit=10_000):
            if (await self.state(case.process_id)).status is ProcessStatus.PARKED:
                await self._cases.reopen(case.id)

    def _body(self, process: Process) -> Callable[[str, Any], Awaitable[Any]]:
        async def run(correlation_id: str, argument: Any) -> Any:
            process_id = str(DBOS.workflow_id)
            said = ProcessEvent(process.name, process_id, process.subject(argument), "started")
            request = replace(context.new_context(correlation_id), process_id=process_id)
            token, started = context.enter(request), time.monotonic()
            watching.set(lambda name, seconds: self._tell(replace(said, happened="step", detail=name, seconds=seconds)))
            self._running += 1
            try:
                self._tell(said)
                result = await process.run(argument)
                await self._cases.resolve(process_id)
                self._tell(replace(said, happened="finished", seconds=time.monotonic() - started))
            except Exception as error:
                problem = _problem(error)
                await self._cases.park(process.name, process_id, process.subject(argument), problem)
                seconds = time.monotonic() - started
                self._tell(replace(said, happened="parked", detail=problem.detail, seconds=seconds))
                raise problem from error
            else:
                return result
            finally:
                self._running -= 1
                with contextlib.suppress(ValueError):  # a generator of the engine's may end in another context
                    context.leave(token)

        run.__qualname__ = run.__name__ = process.name
        return run

    def _tell(self, told: ProcessEvent) -> None:
        log.info("process", name=told.process, id=told.process_id, happened=told.happened, detail=told.detail)
        for watcher in self.watchers:
            watcher(told)


def _worth_logging(record: logging.LogRecord) -> bool:
    """Parking ends a workflow with an error on purpose; the case tells of it, the log need not."""
    return not (record.exc_info and isinstance(record.exc_info[1], ProblemError))


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, DBOSMaxStepRetriesExceeded) and error.errors:
        last = error.errors[-1]
        return last if isinstance(last, ProblemError) else Unavailable(str(last))
    log.error("unforeseen", exc_info=error)
    return ProblemError(f"Something failed that nobody foresaw ({type(error).__name__}).")


def _driver(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _sqlite(folder: Path) -> DBOSConfig:
    folder.mkdir(parents=True, exist_ok=True)
    address = f"sqlite:///{folder / 'engine.db'}"
    engine = create_engine(address, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return {"system_database_url": address, "system_database_engine": engine}
