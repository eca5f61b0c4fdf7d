"""Calls straight to the handlers of a service in this process, past the way through its Litestar application.

Only what is plain is called so: a coroutine with parameters from path, query and headers, a body and dependencies, that
answers JSON. Everything else, and every request that finds no handler, is the application's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast
from urllib.parse import unquote

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from tollway import context
from tollway.context import RequestContext
from tollway.http import parameters
from tollway.http.exchange import Answer, Call, Headers
from tollway.http.in_process import finished, late
from tollway.http.path_tree import PathTree
from tollway.identity import HEADER, Identity
from tollway.problems import TooLarge, Unauthenticated
from tollway.service import MOST_BODY, PROBLEM_TYPE, Service, described

_JSON = (b"content-type", b"application/json")
_NOT_PLAIN = frozenset({"body", "cookies", "headers", "query", "request", "scope", "socket", "state"})
_NO_BODY = (204, 304)


class DirectService:
    """The plain handlers of a service."""

    def __init__(self, service: Service, identity: Identity) -> None:
        self._name = service.name
        self._identity = identity
        self._tree: PathTree[_Operation] = PathTree()
        for route in service.routes:
            if isinstance(route, HTTPRoute):
                for method, (handler, _) in route.route_handler_map.items():
                    if _is_plain(handler):
                        self._tree.at(route.path_format).things[method] = _Operation(handler)

    def call(self, request: Call, ids: RequestContext, seconds: float) -> Coroutine[Any, Any, Answer] | None:
        """The handler's answer; None when the request is the application's to answer."""
        path = request.path
        segments = path[1:].split("/")
        found = self._tree.find([unquote(segment) for segment in segments] if "%" in path else segments)
        if found is None or request.streamed:
            return None
        node, values = found
        operation = node.things.get(request.method)
        if operation is None:
            return None
        return self._answered(operation, dict(zip(node.names, values, strict=True)), request, ids, seconds)

    async def _answered(
        self, operation: "_Operation", in_path: dict[str, str], request: Call, ids: RequestContext, seconds: float
    ) -> Answer:
        try:
            headers = dict(request.headers)
            _, subject = self._identity.verify(self._token(headers), self._name)
            arguments = operation.arguments(in_path, request, headers)
            inner = RequestContext(ids.correlation_id, ids.traceparent, subject, "", ids.deadline, ids.tracestate)
            execution = context.fresh(inner)
            running = operation.handler(**arguments)
            try:
                waited = execution.run(running.send, None)
            except StopIteration as done:
                return operation.answer(done.value)
            try:
                async with asyncio.timeout(seconds) as timer:
                    return operation.answer(await finished(execution, running, waited))
            except TimeoutError:
                if timer.expired():
                    raise _Late from None
                raise
        except _Late:
            raise late(request, seconds) from None
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
            return _problem(error, request.path, ids.correlation_id)

    def _token(self, headers: dict[bytes, bytes]) -> bytes:
        token = headers.get(HEADER)
        if token is None:
            raise Unauthenticated(f"{self._name} is called by Tollway's own services only; call the gateway.")
        return token


class _Late(Exception):
    """The handler took longer than its caller waits."""


class _Operation:
    """One handler and what it is called with."""

    __slots__ = ("_data", "_parameters", "_provided", "_status", "handler")

    def __init__(self, handler: HTTPRouteHandler) -> None:
        self.handler = cast("Callable[..., Coroutine[Any, Any, Any]]", handler.fn)
        fields = handler.parsed_fn_signature.parameters
        provided = handler.resolve_dependencies()
        self._provided = {name: provide.dependency() for name, provide in provided.items() if name in fields}
        self._parameters = parameters.of(handler)
        self._data = msgspec.json.Decoder(fields["data"].raw, strict=False) if "data" in fields else None
        self._status = handler.status_code

    def arguments(self, in_path: dict[str, str], request: Call, headers: dict[bytes, bytes]) -> dict[str, Any]:
        """What the handler is called with; raises Invalid, listing every violation, and what decoding raises."""
        taken = parameters.read(self._parameters, in_path, request.query, headers)
        if self._provided:
            taken.update(self._provided)
        if self._data:
            if len(request.body) > MOST_BODY:
                raise TooLarge(f"The body may hold {MOST_BODY} bytes.")
            taken["data"] = self._data.decode(request.body)
        return taken

    def answer(self, value: Any) -> Answer:
        """What the handler returned, as its answer."""
        if self._status in _NO_BODY:
            return Answer(self._status, [])
        return Answer(self._status, [_JSON], msgspec.json.encode(value))


def _problem(error: Exception, path: str, correlation_id: str) -> Answer:
    problem, told = described(error, path, correlation_id)
    headers: Headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
    headers.append((b"content-type", PROBLEM_TYPE.encode()))
    return Answer(problem.status, headers, msgspec.json.encode(problem))


def _is_plain(handler: HTTPRouteHandler) -> bool:
    answered = handler.parsed_return_field.annotation
    return not (
        handler.has_sync_callable
        or handler.opt.get("public")
        or handler.resolve_response_headers()
        or _NOT_PLAIN & handler.parsed_fn_signature.parameters.keys()
        or (isinstance(answered, type) and issubclass(answered, Response))
        or any(parameter.where == "path" and ":" in parameter.name for parameter in parameters.of(handler))
    )
