"""Casework: parked processes and what people do about them.

Whoever acts on a case needs its role, which the access token grants; otherwise Forbidden is raised.
"""

from typing import Protocol

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


class Casework(Protocol):
    """Lists cases and takes what people do about them."""

    async def cases(self, wanted: CaseFilter) -> list[Case]:
        """A page of the cases that are meant, oldest first."""
        ...

    async def desks(self, *, mine: bool) -> list[DeskCount]:
        """How much waits on each desk; `mine` counts only what the caller may act on."""
        ...

    async def case(self, case_id: str) -> Case | None:
        """One case."""
        ...

    async def file(self, case_id: str) -> CaseFile:
        """All there is to know about a case, and what can be done about it; raises NotFound."""
        ...

    async def retry(self, case_id: str) -> Case:
        """Run the parked process again; raises Conflict when the case is not open."""
        ...

    async def edit_and_retry(self, case_id: str, order: EditAndRetry) -> Case:
        """Lay edits over the source record and run the process again; raises Invalid or Conflict."""
        ...

    async def skip(self, case_id: str, order: SkipStep) -> Case:
        """Leave a step out and run the process again; raises Conflict when the step may not be skipped."""
        ...

    async def merge(self, case_id: str, order: MergeCustomers) -> Case:
        """Say which ERP customer the account is and run the process again; raises Invalid or Conflict."""
        ...

    async def cancel(self, case_id: str) -> Case:
        """Give the parked process up and undo what it did; raises Conflict when the case is not open."""
        ...

    async def assign(self, case_id: str, order: CaseAssignment) -> Case:
        """Give the case to somebody, or back to the desk."""
        ...

    async def comment(self, case_id: str, comment: CaseComment) -> CaseEvent:
        """Write down something about the case, which anybody may."""
        ...

    async def bulk(self, order: BulkOrder) -> BulkResult:
        """Do the same about many cases, or tell which they would be."""
        ...

    async def process(self, process_id: str) -> ProcessState | None:
        """How far a process got."""
        ...

    async def processes(self, wanted: ProcessFilter) -> ProcessPage:
        """A page of processes, the latest first; raises Invalid for a cursor that no page gave."""
        ...

    async def inspect(self, process_id: str) -> ProcessDetail:
        """Everything that is recorded of a process, secrets masked; raises NotFound."""
        ...

    async def replay(self, process_id: str, order: ProcessReplay) -> ProcessState:
        """Run a process that ended or is parked again from a step, repeating no effect; raises NotFound or Conflict."""
        ...

    async def cancel_process(self, process_id: str, order: CancellationOrder) -> ProcessState:
        """Give a process up wherever it is and undo what it did; raises NotFound, or Conflict where that cannot be."""
        ...
