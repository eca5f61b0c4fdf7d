"""The casework port over HTTP."""

from typing import Any

import msgspec

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
from tollway.http.services import ServiceClient, segment
from tollway.remotes.find import find


class RemoteCasework:
    """Calls the casework service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def cases(self, wanted: CaseFilter) -> list[Case]:
        return await self._client.call("GET", "/casework/v1/cases", list[Case], **_query(wanted))

    async def desks(self, *, mine: bool) -> list[DeskCount]:
        query = {"mine": "true"} if mine else {}
        return await self._client.call("GET", "/casework/v1/desks", list[DeskCount], **query)

    async def case(self, case_id: str) -> Case | None:
        return await find(self._client, _case(case_id), Case)

    async def file(self, case_id: str) -> CaseFile:
        return await self._client.call("GET", f"{_case(case_id)}/file", CaseFile)

    async def retry(self, case_id: str) -> Case:
        return await self._do(case_id, "retry")

    async def edit_and_retry(self, case_id: str, order: EditAndRetry) -> Case:
        return await self._do(case_id, "edits", order)

    async def skip(self, case_id: str, order: SkipStep) -> Case:
        return await self._do(case_id, "skip", order)

    async def merge(self, case_id: str, order: MergeCustomers) -> Case:
        return await self._do(case_id, "merge", order)

    async def cancel(self, case_id: str) -> Case:
        return await self._do(case_id, "cancellation")

    async def assign(self, case_id: str, order: CaseAssignment) -> Case:
        return await self._do(case_id, "assignment", order)

    async def comment(self, case_id: str, comment: CaseComment) -> CaseEvent:
        return await self._client.call("POST", f"{_case(case_id)}/comments", CaseEvent, body=comment)

    async def bulk(self, order: BulkOrder) -> BulkResult:
        return await self._client.call("POST", "/casework/v1/bulk-actions", BulkResult, body=order)

    async def process(self, process_id: str) -> ProcessState | None:
        return await find(self._client, _process(process_id), ProcessState)

    async def processes(self, wanted: ProcessFilter) -> ProcessPage:
        return await self._client.call("GET", "/casework/v1/processes", ProcessPage, **_query(wanted))

    async def inspect(self, process_id: str) -> ProcessDetail:
        return await self._client.call("GET", f"{_process(process_id)}/steps", ProcessDetail)

    async def replay(self, process_id: str, order: ProcessReplay) -> ProcessState:
        return await self._client.call("POST", f"{_process(process_id)}/replay", ProcessState, body=order)

    async def cancel_process(self, process_id: str, order: CancellationOrder) -> ProcessState:
        return await self._client.call("POST", f"{_process(process_id)}/cancellation", ProcessState, body=order)

    async def _do(self, case_id: str, what: str, body: Any = None) -> Case:
        return await self._client.call("POST", f"{_case(case_id)}/{what}", Case, body=body)


def _case(case_id: str) -> str:
    return f"/casework/v1/cases/{segment(case_id)}"


def _process(process_id: str) -> str:
    return f"/casework/v1/processes/{segment(process_id)}"


def _query(wanted: CaseFilter | ProcessFilter) -> dict[str, str]:
    """The filter as query parameters, without what means any."""
    given = msgspec.to_builtins(wanted, str_keys=True)
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
