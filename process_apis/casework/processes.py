"""What people do about processes themselves, whether or not a case is open: replay them, and give them up."""

import secrets

from process_apis.casework.remedies import Remedies
from process_apis.casework.undoing import Undoing, owner, subject_of
from tollway.audit.record import Deed
from tollway.audit.trail import keep
from tollway.canonical.case import Case
from tollway.canonical.process import CancellationOrder, ProcessReplay, ProcessState, ProcessStatus
from tollway.cases import Cases
from tollway.cases.actors import Actor, actor
from tollway.engine import Engine
from tollway.problems import Conflict
from tollway.storage import Database


class ProcessDesk:
    """Replays and cancels processes for whoever owns them: the desk of their case, or else the one of their kind."""

    def __init__(self, database: Database, engine: Engine, cases: Cases, undoing: Undoing, remedies: Remedies) -> None:
        self._database = database
        self._engine = engine
        self._cases = cases
        self._undoing = undoing
        self._remedies = remedies

    async def replay(self, process_id: str, order: ProcessReplay) -> ProcessState:
        """Run a process again from a step; raises NotFound, Forbidden or Conflict."""
        state, by = await self._engine.state(process_id), actor()
        await self._undoing.require_standing(state)
        said = f"from step {order.from_step}" + (f": {order.reason}" if order.reason else "")
        if state.status is ProcessStatus.PARKED:
            await self._replay_parked(state, order.from_step, by, said)
        else:
            by.require_role(owner(state.process), f"Process {process_id}")
            await self._engine.replay(process_id, order.from_step)
        await self._note("process.replayed", process_id, by, said)
        return await self._engine.state(process_id)

    async def cancel(self, process_id: str, order: CancellationOrder) -> ProcessState:
        """Give a process up and undo what it did; raises NotFound, Forbidden or Conflict."""
        state, by = await self._engine.state(process_id), actor()
        if state.status is ProcessStatus.CANCELLED:
            raise Conflict(f"Process {process_id} is cancelled already.")
        self._undoing.require_undoable(state)
        if state.status is ProcessStatus.PARKED:
            await self._remedies.cancel((await self._case_of(state)).id)
        else:
            by.require_role(owner(state.process), f"Process {process_id}")
            await self._undoing.undo(state.process, process_id, subject_of(state))
        await self._note("process.cancelled", process_id, by, order.reason)
        return await self._engine.state(process_id)

    async def _replay_parked(self, state: ProcessState, from_step: int, by: Actor, said: str) -> None:
        case = await self._case_of(state)
        by.require(case)
        hand = secrets.token_hex(8)
        await self._cases.retrying(case.id, by.name, hand)
        try:
            await self._cases.let_go(case.id, hand, "replayed", by.name, said)
            await self._engine.replay(state.process_id, from_step)
        except BaseException:
            await self._cases.reopen(case.id)
            raise

    async def _case_of(self, state: ProcessState) -> Case:
        case = await self._cases.open_case(state.process_id)
        if case is None:
            raise Conflict(f"Somebody is at the case of process {state.process_id} at this very moment.")
        return case

    async def _note(self, action: str, process_id: str, by: Actor, said: str) -> None:
        details = {"detail": said} if said else {}
        async with self._database.transaction() as connection:
            keep(connection, Deed(action=action, about=process_id, by=by.name, details=details))
