"""What every service has in common: identity check, correlation, problem documents and health."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from tollway import context
from tollway.http import parameters
from tollway.http.exchange import Answer
from tollway.http.json_response import JsonResponse
from tollway.identity import HEADER, Identity
from tollway.problem_document import Problem, Violation
from tollway.problems import (
    Invalid,
    Malformed,
    MethodNotAllowed,
    NoSuchRoute,
    ProblemError,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from tollway.readiness import Readiness, ReadyCheck
from tollway.telemetry.trace_context import CORRELATION_ID, PARENT

log = structlog.get_logger()
MOST_BODY = 5_000_000
"""Bytes of a body that a service takes."""
DEGRADED = "degraded: "
"""Begins the state of what is missed but can be done without: it leaves the service ready."""
PROBLEM_TYPE = "application/problem+json"
REQUEST_KEY = b"tollway-request-key"
"""The header by which services tell one another of the caller's idempotency key."""
_PRIORITIES = frozenset(context.Priority)
_AWAY = frozenset((502, 503, 504))
_PROBLEM_HEADER = (b"content-type", PROBLEM_TYPE.encode())
_BY_STATUS: dict[int, type[ProblemError]] = {
    404: NoSuchRoute,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMediaType,
}


def create_service(
    name: str,
    handlers: Sequence[ControllerRouterHandler],
    *,
    identity: Identity | None,
    dependencies: dict[str, Any] | None = None,
    ready: ReadyCheck | None = None,
) -> "Service":
    """A Litestar service that takes only calls signed for it; without an identity it takes none but health checks.

    `dependencies` are what handlers ask for by parameter name. `ready` answers what the service needs and
    how each is ("ok", a reason, or one that begins with DEGRADED) for `/health/ready`; it is called once a second at
    most.
    """
    readiness = Readiness(ready) if ready else None

    @get("/health/live", include_in_schema=False, opt={"public": True})
    async def live() -> dict[str, str]:
        return {"service": name, "status": "live"}

    @get("/health/ready", include_in_schema=False, opt={"public": True})
    async def is_ready() -> Response[dict[str, str]]:
        checks = await readiness.states() if readiness else {}
        failing = any(state != "ok" and not state.startswith(DEGRADED) for state in checks.values())
        return Response({"service": name, **checks}, status_code=503 if failing else 200)

    def guard(app: ASGIApp) -> ASGIApp:
        return _Guard(app, name, identity)

    return Service(
        name,
        route_handlers=[live, is_ready, *handlers],
        middleware=[guard],
        exception_handlers={Exception: answer_problem},
        dependencies={key: _provide(value) for key, value in (dependencies or {}).items()},
        openapi_config=None,
        response_class=JsonResponse,
        logging_config=None,
        request_max_body_size=MOST_BODY,
    )


class Service(Litestar):
    """A Litestar application with the name by which the others call it."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.name = name


def is_away(status: int, headers: Sequence[tuple[bytes, bytes]] = ()) -> bool:
    """Whether an answer says that a service is not there, or that something stands in its place.

    A problem document is the service's own word: it works, and what it asks, a platform, does not. Were that a failure,
    one platform that is away would close the service to those who need the others.
    """
    return status in _AWAY and _PROBLEM_HEADER not in headers


def _provide(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


class _Guard:
    """Verifies who calls, and makes the request's context current."""

    def __init__(self, app: ASGIApp, service: str, identity: Identity | None) -> None:
        self._app = app
        self._service = service
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        subject, scopes = self._caller(scope, headers)
        timeout, state = headers.get(b"tollway-timeout"), headers.get(b"tracestate")
        token = context.enter(
            context.RequestContext(
                correlation_id=correlation_id(headers),
                traceparent=traceparent(headers),
                subject=subject,
                deadline=time.monotonic() + float(timeout) if timeout else None,
                tracestate=state.decode("latin-1") if state else "",
                scopes=scopes,
                priority=priority(headers),
                request_key=headers.get(REQUEST_KEY, b"").decode("latin-1"),
            )
        )
        try:
            parameters.check(scope, headers)
            await self._app(scope, receive, send)
        finally:
            context.leave(token)

    def _caller(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[str, frozenset[str]]:
        if scope["route_handler"].opt.get("public"):
            return "", frozenset()
        given = headers.get(HEADER)
        if self._identity is None or given is None:
            raise Unauthenticated(f"{self._service} is called by Tollway's own services only; call the gateway.")
        verified = self._identity.verify(given, self._service)
        return verified.subject, verified.scopes


def correlation_id(headers: Mapping[bytes, bytes]) -> str:
    """The caller's correlation id when it is one; a new one otherwise."""
    given = headers.get(b"correlation-id", b"")
    return given.decode() if CORRELATION_ID.fullmatch(given) else context.new_correlation_id()


def priority(headers: Mapping[bytes, bytes]) -> context.Priority:
    """How urgent the caller says it is; normal where it does not say so in words that we know."""
    given = headers.get(b"tollway-priority", b"").decode("latin-1")
    return context.Priority(given) if given in _PRIORITIES else context.Priority.NORMAL


def traceparent(headers: Mapping[bytes, bytes]) -> str:
    """The caller's W3C trace parent when it is one; a new trace otherwise."""
    given = headers.get(b"traceparent", b"")
    return given.decode("latin-1") if PARENT.fullmatch(given) else context.new_traceparent()


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The problem document for any exception, as an answer."""
    problem, headers = described(error, request.url.path, context.current().correlation_id)
    return Response(problem, status_code=problem.status, media_type=PROBLEM_TYPE, headers=headers)


def described(error: Exception, path: str, correlation_id: str) -> tuple[Problem, dict[str, str]]:
    """The problem document for any exception and its headers; what nobody foresaw is logged, not told."""
    problem_error = as_problem(error)
    if type(problem_error) is ProblemError:
        log.error("unforeseen", path=path, correlation_id=correlation_id, exc_info=error)
    headers = dict(problem_error.headers)
    if problem_error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(problem_error.retry_after)))
    return problem_error.problem(instance=path, correlation_id=correlation_id), headers


def problem_answer(error: Exception, path: str, correlation_id: str) -> Answer:
    """The problem document for any exception, as it is sent without an application around it."""
    problem, told = described(error, path, correlation_id)
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in told.items()]
    headers.append((b"content-type", PROBLEM_TYPE.encode()))
    return Answer(problem.status, headers, msgspec.json.encode(problem))


def as_problem(error: Exception) -> ProblemError:
    """What an exception of ours, of msgspec or of Litestar means to the caller."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        found = [Violation(pointer=_pointer(item), message=str(item.get("message", ""))) for item in extra]
        return Invalid("The request does not keep to its contract.", violations=found or _violations(error))
    if isinstance(error, msgspec.ValidationError):
        return Invalid("The request does not keep to its contract.", violations=_violations(error))
    if isinstance(error, (SerializationException, msgspec.DecodeError)):
        return Malformed("The body is not the JSON that was announced.")
    if isinstance(error, HTTPException):
        kind = _BY_STATUS.get(error.status_code, Malformed if error.status_code < 500 else ProblemError)  # noqa: PLR2004
        return kind(error.detail)
    return ProblemError("Something failed that nobody foresaw; quote the correlation id to support.")


def _violations(error: Exception) -> list[Violation]:
    message, _, path = str(error).partition(" - at `$")
    return [Violation(pointer=re.sub(r"[.\[]", "/", path.rstrip("`").replace("]", "")), message=message)]


def _pointer(item: dict[str, Any]) -> str:
    key = str(item.get("key", ""))
    return "/" + key.replace(".", "/") if key else ""
