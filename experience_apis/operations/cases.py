"""What is stuck, on whose desk, and what to do about it."""

from typing import Annotated

from litestar import get, post
from litestar.params import Dependency

from tollway.canonical.case import Case, CaseStatus, Category, OwnerRole, Severity
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
from tollway.canonical.record import FreeText, Identifier, Many, PageSize, Timestamp
from tollway.ports.casework import Casework
from tollway.problems import found

READ, WRITE = {"scope": "operations:read"}, {"scope": "operations:write"}
"""Acting on a case also takes the scope of its owner role, such as `operations:finance_operations`."""
Work = Annotated[Casework, Dependency(skip_validation=True)]


@get("/operations/v1/cases", operation_id="listCases", opt=READ)
async def list_cases(
    casework: Work,
    status: CaseStatus | None = None,
    subject: FreeText = "",
    category: Category | None = None,
    role: OwnerRole | None = None,
    legal_entity: FreeText = "",
    assignee: FreeText = "",
    severity: Severity | None = None,
    opened_before: Timestamp | None = None,
    overdue: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    mine: bool = False,  # noqa: FBT001, FBT002 - as above
    after: FreeText = "",
    limit: PageSize = 100,
) -> Many[Case]:
    """Cases, oldest first; `subject` is a deal's id or a project's number.

    `mine` are those that the caller may act on. The next page is what comes `after` the last case's id.
    """
    wanted = CaseFilter(
        status=status,
        subject=subject,
        category=category,
        role=role,
        legal_entity=legal_entity,
        assignee=assignee,
        severity=severity,
        opened_before=opened_before,
        overdue=overdue,
        mine=mine,
        after=after,
        limit=limit,
    )
    return await casework.cases(wanted)


@get("/operations/v1/cases/{case_id:str}", operation_id="getCase", opt=READ)
async def get_case(casework: Work, case_id: Identifier) -> Case:
    """One case."""
    return found(await casework.case(case_id), f"case {case_id}")


@get("/operations/v1/cases/{case_id:str}/file", operation_id="getCaseFile", opt=READ)
async def get_case_file(casework: Work, case_id: Identifier) -> CaseFile:
    """All there is to know about a case: what was sent and came back, what was done, and what can be done now."""
    return await casework.file(case_id)


@get("/operations/v1/desks", operation_id="listDesks", opt=READ)
async def list_desks(
    casework: Work,
    mine: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> Many[DeskCount]:
    """How much waits on each desk, by what kind of trouble it is; `mine` is what the caller may act on."""
    return await casework.desks(mine=mine)


@post("/operations/v1/cases/{case_id:str}/retry", operation_id="retryCase", status_code=202, opt=WRITE)
async def retry_case(casework: Work, case_id: Identifier) -> Case:
    """Run the parked process again, once its cause is mended."""
    return await casework.retry(case_id)


@post("/operations/v1/cases/{case_id:str}/edits", operation_id="editAndRetryCase", status_code=202, opt=WRITE)
async def edit_and_retry_case(casework: Work, case_id: Identifier, data: EditAndRetry) -> Case:
    """Lay edits over the source record and run the process again.

    They hold until the source record itself changes. Which fields may be edited is in the case's file.
    """
    return await casework.edit_and_retry(case_id, data)


@post("/operations/v1/cases/{case_id:str}/skip", operation_id="skipStep", status_code=202, opt=WRITE)
async def skip_step(casework: Work, case_id: Identifier, data: SkipStep) -> Case:
    """Leave out the step that fails, where the process allows it, and run the process again."""
    return await casework.skip(case_id, data)


@post("/operations/v1/cases/{case_id:str}/merge", operation_id="mergeCustomers", status_code=202, opt=WRITE)
async def merge_customers(casework: Work, case_id: Identifier, data: MergeCustomers) -> Case:
    """Say which of several ERP customers the account is, and run the process again."""
    return await casework.merge(case_id, data)


@post("/operations/v1/cases/{case_id:str}/cancellation", operation_id="cancelCase", status_code=202, opt=WRITE)
async def cancel_case(casework: Work, case_id: Identifier) -> Case:
    """Give the parked process up and undo what it did so far."""
    return await casework.cancel(case_id)


@post("/operations/v1/cases/{case_id:str}/assignment", operation_id="assignCase", status_code=200, opt=WRITE)
async def assign_case(casework: Work, case_id: Identifier, data: CaseAssignment) -> Case:
    """Give the case to somebody, or back to the desk."""
    return await casework.assign(case_id, data)


@post("/operations/v1/cases/{case_id:str}/comments", operation_id="commentCase", status_code=201, opt=WRITE)
async def comment_case(casework: Work, case_id: Identifier, data: CaseComment) -> CaseEvent:
    """Write down something about the case, whosever desk it is on."""
    return await casework.comment(case_id, data)


@post("/operations/v1/bulk-actions", operation_id="actOnCases", status_code=200, opt=WRITE)
async def act_on_cases(casework: Work, data: BulkOrder) -> BulkResult:
    """Do the same about all open cases of a filter that the caller may act on; tells which, unless `dry_run` is false.

    At most 200 at a time. Each is done for itself: what is refused for one is told with it.
    """
    return await casework.bulk(data)


CASES = (
    list_cases,
    get_case,
    get_case_file,
    list_desks,
    retry_case,
    edit_and_retry_case,
    skip_step,
    merge_customers,
    cancel_case,
    assign_case,
    comment_case,
    act_on_cases,
)
