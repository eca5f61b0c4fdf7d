"""Bulk API 2.0 ingest: create a job, upload CSV, close it, read the results.

Source: 'Bulk API 2.0 and Bulk API Developer Guide: Bulk API 2.0 Ingest'. The sandbox works the upload off when the job
is closed; the next poll finds it complete. The refusals are those that clients of others recorded from live orgs; the
words for uploading to a closed job, deleting an open one and deleting a row without an id are the sandbox's own.
"""

from typing import Any

from system_apis.salesforce_platform.sandbox import records
from system_apis.salesforce_platform.sandbox.bulk import (
    DELIMITERS,
    Job,
    change_job,
    delete_job,
    get_data,
    get_job,
    invalid_property,
    new_job,
    payload_of,
    put_data,
    read_csv,
    write_csv,
)
from system_apis.salesforce_platform.sandbox.bulk import list_jobs as jobs_of
from system_apis.salesforce_platform.sandbox.errors import ApiError, not_found
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.resources.collections import upsert_one
from system_apis.salesforce_platform.sandbox.rest import Answer, Request
from system_apis.salesforce_platform.sandbox.schema import SObjectType

TYPE = "V2Ingest"
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
CHANGES = {"UploadComplete": "Closing", "Aborted": "Aborting"}
RESULTS = {"successfulresults": "successful", "failedresults": "failed", "unprocessedrecords": "unprocessed"}


def create(request: Request) -> Answer:
    """Open a job."""
    body = request.record()
    sobject = request.org.schema.type(body.get("object", ""))
    if sobject is None:
        raise ApiError("INVALIDJOB", f"InvalidJob : Unable to find object: {body.get('object', '')}")
    operation = body.get("operation")
    if operation not in OPERATIONS:
        raise invalid_property("operation", operation)
    if body.get("contentType", "CSV") != "CSV":
        raise invalid_property("contentType", body["contentType"])
    facts = {name: body[name] for name in ("columnDelimiter", "lineEnding") if body.get(name)}
    facts |= {"operation": operation, "object": sobject.name, "state": "Open"}
    if operation == "upsert":
        facts["externalIdFieldName"] = _key(sobject, body.get("externalIdFieldName") or "")
    job = new_job(request.org, TYPE, request.version, facts)
    job = change_job(request.org, job, contentUrl=f"services/data/v{request.version}/jobs/ingest/{job['id']}/batches")
    return Answer(body=job)


def list_jobs(request: Request) -> Answer:
    """Every job."""
    return Answer(body={"done": True, "nextRecordsUrl": None, "records": jobs_of(request.org, TYPE)})


def get(request: Request, job: str) -> Answer:
    """How far a job is."""
    return Answer(body=get_job(request.org, job, TYPE))


def upload(request: Request, job: str) -> Answer:
    """Take the job's one upload."""
    found = get_job(request.org, job, TYPE)
    if found["state"] != "Open":
        raise ApiError("INVALIDJOBSTATE", f"InvalidJobState : Upload is not allowed in state {found['state']}")
    if get_data(request.org, found, "upload", None) is not None:
        raise ApiError(
            "BULK_API_ERROR",
            f"Found multipe contents for job: <{found['id'][:15]}>, please 'Close' / 'Abort' / 'Delete' the current "
            "Job then create a new Job and make sure you only do 'PUT' once on a given Job.",
        )
    put_data(request.org, found, upload=request.content.decode("utf-8-sig"))
    return Answer(201)


def change_state(request: Request, job: str) -> Answer:
    """Close the job, which works it off, or abort it."""
    org, found = request.org, get_job(request.org, job, TYPE)
    state = request.record().get("state")
    if state not in CHANGES:
        raise invalid_property("state", state)
    if found["state"] != "Open":
        raise not_allowed(CHANGES[state], found)
    changed = change_job(org, found, state=state)
    if state == "UploadComplete":
        _work_off(org, changed)
    return Answer(body=changed)


