"""What the bulk resources share: jobs in the state, CSV dialects, and cells as records' values.

Source: 'Bulk API 2.0 and Bulk API Developer Guide: Prepare CSV Files, Create a Job': an empty cell is left alone,
#N/A clears the field; a column Parent.ExternalId names a parent by its external id. The words for an invalid value are
those that clients of others recorded (api-error samples for `operation` and `contentType`).
"""

import csv
import io
from collections.abc import Iterable
from typing import Any

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org

JOB_KIND, DATA_KIND = "_bulk_job", "_bulk_data"
JOB_PREFIX = "750"
DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
Job = dict[str, Any]


def new_job(org: Org, job_type: str, version: str, facts: Job) -> Job:
    """A job as its resource answers it, kept in the state."""
    now = org.now()
    job: Job = {
        "id": org.new_id(JOB_PREFIX),
        "jobType": job_type,
        "createdById": org.user_id,
        "createdDate": now,
        "systemModstamp": now,
        "concurrencyMode": "Parallel",
        "apiVersion": float(version),
        "contentType": "CSV",
        "columnDelimiter": _known(facts, "columnDelimiter", DELIMITERS, "COMMA"),
        "lineEnding": _known(facts, "lineEnding", LINE_ENDINGS, "LF"),
    } | {name: value for name, value in facts.items() if name not in ("columnDelimiter", "lineEnding")}
    org.state.put(JOB_KIND, job["id"], job)
    return job


def _known(facts: Job, name: str, choices: dict[str, str], default: str) -> str:
    value = facts.get(name, default)
    if value not in choices:
        raise invalid_property(name, value)
    return str(value)


def invalid_property(name: str, value: object) -> ApiError:
    """A job is described with a value that the property does not take."""
    return ApiError("API_ERROR", f"Invalid value: '{value or ''}' supplied for property: '{name}'")


def get_job(org: Org, identifier: str, job_type: str) -> Job:
    """The job of that id and kind."""
    for full in (identifier, *(key for key in org.state.all(JOB_KIND) if key[:15] == identifier)):
        job = org.state.get(JOB_KIND, full)
        if job is not None and job["jobType"] == job_type:
            return job
    raise ApiError("NOT_FOUND", "The requested resource does not exist")


def list_jobs(org: Org, job_type: str) -> list[Job]:
    """The jobs of a kind, newest first."""
    return [job for job in reversed(list(org.state.all(JOB_KIND).values())) if job["jobType"] == job_type]


def change_job(org: Org, job: Job, **changes: Any) -> Job:
    """Keep a job's progress."""
    changed = job | changes | {"systemModstamp": org.now()}
    org.state.put(JOB_KIND, job["id"], changed)
    return changed


def delete_job(org: Org, job: Job) -> None:
    """Forget a job and its data."""
    with org.state.transaction():
        org.state.delete(JOB_KIND, job["id"])
        if org.state.get(DATA_KIND, job["id"]) is not None:
            org.state.delete(DATA_KIND, job["id"])


def put_data(org: Org, job: Job, **data: Any) -> None:
    """Keep what belongs to a job: its upload or its results."""
    org.state.put(DATA_KIND, job["id"], (org.state.get(DATA_KIND, job["id"]) or {}) | data)


def get_data(org: Org, job: Job, name: str, default: Any) -> Any:
    """What `put_data` kept under that name."""
    return (org.state.get(DATA_KIND, job["id"]) or {}).get(name, default)


def read_csv(text: str, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV document."""
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter) if row]
    return (rows[0], rows[1:]) if rows else ([], [])


def write_csv(rows: Iterable[list[str]], job: Job) -> bytes:
    """A CSV document in the job's dialect, every cell in quotes as the platform writes them."""
    out = io.StringIO()
    delimiter, ending = DELIMITERS[job["columnDelimiter"]], LINE_ENDINGS[job["lineEnding"]]
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


def payload_of(header: list[str], row: list[str]) -> dict[str, Any]:
    """The record that a row of cells describes."""
    payload: dict[str, Any] = {}
    for column, cell in zip(header, row, strict=False):
        if cell == "":
            continue
        value = None if cell == "#N/A" else cell
        relationship, _, key = column.partition(".")
        if key:
            sobject, _, name = relationship.rpartition(":")
            parent: dict[str, Any] = {key: value}
            if sobject:
                parent["attributes"] = {"type": sobject}
            payload[name] = parent
        else:
            payload[column] = value
    return payload
