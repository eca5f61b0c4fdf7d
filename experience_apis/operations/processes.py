"""How far processes got, and what can be done about each: replay it from a step, or give it up."""

import asyncio
from typing import Annotated

from litestar import get, post
from litestar.params import Dependency
from msgspec.structs import replace

from tollway.canonical.process import (
    CancellationOrder,
    ProcessDetail,
    ProcessFilter,
    ProcessPage,
    ProcessReplay,
    ProcessState,
    ProcessStatus,
)
from tollway.canonical.record import FreeText, Identifier, PageSize, Timestamp
from tollway.ports.casework import Casework
from tollway.ports.history import History
from tollway.problems import found

READ, WRITE = {"scope": "operations:read"}, {"scope": "operations:write"}
"""Acting on a process also takes the scope of its case's owner role, or of whose it is while nothing is wrong."""
Work = Annotated[Casework, Dependency(skip_validation=True)]
Story = Annotated[History, Dependency(skip_validation=True)]


@get("/operations/v1/processes/{process_id:str}", operation_id="getProcess", opt=READ)
async def get_process(casework: Work, history: Story, process_id: Identifier) -> ProcessState:
    """How far a process got, step by step, and what belongs to it: what began it, what it wrote, its case."""
    state, told = await asyncio.gather(casework.process(process_id), history.process(process_id))
    return replace(found(state, f"process {process_id}"), deal_id=told.deal_id, timeline=told.items)


@get("/operations/v1/processes", operation_id="listProcesses", opt=READ)
async def list_processes(
    casework: Work,
    status: ProcessStatus | None = None,
    process: FreeText = "",
    subject: FreeText = "",
    since: Timestamp | None = None,
    cursor: FreeText = "",
    limit: PageSize = 100,
) -> ProcessPage:
    """Processes, the latest first: of a status, of a kind, about a deal or project, begun since a moment."""
    wanted = ProcessFilter(status=status, process=process, subject=subject, since=since, cursor=cursor, limit=limit)
    return await casework.processes(wanted)


@get("/operations/v1/processes/{process_id:str}/steps", operation_id="inspectProcess", opt=READ)
async def inspect_process(casework: Work, process_id: Identifier) -> ProcessDetail:
    """What a process was given, and what each of its steps answered, when, or why it failed; secrets are masked."""
    return await casework.inspect(process_id)


@post("/operations/v1/processes/{process_id:str}/replay", operation_id="replayProcess", status_code=202, opt=WRITE)
async def replay_process(casework: Work, process_id: Identifier, data: ProcessReplay) -> ProcessState:
    """Run a process that ended or is parked again from a step, keeping what earlier steps answered.

    What took effect is not repeated. A process that runs, or was given up, is not replayed.
    """
    return await casework.replay(process_id, data)


@post(
    "/operations/v1/processes/{process_id:str}/cancellation",
    operation_id="cancelProcess",
    status_code=202,
    opt=WRITE,
)
async def cancel_process(casework: Work, process_id: Identifier, data: CancellationOrder) -> ProcessState:
    """Give a process up, queued, running, parked or finished, and undo what it did, last things first.

    Projects are closed, an invoice that is not posted is cancelled, a posted one is credited.
    """
    return await casework.cancel_process(process_id, data)


PROCESSES = (get_process, list_processes, inspect_process, replay_process, cancel_process)
