"""The older Bulk API below /services/async: jobs of batches, in JSON, or in XML with batches of CSV.

Source: 'Bulk API 2.0 and Bulk API Developer Guide: Bulk API (1.0)'. A batch is worked off when it arrives. Batches of
XML records, PK chunking and binary attachments are left out.
"""

import re
from html import escape, unescape
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.bulk import (
    change_job,
    get_data,
    get_job,
    invalid_property,
    new_job,
    payload_of,
    put_data,
    read_csv,
    write_csv,
)
from system_apis.salesforce_platform.sandbox.errors import ApiError, not_found
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.resources.ingest_jobs import OPERATIONS, do_one, not_allowed
from system_apis.salesforce_platform.sandbox.rest import Answer, Request, Router
from system_apis.salesforce_platform.sandbox.soql import parse, run_query
from system_apis.salesforce_platform.sandbox.soql.tabular import tabulate

TYPE, BATCH_KIND, BATCH_PREFIX, RESULT_PREFIX = "Classic", "_bulk_batch", "751", "752"
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
Info = dict[str, Any]
JSON = {"content-type": "application/json"}
CHANGES = {"Closed": "Closing", "Aborted": "Aborting"}
KEPT = ("jobType", "apiVersion", "columnDelimiter", "lineEnding")


def build_old_bulk_router() -> Router:
    """The router of everything below /services/async/XX.X."""
    router = Router()
    router.add("job", POST=create_job)
    router.add("job/{job}", GET=get_job_info, POST=change_state)
    router.add("job/{job}/batch", GET=list_batches, POST=add_batch)
    router.add("job/{job}/batch/{batch}", GET=get_batch)
    router.add("job/{job}/batch/{batch}/request", GET=batch_request)
    router.add("job/{job}/batch/{batch}/result", GET=batch_results)
    router.add("job/{job}/batch/{batch}/result/{result}", GET=query_result)
    return router


def refused(request: Request, error: ApiError) -> Answer:
    """An error as this API tells it: a code and a message, in the request's format."""
    code = "InvalidSessionId" if error.code == "INVALID_SESSION_ID" else error.code
    return _answer(_wants_json(request), "error", {"exceptionCode": code, "exceptionMessage": error.message}, 400)


def create_job(request: Request) -> Answer:
    """Open a job."""
    given = _read_info(request)
    sobject = request.org.schema.type(given.get("object", ""))
    if sobject is None:
        raise ApiError("InvalidJob", f"Unable to find object: {given.get('object', '')}")
    if given.get("operation") not in (*OPERATIONS, "query", "queryAll"):
        raise ApiError("InvalidJob", invalid_property("operation", given.get("operation")).message)
    facts = {"operation": given["operation"], "object": sobject.name, "state": "Open"}
    facts["contentType"] = given.get("contentType", "XML")
    if given.get("externalIdFieldName"):
        facts["externalIdFieldName"] = given["externalIdFieldName"]
    job = new_job(request.org, TYPE, request.version, facts)
    return _job_answer(request, job, 201)


def get_job_info(request: Request, job: str) -> Answer:
    """How far a job is."""
    return _job_answer(request, get_job(request.org, job, TYPE))


def change_state(request: Request, job: str) -> Answer:
    """Close or abort a job."""
    found = get_job(request.org, job, TYPE)
    state = _read_info(request).get("state")
    if state not in CHANGES:
        raise ApiError("InvalidJob", invalid_property("state", state).message)
    if found["state"] != "Open":
        raise ApiError("InvalidJobState", not_allowed(CHANGES[state], found).message)
    return _job_answer(request, change_job(request.org, found, state=state))


def add_batch(request: Request, job: str) -> Answer:
    """Take a batch and work it off."""
    found = get_job(request.org, job, TYPE)
    if found["state"] != "Open":
        raise ApiError("InvalidJobState", f"A batch cannot be added to a job in state {found['state']}")
    org, now = request.org, request.org.now()
    times = {"createdDate": now, "systemModstamp": now}
    batch: Info = {"id": org.new_id(BATCH_PREFIX), "jobId": found["id"], "state": "Queued", **times}
    done = batch | dict.fromkeys(("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"), 0)
    try:
        outcome = _query(request, found) if found["operation"].startswith("query") else _load(request, found)
    except ApiError as error:
        outcome = {"state": "Failed", "stateMessage": f"InvalidBatch : {error.message}"}
    org.state.put(BATCH_KIND, batch["id"], done | {name: outcome[name] for name in outcome if name != "data"})
    put_data(org, batch, data=outcome.get("data"), request=request.content.decode())
    return _batch_answer(found, batch, 201)


def list_batches(request: Request, job: str) -> Answer:
    """The batches of a job."""
    found = get_job(request.org, job, TYPE)
    batches = [batch for batch in request.org.state.all(BATCH_KIND).values() if batch["jobId"] == found["id"]]
    return _answer(_is_json(found), "batchInfoList", {"batchInfo": batches})


def get_batch(request: Request, job: str, batch: str) -> Answer:
    """How far a batch is."""
    return _batch_answer(get_job(request.org, job, TYPE), _batch(request.org, batch))


