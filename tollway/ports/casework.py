"""Casework: parked processes and what people do about them."""

from typing import Protocol

from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessState


class Casework(Protocol):
    """Lists, retries and cancels."""

    async def cases(self, status: CaseStatus | None, subject: str) -> list[Case]:
        """Cases, oldest first; an empty subject means any."""
        ...

    async def case(self, case_id: str) -> Case | None:
        """One case."""
        ...

    async def retry(self, case_id: str) -> Case:
        """Run the parked process again; raises Conflict when the case is not open."""
        ...

    async def cancel(self, case_id: str) -> Case:
        """Give the parked process up and undo what it did; raises Conflict when the case is not open."""
        ...

    async def process(self, process_id: str) -> ProcessState | None:
        """How far a process got."""
        ...
