"""The gateway's ASGI face: requests to API products through their policies, all others to the catalog."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from gateway.http1.exchange import Exchange
from gateway.routes import Entry
from gateway.unrouted import Unrouted
from policies.base import GatewayRequest, GatewayResponse, Handler
from policies.security_headers import completed
from tollway import context
from tollway.context import RequestContext
from tollway.contracts.published import Contract
from tollway.http.addresses import Networks, caller_behind
from tollway.http.exchange import WITHOUT_BODY, Headers
from tollway.problems import ProblemError
from tollway.service import correlation_id, problem_answer, traceparent
from tollway.telemetry.answered import MOST_PATH, Answered

_CACHE_CONTROL = b"cache-control"
_KEPT_BESIDE = {b"content-type", b"link", b"vary"}
"""Headers of a service that stand beside whatever the gateway says."""


class Api(msgspec.Struct, frozen=True):
    """An API product with the handler that answers it."""

    entry: Entry
    contract: Contract
    handler: Handler


class Built(msgspec.Struct, frozen=True):
    """What is made of one state of the routes."""

    apis: Mapping[str, Api]
    """By the first two segments of the path."""
    others: ASGIApp
    """Answers every other path: catalog, documentation, health."""
    when_taken: Sequence[Callable[[], None]] = ()
    """What is to be done once this is in use."""


class Gateway:
    """Chooses by the first two segments of the path, between what was last built."""

    def __init__(
        self,
        build: Callable[[], Built],
        routes_file: Path,
        added: Headers,
        *,
        unrouted: Unrouted,
        terminators: Networks = (),
    ) -> None:
        """`added` are the headers of answers that no product's policies made, unless these set them.

        `unrouted` is told of the requests that reach no product; `terminators` are the networks of those who may say
        for whom they call.
        """
        self.routes_file = routes_file
        """What `build` reads first, and may be changed by people."""
        self._build = build
        self._added = added
        self._terminators = terminators
        self._unrouted = unrouted
        self.reload()

    def reload(self) -> None:
        """Build anew; raises StartupError and goes on as before when something does not fit together.

        A request that has begun is answered by what was built when it came.
        """
        self._built = self._build()
        for take in self._built.when_taken:
            take()

    def unread(self, problem: ProblemError, ids: RequestContext, address: str) -> None:
        """Tell of what whoever is connected at this address sent, and was no request."""
        self._unrouted.unread(
            Answered(
                began=time.time(),
                seconds=0.0,
                ids=ids,
                product="",
                method="",
                path="",
                status=problem.status,
                address=address,
                problem=problem.kind,
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._built.others(scope, receive, send)
            return
        path = scope["path"]
        ends = path.find("/", path.find("/", 1) + 1)  # where its first two segments do
        api = self._built.apis.get(path if ends < 0 else path[:ends])
        if api is None:
            await self._other(scope, receive, send)
            return
        response = await self._handled(api, scope, receive)
        if response.stream is not None:
            await _pass_on(send, receive, response, response.stream)
            return
        if response.status not in WITHOUT_BODY:
            response.headers.append((b"content-length", b"%d" % len(response.body)))
        if isinstance(send, Exchange):
            await send.send_whole(response.status, response.headers, response.body)
            return
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})

    async def _handled(self, api: Api, scope: HTTPScope, receive: Receive) -> GatewayResponse:
        """The answer of the product's handler, or the problem document that says why there is none."""
        client = scope["client"]
        try:
            request = GatewayRequest(
                method=scope["method"],
                raw_path=scope["raw_path"],
                query=scope["query_string"],
                headers=scope["headers"],  # type: ignore[arg-type]  # every server hands a list
                receive=receive,
                address=client[0] if client else "",
                contract=api.contract,
                scheme=scope["scheme"],
                http_version=scope["http_version"],
            )
        except ProblemError as problem:
            headers = dict(scope["headers"])
            ids = context.new_context(correlation_id(headers))
            self._unrouted.unread(self._answered(scope, headers, ids, problem.status, problem=problem.kind))
            response = _refused(problem, ids, scope)
            response.headers = completed(response.headers, self._added)
            return response
        try:
            if self._terminators:
                request.address = caller_behind(request.peer, request.headers, self._terminators)
            response = await api.handler(request)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is answered
            response = _refused(error, request.context, scope)
        for name, _ in response.headers:
            if name not in _KEPT_BESIDE:
                response.headers = _merged(response.headers, request.answer_headers)
                return response
        response.headers += request.answer_headers
        return response

    async def _other(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers, began = dict(scope["headers"]), time.monotonic()
        ids = context.new_context(correlation_id(headers), traceparent(headers))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [*message["headers"], (b"correlation-id", ids.correlation_id.encode())]
                message["headers"] = completed(fields, self._added)
                seconds = time.monotonic() - began
                self._unrouted.answered(self._answered(scope, headers, ids, message["status"], seconds))
            await send(message)

        scope["headers"] = [*scope["headers"], (b"correlation-id", ids.correlation_id.encode())]
        token = context.enter(ids)
        try:
            await self._built.others(scope, receive, send_with_id)
        finally:
            context.leave(token)

    def _answered(
        self,
        scope: HTTPScope,
        headers: Mapping[bytes, bytes],
        ids: RequestContext,
        status: int,
        seconds: float = 0.0,
        problem: str = "",
    ) -> Answered:
        """What is told of a request that reached no product."""
        address = scope["client"][0] if scope["client"] else ""
        if self._terminators:
            address = caller_behind(address, headers, self._terminators)
        path = scope["raw_path"].partition(b"?")[0][:MOST_PATH].decode("latin-1")
        began = time.time() - seconds
        return Answered(began, seconds, ids, "", scope["method"], path, status, address=address, problem=problem)


def _refused(error: Exception, ids: RequestContext, scope: HTTPScope) -> GatewayResponse:
    answer = problem_answer(error, scope["path"], ids.correlation_id)
    return GatewayResponse(answer.status, answer.headers, answer.body)


def _merged(headers: Headers, ours: Headers) -> Headers:
    """The service's headers and the gateway's: where both have one the gateway's holds, but for caching and links."""
    if any(name == _CACHE_CONTROL for name, _ in headers):
        ours = [pair for pair in ours if pair[0] != _CACHE_CONTROL]
    given = {name for name, _ in ours} - _KEPT_BESIDE
    return [pair for pair in headers if pair[0] not in given] + ours


async def _pass_on(send: Send, receive: Receive, response: GatewayResponse, stream: AsyncIterator[bytes]) -> None:
    """Send an answer as it comes, until it ends or its reader is gone.

    One that breaks off ends the connection, since its status is already sent.
    """

    async def parts() -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        async for part in stream:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with aclosing(stream):  # type: ignore[type-var]  # every stream here can be closed
        sending, leaving = asyncio.create_task(parts()), asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = sending.done()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if ended:
            sending.result()


async def _gone(receive: Receive) -> None:
    """Wait until nobody reads any more; a server does not tell whoever sends."""
    while (await receive())["type"] != "http.disconnect":
        pass
