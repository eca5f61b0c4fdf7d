"""What waits on a case, to be run again or given up: a process, a notice of a platform, or nothing at all."""

import contextlib

from process_apis.casework.undoing import Undoing, require_no_undoing, undoes
from tollway.canonical.case import Case
from tollway.canonical.process import ProcessState, ProcessStatus
from tollway.engine import Engine
from tollway.ingress.drainer import case_identity
from tollway.ports.ingress import Ingress
from tollway.problems import Conflict, NotFound

NOTICE = case_identity("")
"""Begins what is named as the process of a case that a notice waits on."""


class Waiting:
    """Finds out, and does it."""

    def __init__(self, engine: Engine, ingress: Ingress, undoing: Undoing) -> None:
        self._engine = engine
        self._ingress = ingress
        self._undoing = undoing

    async def process(self, case: Case) -> ProcessState | None:
        """The process that waits on the case; None when none does."""
        with contextlib.suppress(NotFound):
            return await self._engine.state(case.process_id)
        return None

    async def runs_again(self, case: Case) -> bool:
        """Whether something waits on the case that can run again, as opposed to a finding, or to what was given up."""
        if _notice(case):
            return True
        process = await self.process(case)
        return process is not None and process.status is not ProcessStatus.CANCELLED

    async def can_be_given_up(self, case: Case) -> bool:
        """Whether the case can be cancelled, with what waits on it: what undoes something has to come to its end."""
        return not undoes(case.process) or await self.process(case) is None

    async def require_cancellable(self, case: Case) -> None:
        """Raise Conflict unless the case can be cancelled."""
        if not await self.can_be_given_up(case):
            require_no_undoing(case.process, case.process_id)

    async def require_runnable(self, case: Case) -> None:
        """Raise Conflict unless something waits on the case that can run again."""
        if await self.runs_again(case):
            return
        if await self.process(case) is not None:
            raise Conflict(f"Process {case.process_id} was given up and does not run again: cancel case {case.id}.")
        raise Conflict(f"No process waits on case {case.id}, so nothing can run again: {case.remedy}")

    async def run_again(self, case: Case) -> None:
        """Run what waits on the case; raises Conflict where it cannot run now."""
        if notice_id := _notice(case):
            await self._ingress.retry(notice_id)
        else:
            await self._engine.retry(case.process_id)

    async def give_up(self, case: Case) -> None:
        """Have what waits on the case begin nothing more, and undo what it did; raises Conflict where it cannot be."""
        if notice_id := _notice(case):
            with contextlib.suppress(NotFound, Conflict):  # settled since, so that nothing waits any more
                await self._ingress.skip(notice_id)
        elif await self.process(case) is not None:
            require_no_undoing(case.process, case.process_id)
            await self._undoing.undo(case.process, case.process_id, case.subject)


def _notice(case: Case) -> str:
    """The id of the notice that waits on the case; empty when none does."""
    return case.process_id.removeprefix(NOTICE) if case.process_id.startswith(NOTICE) else ""
