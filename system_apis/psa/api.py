"""The HTTP face of the PSA port, whichever platform is behind it."""

import datetime as dt
from typing import Annotated

from litestar import get, post, put
from litestar.params import Dependency

from tollway.canonical.listing import ProjectStandingPage, Span, WorkPage
from tollway.canonical.project import Project, ProjectBilling, ProjectDetails, ProjectPlan
from tollway.canonical.record import Changes, Cursor, FreeText, Identifier, Timestamp
from tollway.canonical.work import BilledItems, ProjectWork
from tollway.ports.psa import Psa
from tollway.problems import agree, found

Port = Annotated[Psa, Dependency(skip_validation=True)]


@post("/psa/v1/projects", operation_id="createProject")
async def create_project(psa: Port, data: ProjectDetails) -> Project:
    """Create the project, or bring the one with this number to these details."""
    return await psa.create_project(data)


@get("/psa/v1/projects/{number:str}", operation_id="getProject")
async def get_project(psa: Port, number: Identifier) -> Project:
    """The project with this number."""
    return found(await psa.find_project(number), f"project {number} in the PSA")


@put("/psa/v1/projects/{number:str}/plan", operation_id="setPlan")
async def set_plan(psa: Port, number: Identifier, data: ProjectPlan) -> ProjectPlan:
    """Give a project its tasks, milestones and rate card."""
    agree(number, data.project_number)
    return await psa.set_plan(data)


@get("/psa/v1/projects/{number:str}/plan", operation_id="getPlan")
async def get_plan(psa: Port, number: Identifier) -> ProjectPlan:
    """The project's tasks, milestones and rate card."""
    return found(await psa.find_plan(number), f"plan of project {number}")


@post("/psa/v1/projects/{number:str}/cancellation", operation_id="cancelProject", status_code=204)
async def cancel_project(psa: Port, number: Identifier) -> None:
    """Take back a project that was created for nothing."""
    await psa.cancel_project(number)


@get("/psa/v1/projects/{number:str}/work", operation_id="getWork")
async def get_work(psa: Port, number: Identifier) -> ProjectWork:
    """All approved billable work of the project."""
    return await psa.project_work(number)


@get("/psa/v1/work-changes", operation_id="listWorkChanges")
async def list_work_changes(psa: Port, moment: Timestamp, after: FreeText = "") -> Changes:
    """Projects whose approved work changed after (moment, after), oldest first."""
    return await psa.work_changes(Cursor(moment=moment, id=after))


@get("/psa/v1/project-standings", operation_id="listProjectStandings")
async def list_project_standings(psa: Port, after: FreeText = "") -> ProjectStandingPage:
    """Our projects with what was told of their billing, behind the place `after`."""
    return await psa.project_standings(after)


@get("/psa/v1/work-entries", operation_id="listWorkEntries")
async def list_work_entries(
    psa: Port, start: dt.date, end: dt.date, project_number: FreeText = "", after: FreeText = ""
) -> WorkPage:
    """Approved billable work from `start` to `end`, of one project or of all of ours, behind the place `after`."""
    return await psa.work_entries(Span(start=start, end=end), project_number, after)


@put("/psa/v1/billed-items/{invoice_number:str}", operation_id="markBilled", status_code=204)
async def mark_billed(psa: Port, invoice_number: Identifier, data: BilledItems) -> None:
    """Write the invoice number onto the billed time and milestones."""
    agree(invoice_number, data.invoice_number)
    await psa.mark_billed(data)


@post("/psa/v1/billed-items/{invoice_number:str}/release", operation_id="unmarkBilled", status_code=204)
async def unmark_billed(psa: Port, invoice_number: Identifier, data: BilledItems) -> None:
    """Have what carries the invoice's number count as not billed."""
    agree(invoice_number, data.invoice_number)
    await psa.unmark_billed(data)


@get("/psa/v1/billed-items/{invoice_number:str}", operation_id="getBilled")
async def get_billed(psa: Port, invoice_number: Identifier) -> BilledItems:
    """What the PSA says the invoice carries."""
    return found(await psa.find_billed(invoice_number), f"billed work of invoice {invoice_number}")


@put("/psa/v1/projects/{number:str}/billing", operation_id="reportBilling", status_code=204)
async def report_billing(psa: Port, number: Identifier, data: ProjectBilling) -> None:
    """Write invoice and payment status onto the project."""
    agree(number, data.project_number)
    await psa.report_billing(data)


@get("/psa/v1/projects/{number:str}/billing", operation_id="getBilling")
async def get_billing(psa: Port, number: Identifier) -> ProjectBilling:
    """What the project says of its billing."""
    return found(await psa.find_billing(number), f"billing of project {number}")


HANDLERS = (
    create_project,
    get_project,
    set_plan,
    get_plan,
    cancel_project,
    get_work,
    list_work_changes,
    list_project_standings,
    list_work_entries,
    mark_billed,
    unmark_billed,
    get_billed,
    report_billing,
    get_billing,
)
