"""Several calls in one: composite, batch and graph.

Source: 'REST API Developer Guide: Composite (up to 25 subrequests, reference ids, allOrNone), Composite Batch
(up to 25, haltOnError), Composite Graph (up to 500 nodes, each graph all or nothing)'. The words for too many parts
and for a halted batch, of which the guide gives only the code, are the sandbox's own.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.errors import ApiError, not_found
from system_apis.salesforce_platform.sandbox.org import RolledBack, roll_back
from system_apis.salesforce_platform.sandbox.rest import Answer, Request, Router, subrequest

MOST_SUBREQUESTS, MOST_NODES = 25, 500
FIRST_ERROR_STATUS = 400
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+(?:\[\d+\])*(?:\.[\w]+(?:\[\d+\])*)*)\}")
REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
HALTED = ApiError(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)
BATCH_HALTED = ApiError(
    "BATCH_PROCESSING_HALTED", "Batch processing has halted because a previous request was unsuccessful."
)


class Composite:
    """The composite resources over the resources that their subrequests call."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def composite(self, request: Request) -> Answer:
        """Dependent subrequests, one after the other."""
        body = request.record()
        parts = _parts(body, "compositeRequest", MOST_SUBREQUESTS)
        if body.get("allOrNone") is True:
            _, responses = self._all_or_none(request, parts)
        else:
            responses = self._run(request, parts)
        return Answer(body={"compositeResponse": responses})

    def graph(self, request: Request) -> Answer:
        """Graphs of dependent subrequests, each of which happens as a whole or not at all."""
        graphs = _parts(request.record(), "graphs", MOST_NODES)
        if sum(len(graph.get("compositeRequest", [])) for graph in graphs) > MOST_NODES:
            raise ApiError("INVALID_INPUT", f"Maximum number of nodes exceeded: {MOST_NODES}")
        answers = []
        for graph in graphs:
            successful, responses = self._all_or_none(request, graph.get("compositeRequest", []))
            answers.append(
                {
                    "graphId": graph.get("graphId"),
                    "graphResponse": {"compositeResponse": responses},
                    "isSuccessful": successful,
                }
            )
        return Answer(body={"graphs": answers})

    def batch(self, request: Request) -> Answer:
        """Independent subrequests; with haltOnError the rest is not run after a failure."""
        body = request.record()
        results: list[dict[str, Any]] = []
        failed = False
        for part in _parts(body, "batchRequests", MOST_SUBREQUESTS):
            if failed and body.get("haltOnError") is True:
                results.append({"statusCode": 412, "result": BATCH_HALTED.body()})
                continue
            answer = self._call(request, part.get("method", ""), part.get("url", ""), part.get("richInput"), {})
            failed = failed or answer.status >= FIRST_ERROR_STATUS
            results.append({"statusCode": answer.status, "result": answer.body})
        return Answer(body={"hasErrors": failed, "results": results})

    def _all_or_none(self, request: Request, parts: list[dict[str, Any]]) -> tuple[bool, list[dict[str, Any]]]:
        responses: list[dict[str, Any]] = []
        try:
            with request.org.atomic():
                responses = self._run(request, parts, stop_at_failure=True)
                if any(_failed(response) for response in responses):
                    roll_back()
        except RolledBack:
            for response in responses:
                if not _failed(response):
                    response |= {"body": HALTED.body(), "httpHeaders": {}, "httpStatusCode": 400}
            for part in parts[len(responses) :]:
                responses.append(_response(Answer(400, HALTED.body()), part))
            return False, responses
        return True, responses

    def _run(
        self, request: Request, parts: list[dict[str, Any]], *, stop_at_failure: bool = False
    ) -> list[dict[str, Any]]:
        bodies: dict[str, Any] = {}
        responses: list[dict[str, Any]] = []
        for part in parts:
            try:
                url, body = _resolve(part.get("url", ""), bodies), _resolve(part.get("body"), bodies)
                answer = self._call(request, part.get("method", ""), url, body, part.get("httpHeaders") or {})
            except ApiError as error:
                answer = Answer(400, error.body())
            responses.append(_response(answer, part))
            if answer.status < FIRST_ERROR_STATUS:
                bodies[part["referenceId"]] = answer.body
            elif stop_at_failure:
                break
        return responses

    def _call(self, request: Request, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
        inner = subrequest(request, method, url, body if body is not None else msgspec.UNSET, headers)
        return Answer(404, not_found().body()) if inner is None else self._router.dispatch(inner)


def _failed(response: Mapping[str, Any]) -> bool:
    """Collections answer 200 with failures inside; those that were rolled back count as a failure too."""
    body = response["body"]
    rolled_back = isinstance(body, list) and any(
        error.get("statusCode") == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
        for result in body
        if isinstance(result, dict)
        for error in result.get("errors", ())
    )
    return rolled_back or response["httpStatusCode"] >= FIRST_ERROR_STATUS


def _response(answer: Answer, part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "body": answer.body,
        "httpHeaders": dict(answer.headers),
        "httpStatusCode": answer.status,
        "referenceId": part.get("referenceId"),
    }


def _parts(body: Mapping[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    parts = body.get(name)
    if not isinstance(parts, list):
        raise ApiError("JSON_PARSER_ERROR", f"The request is missing the required field {name}")
    if len(parts) > most:
        raise ApiError("LIMIT_EXCEEDED", f"The {name} list has {len(parts)} entries; at most {most} are allowed")
    if name == "compositeRequest":
        for part in parts:
            reference = part.get("referenceId", "")
            if not REFERENCE_ID.fullmatch(reference):
                message = (
                    f"Provided referenceId ('{reference}') must start with a letter or a number, and it can contain "
                    "only letters, numbers and underscores ('_')."
                )
                raise ApiError("JSON_PARSER_ERROR", message)
    return parts


def _resolve(value: Any, bodies: Mapping[str, Any]) -> Any:
    """The value with every @{reference.path} in it replaced by what an earlier subrequest answered."""
    if isinstance(value, dict):
        return {name: _resolve(one, bodies) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolve(one, bodies) for one in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole[1], bodies)
    return REFERENCE.sub(lambda match: str(_look_up(match[1], bodies)), value)


def _look_up(path: str, bodies: Mapping[str, Any]) -> Any:
    name = re.split(r"[.\[]", path)[0]
    found: Any = bodies
    for step in re.findall(r"\w+", path):
        if isinstance(found, list) and step.isdecimal():
            found = found[int(step)] if int(step) < len(found) else None
        elif isinstance(found, Mapping):
            found = found.get(step)
        else:
            found = None
        if found is None:
            raise ApiError("PROCESSING_HALTED", f"Invalid reference specified. No value for {path} found in {name}.")
    return found
