"""Calls straight to the handlers of a service in this process, past the way through its Litestar application.

Only what is plain is called so: a coroutine with parameters from path, query and headers, a body and dependencies, that
answers JSON. Everything else, and every request that finds no handler, is the application's.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from tollway import context
from tollway.context import RequestContext
from tollway.http import parameters
from tollway.http.exchange import WITHOUT_BODY, Answer, Call
from tollway.http.in_process import run
from tollway.http.path_tree import PathTree
from tollway.identity import Identity
from tollway.problems import TooLarge
from tollway.service import MOST_BODY, Service, problem_answer

_JSON = (b"content-type", b"application/json")
_NOT_PLAIN = frozenset({"body", "cookies", "headers", "query", "request", "scope", "socket", "state"})


class DirectService:
    """The plain handlers of a service."""

    def __init__(self, service: Service, identity: Identity) -> None:
        self.identity = identity
        """By which the service knows who calls: what comes in the name of the very same one is believed."""
        self._tree: PathTree[_Operation] = PathTree()
        for route in service.routes:
            if isinstance(route, HTTPRoute):
                for method, (handler, _) in route.route_handler_map.items():
                    if _is_plain(handler):
                        self._tree.at(route.path_format).things[method] = _Operation(handler)

    def call(self, request: Call, ids: RequestContext, seconds: float) -> Coroutine[Any, Any, Answer] | None:
        """The handler's answer; None when the request is the application's to answer."""
        found = self._tree.find(request.method, request.path)
        if found is None or request.streamed:
            return None
        operation, in_path = found
        return run(self._answered(operation, in_path, request, ids), request, ids, seconds)

    async def _answered(
        self, operation: "_Operation", in_path: Mapping[str, str], request: Call, ids: RequestContext
    ) -> Answer:
        try:
            headers = dict(request.headers)
            if ids.process_id:  # The execution context is this call's own, so what is entered is never left.
                context.enter(msgspec.structs.replace(ids, process_id=""))
            arguments = operation.arguments(in_path, request, headers)
            return operation.answer(await operation.handler(**arguments))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
            return problem_answer(error, request.path, ids.correlation_id)


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

    def arguments(self, in_path: Mapping[str, str], request: Call, headers: dict[bytes, bytes]) -> dict[str, Any]:
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
        if self._status in WITHOUT_BODY:
            return Answer(self._status, [])
        return Answer(self._status, [_JSON], msgspec.json.encode(value))


def _is_plain(handler: HTTPRouteHandler) -> bool:
    answered = handler.parsed_return_field.annotation
    return not (
        handler.has_sync_callable
        or handler.opt.get("public")
        or handler.resolve_response_headers()
        or _NOT_PLAIN & handler.parsed_fn_signature.parameters.keys()
        or (isinstance(answered, type) and issubclass(answered, Response))
    )
