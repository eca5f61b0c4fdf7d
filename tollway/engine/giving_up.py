"""Giving a process up: it begins no further step, or, when nobody has started it yet, none at all."""

import asyncio
from collections.abc import Callable
from typing import Any

from dbos import DBOS, SetWorkflowID

from tollway import context
from tollway.canonical.process import ProcessStatus
from tollway.engine import history, underneath
from tollway.problems import NotFound

NOWHERE = "given-up"
"""A queue that nobody works: what is put there holds the id of a process, so that a later start changes nothing."""


async def given_up(workflow: Callable[..., Any], process_id: str) -> Any:
    """Cancel a process unless it has finished; answers its argument, None when it never had any."""
    try:
        await history.status(process_id)
    except NotFound:
        with SetWorkflowID(process_id):
            await DBOS.enqueue_workflow_async(NOWHERE, workflow, context.current().correlation_id, None)
    await DBOS.cancel_workflow_async(process_id)
    await asyncio.to_thread(underneath.cancel_halted, process_id)
    kept = await DBOS.get_workflow_status_async(process_id)
    return kept.input["args"][-1] if kept and kept.input else None


async def was_given_up(process_id: str) -> bool:
    """Whether a process is to begin nothing more."""
    return await history.status(process_id) is ProcessStatus.CANCELLED
