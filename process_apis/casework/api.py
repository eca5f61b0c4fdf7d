"""The HTTP face of casework."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessState
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.ports.casework import Casework
from tollway.problems import found

Port = Annotated[Casework, Dependency(skip_validation=True)]


@get("/casework/v1/cases", operation_id="listCases")
async def list_cases(casework: Port, status: CaseStatus | None = None, subject: FreeText = "") -> Many[Case]:
    """Cases, oldest first."""
    return await casework.cases(status, subject)


@get("/casework/v1/cases/{case_id:str}", operation_id="getCase")
async def get_case(casework: Port, case_id: Identifier) -> Case:
    """One case."""
    return found(await casework.case(case_id), f"case {case_id}")


@post("/casework/v1/cases/{case_id:str}/retry", operation_id="retryCase", status_code=202)
async def retry_case(casework: Port, case_id: Identifier) -> Case:
    """Run the parked process again."""
    return await casework.retry(case_id)


@post("/casework/v1/cases/{case_id:str}/cancellation", operation_id="cancelCase", status_code=202)
async def cancel_case(casework: Port, case_id: Identifier) -> Case:
    """Give the parked process up and undo what it did."""
    return await casework.cancel(case_id)


@get("/casework/v1/processes/{process_id:str}", operation_id="getProcess")
async def get_process(casework: Port, process_id: Identifier) -> ProcessState:
    """How far a process got, step by step."""
    return found(await casework.process(process_id), f"process {process_id}")


HANDLERS = (list_cases, get_case, retry_case, cancel_case, get_process)