def not_allowed(change: str, job: Job) -> ApiError:
    """A job has come to an end and cannot be changed as asked."""
    state = {"JobComplete": "Completed"}.get(job["state"], job["state"])
    return ApiError("INVALIDJOBSTATE", f"{change} already {state} Job not allowed")


def delete(request: Request, job: str) -> Answer:
    """Forget a job that is finished."""
    found = get_job(request.org, job, TYPE)
    if found["state"] in ("Open", "InProgress"):
        message = f"InvalidJobState : A job in state {found['state']} cannot be deleted"
        raise ApiError("INVALIDJOBSTATE", message)
    delete_job(request.org, found)
    return Answer(204)


def results(request: Request, job: str, results: str) -> Answer:
    """The rows that succeeded, failed, or were not worked off."""
    found = get_job(request.org, job, TYPE)
    kind = RESULTS.get(results.lower())
    if kind is None:
        raise not_found()
    return Answer(body=write_csv(get_data(request.org, found, kind, []), found))


def _work_off(org: Org, job: Job) -> None:
    """Every row is its own transaction; the job fails as a whole only when its columns make no sense."""
    header, rows = read_csv(get_data(org, job, "upload", ""), DELIMITERS[job["columnDelimiter"]])
    sobject = org.schema.types[job["object"]]
    unknown = _unknown_column(sobject, header)
    if unknown:
        message = f"InvalidBatch : Field name not found : {unknown}"
        put_data(org, job, unprocessed=[header, *rows])
        change_job(org, job, state="Failed", errorMessage=message, **_counts(0, 0))
        return
    successful = [["sf__Id", "sf__Created", *header]]
    failed = [["sf__Id", "sf__Error", *header]]
    for row in rows:
        payload = payload_of(header, row)
        try:
            with org.atomic():
                identifier, created = do_one(org, job, sobject, payload)
            successful.append([identifier, str(created).lower(), *row])
        except ApiError as error:
            fields = ",".join(error.fields or []) or "--"
            given = next((value for name, value in payload.items() if name.lower() == "id"), "")
            failed.append([str(given or ""), f"{error.code}:{error.message}:{fields}", *row])
    put_data(org, job, successful=successful, failed=failed, unprocessed=[header], upload="")
    change_job(org, job, state="JobComplete", **_counts(len(rows), len(failed) - 1))


def _key(sobject: SObjectType, name: str) -> str:
    field = sobject.field(name)
    if field is None or not (field.external or field.idlookup):
        message = f"InvalidJob : Field name provided, {name} does not match an External ID for {sobject.name}"
        raise ApiError("INVALIDJOB", message)
    return field.name


def _counts(processed: int, failed: int) -> dict[str, Any]:
    timings = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime", "retries")
    return {"numberRecordsProcessed": processed, "numberRecordsFailed": failed} | dict.fromkeys(timings, 0)


def _unknown_column(sobject: SObjectType, header: list[str]) -> str | None:
    for column in header:
        name, _, key = column.partition(".")
        found = sobject.parent(name.rpartition(":")[2]) if key else sobject.field(name)
        if found is None:
            return column
    return None


def do_one(org: Org, job: Job, sobject: SObjectType, payload: dict[str, Any]) -> tuple[str, bool]:
    """Do the job's operation with one record; return its id and whether it is new."""
    operation = job["operation"]
    if operation == "insert":
        return records.create(org, sobject, payload), True
    if operation == "upsert":
        result = upsert_one(org, sobject, job["externalIdFieldName"], payload)
        return result["id"], result["created"]
    identifier = next((value for name, value in payload.items() if name.lower() == "id"), None)
    if not identifier:
        raise ApiError("MISSING_ARGUMENT", f"Id not specified{' in an update call' if operation == 'update' else ''}")
    rest = {name: value for name, value in payload.items() if name.lower() != "id"}
    if operation == "update":
        return records.update(org, sobject, identifier, rest), False
    return records.delete(org, sobject, identifier), False
