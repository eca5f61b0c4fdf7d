"""Bulk API 2.0 query: create a job, read its results page by page.

Source: 'Bulk API 2.0 and Bulk API Developer Guide: Bulk API 2.0 Query'. The sandbox runs the query at once; what is
answered first is a job that has just been uploaded, the next poll finds it complete.
"""

from typing import Any

from system_apis.salesforce_platform.sandbox.bulk import (
    change_job,
    delete_job,
    get_data,
    get_job,
    invalid_property,
    new_job,
    put_data,
    write_csv,
)
from system_apis.salesforce_platform.sandbox.bulk import list_jobs as jobs_of
from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.resources.ingest_jobs import not_allowed
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.soql import parse, run_query
from system_apis.salesforce_platform.sandbox.soql.nodes import Query
from system_apis.salesforce_platform.sandbox.soql.tabular import tabulate

TYPE = "V2Query"
DEFAULT_PAGE = 50000


def create(request: Request) -> Answer:
    """Run a query as a job."""
    body = request.record()
    operation = body.get("operation")
    if operation not in ("query", "queryAll"):
        raise invalid_property("operation", operation)
    query = parse(body.get("query", ""))
    if any(isinstance(item.what, Query) for item in query.items):
        raise ApiError("API_ERROR", "Aggregate Relationships not supported in Bulk Query")
    result = run_query(request.org, query, request.version, include_deleted=operation == "queryAll")
    facts = {name: body[name] for name in ("columnDelimiter", "lineEnding") if body.get(name)}
    facts |= {"operation": operation, "object": query.source.names[-1], "state": "UploadComplete"}
    job = new_job(request.org, TYPE, request.version, facts)
    header, rows = tabulate(request.org, query, result)
    put_data(request.org, job, header=header, rows=rows)
    done: dict[str, Any] = {"numberRecordsProcessed": len(rows), "retries": 0, "totalProcessingTime": 0}
    change_job(request.org, job, state="JobComplete", **done)
    return Answer(body=job)


def list_jobs(request: Request) -> Answer:
    """Every job."""
    return Answer(body={"done": True, "nextRecordsUrl": None, "records": jobs_of(request.org, TYPE)})


def get(request: Request, job: str) -> Answer:
    """How far a job is."""
    return Answer(body=get_job(request.org, job, TYPE))


def abort(request: Request, job: str) -> Answer:
    """Stop a job; by then the sandbox's is complete."""
    found = get_job(request.org, job, TYPE)
    state = request.record().get("state")
    if state != "Aborted":
        raise invalid_property("state", state)
    raise not_allowed("Aborting", found)


def delete(request: Request, job: str) -> Answer:
    """Forget a job."""
    delete_job(request.org, get_job(request.org, job, TYPE))
    return Answer(204)


def results(request: Request, job: str) -> Answer:
    """A page of the results; its locator is null when it is the last."""
    found = get_job(request.org, job, TYPE)
    rows = get_data(request.org, found, "rows", [])
    start, size = _whole(request, "locator", 0), _whole(request, "maxRecords", DEFAULT_PAGE)
    page = rows[start : start + size]
    headers = {
        "Sforce-Locator": str(start + size) if start + size < len(rows) else "null",
        "Sforce-NumberOfRecords": str(len(page)),
    }
    return Answer(body=write_csv([get_data(request.org, found, "header", []), *page], found), headers=headers)


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) + (name == "locator") > 0 else default
