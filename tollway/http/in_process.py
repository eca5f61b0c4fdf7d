"""Calls straight into an ASGI application of this process: no socket, no task, an execution context of its own."""

import asyncio
import contextvars
import types
from collections.abc import AsyncGenerator, Coroutine, Generator, MutableMapping
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from litestar.types import ASGIApp, HTTPScope, Message

from tollway import context
from tollway.context import RequestContext
from tollway.http.exchange import Answer, Call, Streamed
from tollway.http.platforms import SAFE_METHODS
from tollway.problems import ProblemError, Unavailable, UnknownOutcome

T = TypeVar("T")
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_HERE = ("in-process", 0)
_AHEAD = 8
"""Parts of a streamed answer that an application may be ahead of its reader."""


async def call(app: ASGIApp, request: Call, ids: RequestContext, seconds: float) -> Answer:
    """Run an application for one request; raises as RemoteService when it, or the head of a stream, takes longer."""
    if request.streamed:
        try:
            return await _streamed(app, request, ids, seconds)
        except TimeoutError as error:
            raise _late(request, seconds) from error
    exchange = _Whole(request)
    await run(app(_scope(request), exchange.receive, exchange.send), request, ids, seconds)  # type: ignore[arg-type]
    return exchange.answer


async def run(running: Coroutine[Any, Any, T], request: Call, ids: RequestContext, seconds: float) -> T:
    """Run what answers a request in an execution context of its own; raises as RemoteService when it takes longer."""
    execution = context.fresh(ids)
    try:
        waited = execution.run(running.send, None)
    except StopIteration as done:  # it had to wait for nothing, so it needs no timer
        return done.value  # type: ignore[no-any-return]  # it is what the coroutine returns
    try:
        async with asyncio.timeout(seconds):
            return cast("T", await _finished(execution, running, waited))
    except TimeoutError as error:
        raise _late(request, seconds) from error


def _late(request: Call, seconds: float) -> ProblemError:
    kind = Unavailable if request.method in SAFE_METHODS else UnknownOutcome
    return kind(f"{request.method} {request.path} took longer than {seconds:.0f} s.")


@types.coroutine
def _finished(
    execution: contextvars.Context, running: Coroutine[Any, Any, Any], waited: Any
) -> Generator[Any, None, Any]:
    """Drive a begun coroutine to its end in another execution context, in the task that waits for it.

    A task of its own would do the same at several times the cost.
    """
    while True:
        raised: BaseException | None = None
        try:
            yield waited
        except BaseException as error:  # noqa: BLE001 - a cancellation is the coroutine's to see
            raised = error
        try:
            waited = execution.run(running.send, None) if raised is None else execution.run(running.throw, raised)
        except StopIteration as done:
            return done.value


def _scope(request: Call) -> HTTPScope:
    path = request.path
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode("ascii"),
        "query_string": request.query,
        "root_path": "",
        "headers": [*request.headers, (b"content-length", b"%d" % len(request.body))],
        "client": _HERE,
        "server": _HERE,
        "state": {},
        "extensions": {},
    }
    return scope  # type: ignore[return-value]


class _Whole:
    """The two ends of an exchange whose answer is wanted whole."""

    __slots__ = ("_body", "answer")

    def __init__(self, request: Call) -> None:
        self._body: bytes | None = request.body
        self.answer = Answer(500, [])

    async def receive(self) -> Any:
        """The request's body, and then that nobody sends any more."""
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take the answer's head or a part of its body."""
        if message["type"] == "http.response.start":
            self.answer.status, self.answer.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.answer.body = self.answer.body + message["body"] if self.answer.body else message["body"]


async def _streamed(app: ASGIApp, request: Call, ids: RequestContext, seconds: float) -> Answer:
    """Run the application beside the reader of its answer; it is told to end when nobody reads any more."""
    exchange = _Streaming(request)

    async def run() -> None:
        try:
            await app(_scope(request), exchange.receive, exchange.send)
        finally:
            await exchange.end()

    task = asyncio.create_task(run(), context=context.fresh(ids))
    try:
        async with asyncio.timeout(seconds):
            head = await exchange.parts.get()
    except BaseException:
        task.cancel()
        raise
    if not isinstance(head, Answer):  # it ended without an answer: say why
        await task
        raise ConnectionError("The application ended without an answer.")

    def release() -> None:
        exchange.gone.set()
        task.cancel()

    head.stream = Streamed(_parts(exchange, task), release)
    return head


async def _parts(exchange: "_Streaming", task: asyncio.Task[None]) -> AsyncGenerator[bytes, None]:
    while isinstance(part := await exchange.parts.get(), bytes):
        yield part
    await task


class _Streaming(_Whole):
    """The two ends of an exchange whose answer is read as it comes."""

    __slots__ = ("gone", "parts")

    def __init__(self, request: Call) -> None:
        super().__init__(request)
        self.parts: asyncio.Queue[Answer | bytes | None] = asyncio.Queue(_AHEAD)
        self.gone = asyncio.Event()

    async def receive(self) -> Any:
        """The request's body, and then, once it is so, that nobody reads any more."""
        if self._body is None:
            await self.gone.wait()
        return await super().receive()

    async def send(self, message: Message) -> None:
        """Hand the answer's head or a part of its body to the reader."""
        if message["type"] == "http.response.start":
            await self.parts.put(Answer(message["status"], list(message["headers"])))
        elif message["type"] == "http.response.body":
            if message["body"]:
                await self.parts.put(message["body"])
            if not message.get("more_body", False):  # an application may wait to hear that it was heard to the end
                await self.end()

    async def end(self) -> None:
        """Tell the reader that there is no more, and the application that nobody reads any more."""
        if not self.gone.is_set():
            self.gone.set()
            await self.parts.put(None)
