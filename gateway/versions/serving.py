"""Serves an older major version by asking the newer one."""

from collections.abc import Callable, Iterable
from contextlib import aclosing
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar.types import HTTPRequestEvent

from gateway.versions.base import ApiAnswer, ApiRequest, OperationChange, VersionChange
from policies.base import GatewayRequest, GatewayResponse, Handler
from tollway.contracts.published import Contract
from tollway.http.request_path import segments_of
from tollway.problem_document import Violation
from tollway.problems import ContractDrift, Malformed, ProblemError
from tollway.service import PROBLEM_TYPE

_AS_SENT = frozenset(
    (
        "method",
        "path",
        "segments",
        "query",
        "headers",
        "receive",
        "max_body",
        "address",
        "scheme",
        "contract",
        "operation",
        "path_values",
    )
)
_LEARNT = tuple(name for name in GatewayRequest.__slots__ if name[0] != "_" and name not in _AS_SENT)
"""What policies know of a request whichever version it is told in: caller, times, the answer's headers."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_ADDRESSES = (b"location", b"content-location")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
"""A number keeps every digit on its way through a change."""
_SHAPELESS = (LookupError, TypeError, ValueError, AttributeError, msgspec.MsgspecError)
"""What a pure function meets in a document that does not have the shape its contract says."""


def transformed(following: Handler, change: VersionChange, *, older: Contract, newer: Contract) -> Handler:
    """A handler of the older version's requests over `following`, which answers the newer's.

    Raises ValueError when the change does not say what becomes of each of the older contract's operations.
    """
    ids = {operation.id for operation in older.operations}
    if ids != change.operations.keys():
        differing = ", ".join(sorted(ids ^ change.operations.keys()))
        raise ValueError(f"the version change {change.older} and the contract {older.source} differ in {differing}")

    async def handle(request: GatewayRequest) -> GatewayResponse:
        operation = change.operations[request.operation.id]
        asked = await _asked(request, change, operation, newer)
        try:
            response = await following(asked)
        except ProblemError as problem:
            problem.violations = [
                Violation(pointer=operation.pointer(violation.pointer), message=violation.message)
                for violation in problem.violations
            ]
            raise
        headers = [
            (name, _moved(value, change) if name.lower() in _ADDRESSES else value) for name, value in response.headers
        ]
        response = msgspec.structs.replace(response, headers=headers)
        if _media_type(headers) == PROBLEM_TYPE:
            return await _problem(response, request.path, change, operation)
        return await _answered(response, request, change, operation.answer) if operation.answer else response

    return handle


async def _asked(
    request: GatewayRequest, change: VersionChange, operation: OperationChange, newer: Contract
) -> GatewayRequest:
    """The request as the newer version takes it."""
    body = await request.body()
    segments = (*change.newer.strip("/").split("/"), *segments_of(request.path)[2:])
    if operation.request is None:
        return _sent(request, newer, request.method, segments, request.query, request.headers.items(), body)
    try:
        told = operation.request(
            ApiRequest(
                method=request.method,
                segments=segments,
                query=tuple(parse_qsl(request.query.decode("ascii"), keep_blank_values=True, errors="strict")),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()},
                body=_decoded(body),
            )
        )
    except _SHAPELESS as error:
        raise Malformed(f"The request cannot be read as one of {change.older}.") from error
    written = _encoded(told.body)
    fields = dict(told.headers)
    if "content-length" in fields:
        fields["content-length"] = str(len(written))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    return _sent(request, newer, told.method, told.segments, urlencode(told.query).encode(), headers, written)


def _sent(
    request: GatewayRequest,
    newer: Contract,
    method: str,
    segments: tuple[str, ...],
    query: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
) -> GatewayRequest:
    async def receive() -> HTTPRequestEvent:
        return {"type": "http.request", "body": body, "more_body": False}

    sent = GatewayRequest(
        method=method,
        raw_path=b"/" + "/".join(quote(segment, safe="") for segment in segments).encode(),
        query=query,
        headers=list(headers),
        receive=receive,
        address=request.address,
        contract=newer,
        scheme=request.scheme,
    )
    for name in _LEARNT:
        setattr(sent, name, getattr(request, name))
    sent.context = request.context
    return sent


async def _answered(
    response: GatewayResponse, request: GatewayRequest, change: VersionChange, tell: Callable[[ApiAnswer], ApiAnswer]
) -> GatewayResponse:
    """The answer as the older version gives it; raises ContractDrift when that cannot tell it."""
    try:
        told = tell(
            ApiAnswer(
                status=response.status,
                headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers),
                body=_decoded(await _whole(response)),
            )
        )
    except _SHAPELESS as error:
        words = f"The answer of {change.newer} cannot be told in terms of {change.older}."
        if request.method not in _SAFE:
            words += " What was asked may have been done: look before you ask again."
        raise ContractDrift(words) from error
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.headers]
    return _with_body(msgspec.structs.replace(response, status=told.status, headers=headers), _encoded(told.body))


async def _problem(
    response: GatewayResponse, path: str, change: VersionChange, operation: OperationChange
) -> GatewayResponse:
    """A problem document with the address and the pointers that the caller knows."""
    body = await _whole(response)
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
        violations = msgspec.convert(document.get("violations", []), list[dict[str, Any]])
    except msgspec.MsgspecError:  # no problem document of ours: there is nothing in it to move
        return _with_body(response, body)
    for violation in violations:
        violation["pointer"] = operation.pointer(str(violation.get("pointer", "")))
    changed: dict[str, Any] = {"violations": violations} if violations else {}
    if str(document.get("instance", "")).startswith(change.newer + "/"):
        changed["instance"] = path
    return _with_body(response, msgspec.json.encode(document | changed))


async def _whole(response: GatewayResponse) -> bytes:
    if response.stream is None:
        return response.body
    async with aclosing(response.stream):  # type: ignore[type-var]  # every stream here is a generator
        return b"".join([chunk async for chunk in response.stream])


def _with_body(response: GatewayResponse, body: bytes) -> GatewayResponse:
    headers = [pair for pair in response.headers if pair[0].lower() != b"content-length"]
    return msgspec.structs.replace(response, headers=headers, body=body, stream=None)


def _moved(address: bytes, change: VersionChange) -> bytes:
    """An address of the newer version as the older has it."""
    newer = change.newer.encode() + b"/"
    return change.older.encode() + b"/" + address[len(newer) :] if address.startswith(newer) else address


def _media_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return given.partition(b";")[0].strip().lower().decode("latin-1")


def _decoded(body: bytes) -> Any:
    return _DECODER.decode(body) if body else msgspec.UNSET


def _encoded(body: Any) -> bytes:
    return b"" if body is msgspec.UNSET else _ENCODER.encode(body)
