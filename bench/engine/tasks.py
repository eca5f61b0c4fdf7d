"""What is measured in one operating-system process, since there is one engine in each: `python -m bench.engine.tasks`.

The task comes as one JSON object, the answer leaves as another, on the last line.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from dbos import DBOS

from tollway.canonical.statement import BillingChange
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import Engine, Process, ProcessEvent, step
from tollway.engine.launching import configuration
from tollway.problems import Rejected
from tollway.storage import Database, open_database
from tollway.telemetry import configure_logging

SIDE_BY_SIDE = 16
"""Processes under way at a time, here and there."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Task(msgspec.Struct):
    """What is to be measured."""

    kind: str
    """`bare`, `ours` or `effects`: so many processes; `enqueue`: only started; `drain` or `idle`: for some seconds."""
    folder: str
    url: str = ""
    processes: int = 0
    steps: int = 5
    seconds: float = 0.0
    name: str = "bench"
    """Begins the ids of the processes."""


class Measure(msgspec.Struct):
    """What it took."""

    processes: int
    seconds: float
    cpu: float
    """Processor seconds of the worker, without its database."""
    memory: list[int] = []
    """Resident bytes every second."""


class Work:
    """A process of steps that do nothing, or that each apply an effect."""

    def __init__(self, task: Task, effects: Effects | None) -> None:
        self._steps = task.steps
        self._effects = effects

    @step
    async def verb(self, number: str) -> str:
        """One step."""
        if self._effects:

            async def send() -> str:
                return "applied"

            async def find() -> str | None:
                return None

            return await self._effects.apply(f"bench:{number}", number, send, find, str)
        return number

    async def run(self, change: BillingChange) -> str:
        """All of them."""
        for number in range(self._steps):
            await self.verb(f"{change.project_number}:{number}")
        return "done"

    async def park(self, change: BillingChange) -> str:
        """A process that comes to a halt."""
        raise Rejected(f"The bench parks {change.project_number}.")


async def measure(task: Task) -> Measure:
    """Carry out a task."""
    folder = Path(task.folder)
    if task.kind == "bare":
        return await _bare(task, folder)
    database = await open_database(folder, task.url)
    work = Work(task, Effects(database, [0.0]) if task.kind == "effects" else None)
    try:
        async with _engine(task, folder, database, work) as engine:
            if task.kind in {"drain", "idle"}:
                return await _watched(task, engine)
            return await _started(task, engine)
    finally:
        await database.close()


@asynccontextmanager
async def _engine(task: Task, folder: Path, database: Database, work: Work) -> AsyncIterator[Engine]:
    processes = [
        Process(name="bench", run=work.run, subject=lambda change: change.project_number),
        Process(name="parking", run=work.park, subject=lambda change: change.project_number),
    ]
    # With no room for another process, whatever is started goes through the queue.
    engine = Engine(Cases(database), processes, **({"most_at_once": 0} if task.kind == "enqueue" else {}))
    await engine.launch(folder, task.url, "bench", database if task.url else None)
    try:
        yield engine
    finally:
        await engine.close()


async def _started(task: Task, engine: Engine) -> Measure:
    finished: asyncio.Queue[str] = asyncio.Queue()

    def told(event: ProcessEvent) -> None:
        if event.happened in {"finished", "parked"}:
            finished.put_nowait(event.process_id)

    engine.watchers.append(told)
    name = "parking" if task.name == "parked" else "bench"

    async def one(number: int) -> None:
        change = BillingChange(project_number=f"{task.name}-{number}", trigger="bench")
        await engine.start(name, f"{task.name}:{number}", change)
        if task.kind != "enqueue":
            await finished.get()

    return await _timed(task, one)


async def _bare(task: Task, folder: Path) -> Measure:
    config = configuration(folder, task.url, "bare", "1")
    del config["serializer"]
    DBOS(config=config)

    @DBOS.step()
    async def verb(number: str) -> str:
        return number

    @DBOS.workflow()
    async def bare(change: str) -> str:
        for number in range(task.steps):
            await verb(f"{change}:{number}")
        return "done"

    DBOS.launch()

    async def one(number: int) -> None:
        handle = await DBOS.start_workflow_async(bare, f"{task.name}-{number}")
        await handle.get_result()

    try:
        return await _timed(task, one)
    finally:
        await asyncio.to_thread(DBOS.destroy)


async def _timed(task: Task, one: Callable[[int], Awaitable[None]]) -> Measure:
    numbers = iter(range(task.processes))

    async def several() -> None:
        for number in numbers:
            await one(number)

    await one(-1)  # what is done once only
    gc.collect()
    began, used = time.monotonic(), time.process_time()
    await asyncio.gather(*[several() for _ in range(SIDE_BY_SIDE)])
    return Measure(task.processes, time.monotonic() - began, time.process_time() - used)


async def _watched(task: Task, engine: Engine) -> Measure:
    """Work what is in the queue for some seconds, or until `processes` are done."""
    done, memory = 0, []

    def told(event: ProcessEvent) -> None:
        nonlocal done
        done += event.happened == "finished"

    engine.watchers.append(told)
    await asyncio.sleep(2)  # what a start costs
    done, began, used = 0, time.monotonic(), time.process_time()
    while (passed := time.monotonic() - began) < task.seconds and not (task.processes and done >= task.processes):
        memory.append(_resident())
        await asyncio.sleep(min(1.0, task.seconds - passed))
    return Measure(done, time.monotonic() - began, time.process_time() - used, memory)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


if __name__ == "__main__":
    configure_logging("people")
    print(msgspec.json.encode(asyncio.run(measure(msgspec.json.decode(sys.argv[1], type=Task)))).decode())
