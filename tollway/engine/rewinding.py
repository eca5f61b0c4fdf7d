"""Running a process again in place, from one of its steps."""

from dbos import DBOS
from dbos import error as dbos_error

from tollway.canonical.process import ProcessStatus
from tollway.engine import history
from tollway.engine.versions import VERSION
from tollway.problems import Conflict

QUEUE = "processes"
"""Where every worker takes what waits."""
UNFINISHED = (ProcessStatus.RUNNING, ProcessStatus.QUEUED)


async def rewind(process_id: str, from_step: int) -> None:
    """Have a process that ended run again from a step as this version; raises NotFound, or Conflict while it runs."""
    try:
        await DBOS.rewind_workflow_async(
            process_id, start_step=from_step, application_version=VERSION, queue_name=QUEUE
        )
    except dbos_error.DBOSException as error:
        status = await history.status(process_id)
        if status not in UNFINISHED:
            raise
        raise Conflict(f"Process {process_id} is {status}; cancel it, or wait until it ends.") from error


async def rewind_standing(process_id: str) -> None:
    """Have a process run again from its first step, as `rewind` does; raises Conflict once it was given up, too."""
    if await history.status(process_id) is ProcessStatus.CANCELLED:
        raise Conflict(f"Process {process_id} was given up and does not run again: cancel its case, if it is open.")
    await rewind(process_id, 1)
