"""Casework as the other services see it."""

import contextlib

from process_apis.casework.bulk import Bulk
from process_apis.casework.files import CaseFiles
from process_apis.casework.processes import ProcessDesk
from process_apis.casework.remedies import Remedies
from tollway.canonical.case import Case
from tollway.canonical.casework import (
    BulkOrder,
    BulkResult,
    CaseAssignment,
    CaseComment,
    CaseEvent,
    CaseFile,
    CaseFilter,
    DeskCount,
    EditAndRetry,
    MergeCustomers,
    SkipStep,
)
from tollway.canonical.process import (
    CancellationOrder,
    ProcessDetail,
    ProcessFilter,
    ProcessPage,
    ProcessReplay,
    ProcessState,
)
from tollway.cases import Cases
from tollway.cases.actors import actor
from tollway.cases.desk import Desk
from tollway.cases.overlays import Overlays
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.problems import NotFound


class DealCasework:
    """Implements the casework port."""

    def __init__(
        self,
        cases: Cases,
        desk: Desk,
        engine: Engine,
        effects: Effects,
        overlays: Overlays,
        remedies: Remedies,
        processes: ProcessDesk,
    ) -> None:
        self._cases = cases
        self._desk = desk
        self._engine = engine
        self._remedies = remedies
        self._processes = processes
        self._files = CaseFiles(desk, effects, overlays, remedies)
        self._bulk = Bulk(desk, remedies)

    async def cases(self, wanted: CaseFilter) -> list[Case]:
        return await self._desk.cases(wanted, actor())

    async def desks(self, *, mine: bool) -> list[DeskCount]:
        return await self._desk.counts(actor() if mine else None)

    async def case(self, case_id: str) -> Case | None:
        with contextlib.suppress(NotFound):
            return await self._cases.get(case_id)
        return None

    async def file(self, case_id: str) -> CaseFile:
        return await self._files.of(await self._cases.get(case_id))

    async def retry(self, case_id: str) -> Case:
        return await self._remedies.retry(case_id)

    async def edit_and_retry(self, case_id: str, order: EditAndRetry) -> Case:
        return await self._remedies.edit_and_retry(case_id, order)

    async def skip(self, case_id: str, order: SkipStep) -> Case:
        return await self._remedies.skip(case_id, order)

    async def merge(self, case_id: str, order: MergeCustomers) -> Case:
        return await self._remedies.merge(case_id, order)

    async def cancel(self, case_id: str) -> Case:
        return await self._remedies.cancel(case_id)

    async def assign(self, case_id: str, order: CaseAssignment) -> Case:
        return await self._desk.assign(case_id, order.assignee, actor())

    async def comment(self, case_id: str, comment: CaseComment) -> CaseEvent:
        return await self._desk.comment(case_id, comment.text, actor())

    async def bulk(self, order: BulkOrder) -> BulkResult:
        return await self._bulk.do(order)

    async def process(self, process_id: str) -> ProcessState | None:
        with contextlib.suppress(NotFound):
            return await self._engine.state(process_id)
        return None

    async def processes(self, wanted: ProcessFilter) -> ProcessPage:
        return await self._engine.processes(wanted)

    async def inspect(self, process_id: str) -> ProcessDetail:
        return await self._engine.inspect(process_id)

    async def replay(self, process_id: str, order: ProcessReplay) -> ProcessState:
        return await self._processes.replay(process_id, order)

    async def cancel_process(self, process_id: str, order: CancellationOrder) -> ProcessState:
        return await self._processes.cancel(process_id, order)
