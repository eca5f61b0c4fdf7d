"""What is asked of the org: which records, of which project, in which order."""

from collections.abc import Iterable

from system_apis.psa.certinia import models
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.soql import after, behind, quote, quote_all
from tollway.canonical.listing import Span
from tollway.canonical.record import Cursor
from tollway.canonical.work import WorkKind

PROJECT, KEY = "pse__Proj__c", "Tollway_External_Id__c"
TASK, MILESTONE, TIMECARD = "pse__Project_Task__c", "pse__Milestone__c", "pse__Timecard_Header__c"
RATE, RATE_KEY = "Tollway_Project_Rate__c", "External_Id__c"
APPROVED_TIME = "pse__Status__c = 'Approved' AND pse__Billable__c = true AND pse__Exclude_from_Billing__c = false"
APPROVED_MILESTONE = (
    "pse__Approved_for_Billing__c = true AND pse__Status__c != 'Cancelled' "
    "AND pse__Exclude_from_Billing__c = false AND pse__Billing_Hold__c = false"
)
"""What is on an invoice counts as billable whatever became of its approval."""
BILLABLE = {
    TIMECARD: f"(({APPROVED_TIME}) OR Tollway_Invoice_Number__c != null)",
    MILESTONE: f"(({APPROVED_MILESTONE}) OR Tollway_Invoice_Number__c != null)",
}
SOBJECTS = {WorkKind.TIME: TIMECARD, WorkKind.MILESTONE: MILESTONE}
WORKED: dict[WorkKind, type[models.Timecard | models.Milestone]] = {
    WorkKind.TIME: models.Timecard,
    WorkKind.MILESTONE: models.Milestone,
}
DAYS = {
    WorkKind.TIME: "pse__End_Date__c >= {start} AND pse__End_Date__c <= {end}",
    WorkKind.MILESTONE: (
        "((pse__Actual_Date__c >= {start} AND pse__Actual_Date__c <= {end}) OR "
        "(pse__Actual_Date__c = null AND pse__Target_Date__c >= {start} AND pse__Target_Date__c <= {end}))"
    ),
}
"""Which day work counts as done on, as `work` has it."""
PLAN = {
    "pse__Project_Tasks__r": f"WHERE {KEY} != null ORDER BY pse__Order__c",
    "pse__Milestones__r": f"WHERE {KEY} != null ORDER BY pse__Target_Date__c, Name",
    "Tollway_Project_Rates__r": "ORDER BY Role__c",
}
WORK = {
    "pse__Timecards__r": f"WHERE {BILLABLE[TIMECARD]} ORDER BY pse__End_Date__c, Id",
    "pse__Milestones__r": f"WHERE {BILLABLE[MILESTONE]} ORDER BY pse__Target_Date__c, Id",
    "Tollway_Project_Rates__r": "ORDER BY Role__c",
}
PROJECTS = {
    models.Project: select(models.Project, PROJECT),
    models.ProjectBilling: select(models.ProjectBilling, PROJECT),
    models.PlannedProject: select(models.PlannedProject, PROJECT, PLAN),
    models.WorkedProject: select(models.WorkedProject, PROJECT, WORK),
}


def of_number(number: str) -> str:
    """The condition on the project with that number."""
    return f"WHERE {KEY} = {quote(number)}"


def changed_work(sobject: str, cursor: Cursor, most: int) -> str:
    """Approved work of our projects that changed after the cursor, oldest first."""
    return (
        f"{select(models.ChangedWork, sobject)} WHERE {BILLABLE[sobject]} AND pse__Project__r.{KEY} != null "
        f"AND {after(cursor)} ORDER BY SystemModstamp, Id LIMIT {most}"
    )


def on_invoice(number: str) -> dict[str, tuple[str, type]]:
    """The timecards and milestones on an invoice, and the rate cards of their projects."""
    ours = f"WHERE Tollway_Invoice_Number__c = {quote(number)}"
    projects = f"SELECT pse__Project__c FROM {TIMECARD} {ours}"  # noqa: S608 - the only value is quoted
    return {
        TIMECARD: (f"{select(models.Timecard, TIMECARD)} {ours} ORDER BY pse__End_Date__c, Id", models.Timecard),
        MILESTONE: (f"{select(models.Milestone, MILESTONE)} {ours} ORDER BY pse__Target_Date__c, Id", models.Milestone),
        RATE: (f"{select(models.Rate, RATE)} WHERE Project__c IN ({projects})", models.Rate),
    }


def standings(place: str, most: int) -> str:
    """Our projects behind a record id, with what was told of their billing."""
    behind_place = f" AND {behind(place)}" if place else ""
    return f"{select(models.ProjectStanding, PROJECT)} WHERE {KEY} != null{behind_place} ORDER BY Id LIMIT {most}"


def listed_work(kind: WorkKind, span: Span, number: str, place: str, most: int) -> str:
    """Approved work of the span's days behind a record id, of one project or, without a number, of all of ours."""
    sobject = SOBJECTS[kind]
    project = f"pse__Project__r.{KEY} = {quote(number)}" if number else f"pse__Project__r.{KEY} != null"
    conditions = [BILLABLE[sobject], project, DAYS[kind].format(start=span.start, end=span.end)]
    where = " AND ".join([*conditions, behind(place)] if place else conditions)
    return f"{select(WORKED[kind], sobject)} WHERE {where} ORDER BY Id LIMIT {most}"


def rates_of(numbers: Iterable[str]) -> str:
    """The rate cards of projects."""
    return f"{select(models.Rate, RATE)} WHERE Project__r.{KEY} IN {quote_all(numbers)}"
