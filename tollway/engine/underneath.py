"""What we use of DBOS beyond what it publishes; a test holds the installed one to it."""

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS
from dbos._dbos import _get_dbos_instance
from dbos._schemas.system_database import SystemSchema
from dbos._utils import INTERNAL_QUEUE_NAME
from sqlalchemy import Engine, delete, select, update

statuses = SystemSchema.workflow_status
outputs = SystemSchema.operation_outputs
UNDER_WAY = ("PENDING", "ENQUEUED")
_QUEUED = {
    "status": "ENQUEUED",
    "queue_name": INTERNAL_QUEUE_NAME,
    "owner_xid": None,
    "started_at_epoch_ms": None,
}
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


def system_engine() -> Engine:
    """The connections to the engine's own tables, of the engine that runs."""
    return _get_dbos_instance()._sys_db.engine  # noqa: SLF001 - see above


def running() -> set[asyncio.Task[Any]]:
    """The processes that run here, those included that have only just been taken."""
    return set(_get_dbos_instance()._workflow_tasks)  # noqa: SLF001


def take_no_more() -> None:
    """Take nothing from the queue any more; what runs goes on."""
    for stop in _get_dbos_instance().background_thread_stop_events:
        stop.set()


def give_back(executors: Collection[str]) -> None:
    """Put what these have not finished into the queue, for any worker of the same version to go on with."""
    DBOS._recover_pending_workflows(list(executors))  # noqa: SLF001


def end() -> None:
    """End the engine, and let go of its files."""
    connections = system_engine()
    DBOS.destroy()
    connections.dispose()  # on SQLite they are ours, and keep the file from being replaced


def give_threads() -> None:
    """Give the event loop threads again: those it was given by the engine have ended with that."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))


def executors_at_work(version: str) -> set[str]:
    """Who has unfinished processes of a version, living or not."""
    mine = (statuses.c.status == "PENDING") & (statuses.c.application_version == version)
    with system_engine().connect() as connection:
        return {row.executor_id for row in connection.execute(select(statuses.c.executor_id).where(mine).distinct())}


def recorded_as_running(executor: str) -> set[str]:
    """The processes that a worker took and did not finish, as far as is recorded."""
    mine = (statuses.c.status == "PENDING") & (statuses.c.executor_id == executor)
    with system_engine().connect() as connection:
        return {row.workflow_uuid for row in connection.execute(select(statuses.c.workflow_uuid).where(mine))}


def queue_again(executor: str, processes: Collection[str]) -> None:
    """Put what a worker has not finished of these into the queue; what is recorded of their steps counts."""
    mine = (statuses.c.status == "PENDING") & (statuses.c.executor_id == executor)
    with system_engine().begin() as connection:
        connection.execute(update(statuses).where(mine & statuses.c.workflow_uuid.in_(processes)).values(_QUEUED))


def adopt(version: str, living: Collection[str]) -> list[str]:
    """Have what versions that nobody works any more left begin anew as this version; answers the processes.

    Their steps may be others or in another order, so what was recorded of them does not count; what took effect is not
    repeated, since effects know.
    """
    left = statuses.c.status.in_(UNDER_WAY) & statuses.c.application_version.not_in([version, *living])
    with system_engine().begin() as connection:
        rows = connection.execute(select(statuses.c.workflow_uuid).where(left).limit(1000).with_for_update())
        ids = [row.workflow_uuid for row in rows]
        if ids:
            connection.execute(delete(outputs).where(outputs.c.workflow_uuid.in_(ids)))
            anew = {**_QUEUED, "application_version": version, "recovery_attempts": 0}
            connection.execute(update(statuses).where(statuses.c.workflow_uuid.in_(ids)).values(anew))
    return ids


def forget_steps(processes: Collection[str]) -> None:
    """Forget what processes did; that they were begun, with what and how they ended stays."""
    with system_engine().begin() as connection:
        connection.execute(delete(outputs).where(outputs.c.workflow_uuid.in_(processes)))


def cancel_halted(process_id: str) -> None:
    """Have a process that came to a halt count as cancelled; DBOS cancels only what has not ended."""
    halted = (statuses.c.workflow_uuid == process_id) & statuses.c.status.in_(FAILED)
    with system_engine().begin() as connection:
        connection.execute(update(statuses).where(halted).values(status="CANCELLED", error=None))
