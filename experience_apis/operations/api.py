"""The operations API: what is stuck, on whose desk, and what to do about it."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessState
from tollway.canonical.record import FreeText, Identifier, Many
from tollway.ports.casework import Casework
from tollway.problems import found

READ, WRITE = {"scope": "operations:read"}, {"scope": "operations:write"}
Work = Annotated[Casework, Dependency(skip_validation=True)]


@get("/operations/v1/cases", operation_id="listCases", opt=READ)
async def list_cases(casework: Work, status: CaseStatus | None = None, subject: FreeText = "") -> Many[Case]:
    """Cases, oldest first; `subject` is a deal's id or a project's number."""
    return await casework.cases(status, subject)


@get("/operations/v1/cases/{case_id:str}", operation_id="getCase", opt=READ)
async def get_case(casework: Work, case_id: Identifier) -> Case:
    """One case."""
    return found(await casework.case(case_id), f"case {case_id}")


@post("/operations/v1/cases/{case_id:str}/retry", operation_id="retryCase", status_code=202, opt=WRITE)
async def retry_case(casework: Work, case_id: Identifier) -> Case:
    """Run the parked process again, once its cause is mended."""
    return await casework.retry(case_id)


@post("/operations/v1/cases/{case_id:str}/cancellation", operation_id="cancelCase", status_code=202, opt=WRITE)
async def cancel_case(casework: Work, case_id: Identifier) -> Case:
    """Give the parked process up and undo what it did so far."""
    return await casework.cancel(case_id)


@get("/operations/v1/processes/{process_id:str}", operation_id="getProcess", opt=READ)
async def get_process(casework: Work, process_id: Identifier) -> ProcessState:
    """How far a process got, step by step."""
    return found(await casework.process(process_id), f"process {process_id}")


HANDLERS = (list_cases, get_case, retry_case, cancel_case, get_process)
