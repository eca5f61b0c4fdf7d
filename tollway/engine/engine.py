"""Registers, starts, waits for, retries, replays and cancels processes."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
from dbos import DBOS, SetWorkflowID

from tollway import context
from tollway.background import Repeated
from tollway.canonical.case import CaseStatus
from tollway.canonical.process import (
    ProcessDetail,
    ProcessFilter,
    ProcessPage,
    ProcessState,
    ProcessStatus,
    ProcessSummary,
    StepDetail,
)
from tollway.cases import Cases
from tollway.engine import history, underneath
from tollway.engine.giving_up import given_up
from tollway.engine.launching import SCHEMA, configuration, postgresql, worth_logging
from tollway.engine.process import Process, ProcessEvent
from tollway.engine.recovery import Recovery
from tollway.engine.rewinding import QUEUE, UNFINISHED, rewind, rewind_standing
from tollway.engine.runs import Recorder, Runs, beginning
from tollway.engine.stranded import Stranded
from tollway.engine.turns import Turns
from tollway.engine.versions import VERSION
from tollway.engine.workers import Worker
from tollway.problems import Conflict, NotFound
from tollway.retries import Retries
from tollway.storage import Database

log = structlog.get_logger()
ANY = ProcessFilter()


class Engine:
    """The processes of this operating-system process; there is one."""

    def __init__(
        self, cases: Cases, processes: Sequence[Process], *, most_at_once: int = 32, retries: Retries | None = None
    ) -> None:
        self._cases = cases
        self._processes = {process.name: process for process in processes}
        self._workflows: dict[str, Callable[[str, Any], Any]] = {}
        self._most = most_at_once
        self._runs = Runs(cases, self._may_begin, retries or Retries())
        self._turns = Turns()
        self._leaving = False
        self.executor = ""
        """What this worker goes by, once it was launched."""
        self._worker: Worker | None = None
        self._recovery: Recovery | None = None
        self._beats: list[Repeated] = []

    @property
    def watchers(self) -> list[Callable[[ProcessEvent], None]]:
        """Who is told of everything that processes do here."""
        return self._runs.watchers

    @property
    def recorders(self) -> list[Recorder]:
        """Who writes down which processes went through here."""
        return self._runs.recorders

    @property
    def kinds(self) -> list[str]:
        """The names of all processes."""
        return list(self._processes)

    @property
    def once(self) -> list[str]:
        """The names of those that never begin anew."""
        return [name for name, process in self._processes.items() if process.once]

    def subject(self, name: str, argument: Any) -> str:
        """What a process with this argument is about; empty where that cannot be told any more."""
        process = self._processes.get(name)
        try:
            return process.subject(argument) if process else ""
        except AttributeError:  # an argument that could not be read is the text that was kept
            return ""

    async def launch(self, folder: Path, url: str, executor: str, among: Database | None = None) -> None:
        """Start working; `url` empty keeps a SQLite file in `folder`.

        Alone, a worker takes up what it left unfinished under the same name. `among` others, whose leases are in that
        database, it goes by a name of its own at every start, and whoever is there takes up what the dead left.
        """
        self.executor = f"{executor}#{secrets.token_hex(4)}" if among else executor
        if among:
            self._turns = Turns(among, self.executor)
            self._worker = Worker(among, self.executor, VERSION)
            await self._worker.begin()
        if url:
            # Its indexes are made beside running work and wait for every open transaction: ours must be able to end.
            await asyncio.to_thread(DBOS.migrate, postgresql(url), schema=SCHEMA)
        DBOS(config=configuration(folder, url, self.executor, VERSION))
        logging.getLogger("dbos").addFilter(worth_logging)
        for name, process in self._processes.items():
            self._workflows[name] = DBOS.workflow(name=name, max_recovery_attempts=100)(self._runs.body(process))
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, worker_concurrency=self._most, polling_interval_sec=0.1)
        if among and self._worker:
            self._recovery = Recovery(among, self._worker, VERSION, self._start_over)
            self._beats.append(Repeated("recovery", self._recovery.turn, Recovery.pause))
        else:
            await asyncio.to_thread(underneath.adopt, VERSION, ())
        self._beats.append(Stranded(self.executor, lambda: self._runs.here).repeated())
        for beat in self._beats:
            await beat.start()
        await self._reopen_unretried()

    async def close(self, seconds: float = 3.0) -> None:
        """Take nothing more, let the steps that run end within `seconds`, and leave the rest to others at once."""
        self._leaving = True
        underneath.take_no_more()
        if tasks := underneath.running():
            await asyncio.wait(tasks, timeout=seconds)
        await self._drop()
        for beat in self._beats:
            await beat.stop()
        await asyncio.to_thread(underneath.give_back, [self.executor])
        await asyncio.to_thread(underneath.end)
        underneath.give_threads()
        if self._recovery and self._worker:
            await self._recovery.end()
            await self._worker.end()

    async def start(self, name: str, process_id: str, argument: msgspec.Struct) -> None:
        """Start a process once: a second start under the same id changes nothing."""
        workflow, correlation_id = self._workflows[name], context.current().correlation_id
        here = len(self._runs.here) < self._most and await self._may_begin()
        token = beginning.set(True)
        try:
            with SetWorkflowID(process_id):
                if here:
                    await DBOS.start_workflow_async(workflow, correlation_id, argument)
                else:
                    await DBOS.enqueue_workflow_async(QUEUE, workflow, correlation_id, argument)
        finally:
            beginning.reset(token)

    async def start_or_retry(self, name: str, process_id: str, argument: msgspec.Struct, *, retry: bool) -> None:
        """Start a process; when it is parked already and `retry` is set, run it again."""
        case = await self._cases.open_case(process_id) if retry else None
        if case is None:
            await self.start(name, process_id, argument)
        else:
            with contextlib.suppress(Conflict):  # somebody retries it at this very moment, or has given it up
                async with self._cases.being_retried(case.id):
                    await self.retry(process_id)

    async def retry(self, process_id: str) -> None:
        """Run a parked process again from its first step: what took effect stays, what was read is read anew.

        Raises NotFound; Conflict while it runs, or once it was given up.
        """
        async with self._turns.of(process_id):
            await rewind_standing(process_id)

    async def replay(self, process_id: str, from_step: int = 1) -> None:
        """Run a process that came to its end or to a halt again from a step, keeping what earlier steps answered.

        What took effect is not repeated. Raises NotFound; Conflict while it runs, or when it took no such step.
        """
        state = await self.state(process_id)
        if state.status in UNFINISHED:
            raise Conflict(f"Process {process_id} is {state.status}; cancel it, or wait until it ends.")
        last = max((taken.number for taken in state.steps), default=0)
        if not 1 <= from_step <= last + 1:
            raise Conflict(f"Process {process_id} took steps 1 to {last}; it has no step {from_step} to go on from.")
        case = await self._cases.open_case(process_id)
        async with self._cases.being_retried(case.id) if case else contextlib.nullcontext():
            await rewind(process_id, from_step)
        log.info("replayed", process=process_id, from_step=from_step)

    async def give_up(self, name: str, process_id: str) -> Any:
        """Have a process that has not finished begin nothing more, or never begin; answers its argument, None for none.

        What it did stays until it is undone; its case is closed, unless somebody has that in hand.
        """
        async with self._turns.of(process_id):
            argument = await given_up(self._workflows[name], process_id)
        await self._cases.give_up(process_id)
        return argument

    async def wait(self, process_id: str, seconds: float) -> ProcessState:
        """The state of a process once it is not running any more, or as it is after `seconds`."""
        until = time.monotonic() + seconds
        while await history.status(process_id) in UNFINISHED and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the engine tells nobody when a process of another worker ends
        return await self.state(process_id)

    async def state(self, process_id: str) -> ProcessState:
        """How far a process got, step by step; raises NotFound."""
        return await history.state(process_id)

    async def inspect(self, process_id: str) -> ProcessDetail:
        """Everything that is recorded of a process, secrets masked; raises NotFound."""
        return await history.detail(process_id)

    async def processes(self, wanted: ProcessFilter = ANY) -> ProcessPage:
        """A page of processes, the latest first; raises Invalid for a cursor that no page gave."""
        return await history.page(wanted, self._beginnings([wanted.subject]) if wanted.subject else [])

    async def about(self, subjects: Sequence[str]) -> list[ProcessSummary]:
        """The processes about any of these deals or projects that are still remembered, the earliest first."""
        return await history.about(self._beginnings(subjects))

    async def steps(self, process_ids: Sequence[str]) -> list[tuple[str, StepDetail]]:
        """The steps that processes took, each with its process, without what they answered."""
        return await history.steps(process_ids)

    async def unfinished(self, beginnings: Sequence[str]) -> list[str]:
        """The ids of processes that are queued or run, and begin with one of these."""
        return await history.unfinished(beginnings)

    def _beginnings(self, subjects: Sequence[str]) -> list[str]:
        return [f"{kind}:{subject}" for kind in self.kinds for subject in subjects]

    async def _may_begin(self) -> bool:
        return not self._leaving and (self._worker is None or await self._worker.alive())

    async def _drop(self) -> None:
        for task in (tasks := underneath.running()):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_over(self) -> None:
        await self._drop()
        await asyncio.to_thread(underneath.give_back, [self.executor])

    async def _reopen_unretried(self) -> None:
        """Whoever marked a case as being retried may have stopped before the process began again."""
        for case in await self._cases.list(CaseStatus.RETRYING, limit=10_000):
            with contextlib.suppress(NotFound):
                if await history.status(case.process_id) is ProcessStatus.PARKED:
                    await self._cases.reopen(case.id)