def batch_request(request: Request, job: str, batch: str) -> Answer:
    """What the batch was asked to do."""
    kind = JSON if _is_json(get_job(request.org, job, TYPE)) else {"content-type": "text/csv"}
    return Answer(200, get_data(request.org, _batch(request.org, batch), "request", "").encode(), kind)


def batch_results(request: Request, job: str, batch: str) -> Answer:
    """What became of each record, or, of a query, where its results are."""
    found = get_job(request.org, job, TYPE)
    data = get_data(request.org, _batch(request.org, batch), "data", None)
    if found["operation"].startswith("query"):
        result = RESULT_PREFIX + batch[3:]
        return _data_answer(found, [result]) if _is_json(found) else _answer(False, "result-list", {"result": [result]})  # noqa: FBT003
    return _data_answer(found, data or [])


def query_result(request: Request, job: str, batch: str, result: str) -> Answer:
    """The records a query found."""
    found = get_job(request.org, job, TYPE)
    if result != RESULT_PREFIX + batch[3:]:
        raise not_found()
    data = get_data(request.org, _batch(request.org, batch), "data", [])
    return _data_answer(found, data)


def _data_answer(job: Info, data: list[Any]) -> Answer:
    return Answer(200, data, JSON) if _is_json(job) else Answer(200, write_csv(data, job), {"content-type": "text/csv"})


def _query(request: Request, job: Info) -> Info:
    query = parse(request.content.decode())
    result = run_query(request.org, query, request.version, include_deleted=job["operation"] == "queryAll")
    counts = {"state": "Completed", "numberRecordsProcessed": len(result.rows), "numberRecordsFailed": 0}
    if _is_json(job):
        return counts | {"data": [result.render(row) for row in result.rows]}
    header, rows = tabulate(request.org, query, result)
    return counts | {"data": [header, *rows]}


def _load(request: Request, job: Info) -> Info:
    if _is_json(job):
        payloads = msgspec.json.decode(request.content)
    else:
        header, rows = read_csv(request.content.decode(), ",")
        payloads = [payload_of(header, row) for row in rows]
    results = [_load_one(request.org, job, payload) for payload in payloads]
    failed = sum(1 for result in results if not result["success"])
    counts = {"state": "Completed", "numberRecordsProcessed": len(results), "numberRecordsFailed": failed}
    return counts | {"data": results if _is_json(job) else [["Id", "Success", "Created", "Error"], *map(_row, results)]}


def _load_one(org: Org, job: Info, payload: Info) -> Info:
    try:
        with org.atomic():
            identifier, created = do_one(org, job, org.schema.types[job["object"]], payload)
    except ApiError as error:
        return {"success": False, "created": False, "id": None, "errors": [error.in_result()]}
    return {"success": True, "created": created, "id": identifier, "errors": []}


def _row(result: Info) -> list[str]:
    errors = "".join(f"{one['statusCode']}:{one['message']}:{','.join(one['fields'])} --" for one in result["errors"])
    return [result["id"] or "", str(result["success"]).lower(), str(result["created"]).lower(), errors]


def _batch(org: Org, identifier: str) -> Info:
    batch = org.state.get(BATCH_KIND, identifier)
    if batch is None:
        raise ApiError("InvalidBatch", f"Unable to find batch {identifier}")
    return batch


def _is_json(job: Info) -> bool:
    return bool(job["contentType"] == "JSON")


def _wants_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "")


def _read_info(request: Request) -> Info:
    if _wants_json(request):
        return request.record()
    elements = re.findall(r"<(\w+)>([^<]*)</\1>", request.content.decode())
    return {name: unescape(value).strip() for name, value in elements}


def _job_answer(request: Request, job: Info, status: int = 200) -> Answer:
    batches = [one for one in request.org.state.all(BATCH_KIND).values() if one["jobId"] == job["id"]]
    counts = {
        "numberBatchesQueued": 0,
        "numberBatchesInProgress": 0,
        "numberBatchesCompleted": sum(1 for one in batches if one["state"] == "Completed"),
        "numberBatchesFailed": sum(1 for one in batches if one["state"] == "Failed"),
        "numberBatchesTotal": len(batches),
        "numberRecordsProcessed": sum(one.get("numberRecordsProcessed", 0) for one in batches),
        "numberRecordsFailed": sum(one.get("numberRecordsFailed", 0) for one in batches),
    }
    shown = {name: value for name, value in job.items() if name not in KEPT} | {"apiVersion": job["apiVersion"]}
    as_json = _wants_json(request) if request.headers.get("content-type") else _is_json(job)
    return _answer(as_json, "jobInfo", shown | counts, status)


def _batch_answer(job: Info, batch: Info, status: int = 200) -> Answer:
    return _answer(_is_json(job), "batchInfo", batch, status)


def _answer(as_json: bool, name: str, info: Info, status: int = 200) -> Answer:  # noqa: FBT001
    if as_json:
        return Answer(status, info, JSON)
    body = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{NAMESPACE}">{_elements(info)}</{name}>'
    return Answer(status, body.encode(), {"content-type": "application/xml"})


def _elements(info: Info) -> str:
    parts = []
    for name, value in info.items():
        for one in value if isinstance(value, list) else [value]:
            inside = _elements(one) if isinstance(one, dict) else escape(str(one))
            parts.append(f"<{name}>{inside}</{name}>")
    return "".join(parts)
