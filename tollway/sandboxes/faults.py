"""Bad days on demand: delays, refusals and lost answers, switched on for chosen calls of a sandbox.

`PUT /__sandbox__/faults` takes a JSON list of `Fault`, `DELETE` clears it. `GET /__sandbox__/calls` counts the
calls by method and path since the last `DELETE /__sandbox__/calls`, and `GET /__sandbox__/concurrency` tells how many
are under way and the most that were at once since then.
"""

import asyncio
import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Literal

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

ErrorAnswer = Callable[[int], tuple[int, dict[str, str], bytes]]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of bad day and the calls it befalls."""

    kind: Literal[
        "delay", "error", "throttle", "lost_before", "lost_after", "silent_before", "silent_after", "cut", "malformed"
    ]
    """`delay` waits `delay_ms`; `error` answers `status`; `throttle` answers as the platform does when it is
    overloaded; `lost_before` drops the connection without doing anything; `lost_after` does the work and then
    drops the connection, so that the caller never learns of it; `silent_before` and `silent_after` leave the caller
    waiting instead; `cut` does the work and drops the connection in the middle of the answer; `malformed` does the
    work and answers something that is not what it was to be."""
    path: str = ".*"
    """A regular expression searched for in the path."""
    method: str | None = None
    """HTTP methods, separated by `|`; None befalls all."""
    probability: float = 1.0
    skip: int = 0
    """How many calls that it could befall go unharmed first."""
    times: int | None = None
    """How many calls it befalls before it is used up; None is without end."""
    delay_ms: int = 0
    """Milliseconds to wait before anything else happens, for every kind; new faults end the wait."""
    status: int = 503
    retry_after: str = ""
    """What an `error` or `throttle` has for its Retry-After header."""


class Faults:
    """An ASGI middleware in front of a sandbox that makes chosen calls fail."""

    def __init__(
        self, app: ASGIApp, error_answer: ErrorAnswer, throttle_status: int = 429, seed: int | None = None
    ) -> None:
        """`error_answer(status)` gives the platform's own status, headers and body for a failing answer."""
        self._app = app
        self._error_answer = error_answer
        self._throttle_status = throttle_status
        self._random = random.Random(seed)  # noqa: S311 - faults want repeatable, not unpredictable, choices
        self._faults: list[Fault] = []
        self._left: list[int | None] = []
        self._skip: list[int] = []
        self._replaced = asyncio.Event()
        self.calls: Counter[str] = Counter()
        self.running = self.peak = 0
        """The calls that are under way, and the most that ever were."""

    def set(self, *faults: Fault) -> None:
        """Replace the faults in force; calls that are being delayed go on at once."""
        self._replaced.set()
        self._replaced = asyncio.Event()
        self._faults = list(faults)
        self._left = [fault.times for fault in faults]
        self._skip = [fault.skip for fault in faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif scope["path"].startswith("/__sandbox__/"):
            await self._control(scope, receive, send)
        else:
            self.calls[f"{scope['method']} {scope['path']}"] += 1
            self.running += 1
            self.peak = max(self.peak, self.running)
            try:
                await self._call(scope, receive, send)
            finally:
                self.running -= 1

    async def _call(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        for fault in self._befalling(scope["method"], scope["path"]):
            if fault.delay_ms:
                await self._delay(fault.delay_ms / 1000)
            if fault.kind == "delay":
                continue
            await _BAD_DAYS.get(fault.kind, self._refuse)(self._app, scope, receive, send, fault)
            return
        await self._app(scope, receive, send)

    async def _delay(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._replaced.wait()

    async def _refuse(self, _: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, fault: Fault) -> None:  # noqa: ARG002
        status, headers, body = self._error_answer(self._throttle_status if fault.kind == "throttle" else fault.status)
        if fault.retry_after:
            headers = headers | {"retry-after": fault.retry_after}
        await _answer(send, status, headers, body)

    def _befalling(self, method: str, path: str) -> list[Fault]:
        chosen = []
        for index, fault in enumerate(self._faults):
            left = self._left[index]
            if left == 0 or (fault.method and method not in fault.method.split("|")):
                continue
            if not re.search(fault.path, path):
                continue
            if self._skip[index]:
                self._skip[index] -= 1
                continue
            if self._random.random() < fault.probability:
                self._left[index] = None if left is None else left - 1
                chosen.append(fault)
        return chosen

    async def _control(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        what, method = scope["path"].removeprefix("/__sandbox__/"), scope["method"]
        json = {"content-type": "application/json"}
        if (what, method) == ("calls", "GET"):
            await _answer(send, 200, json, msgspec.json.encode(self.calls))
        elif (what, method) == ("calls", "DELETE"):
            self.calls.clear()
            self.peak = self.running
            await _answer(send, 204, {}, b"")
        elif (what, method) == ("concurrency", "GET"):
            await _answer(send, 200, json, msgspec.json.encode({"running": self.running, "peak": self.peak}))
        elif what == "faults" and method in ("PUT", "DELETE"):
            body = await _read(receive) if method == "PUT" else b"[]"
            try:
                self.set(*msgspec.json.decode(body, type=list[Fault]))
            except msgspec.MsgspecError as error:
                await _answer(send, 400, json, msgspec.json.encode({"message": str(error)}))
            else:
                await _answer(send, 204, {}, b"")
        else:
            await _answer(send, 404, json, b'{"message": "the sandbox has /__sandbox__/faults and /__sandbox__/calls"}')


async def _lose(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, fault: Fault) -> None:
    if fault.kind == "lost_after":
        await app(scope, receive, _discard)
    _drop(send)


async def _keep_silent(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, fault: Fault) -> None:
    if fault.kind == "silent_after":
        await app(scope, receive, _discard)
    while (await receive())["type"] != "http.disconnect":
        pass
    _drop(send)


async def _cut(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, _: Fault) -> None:
    await _start(send, await _done(app, scope, receive), length=4096)
    await send({"type": "http.response.body", "body": b'{"', "more_body": True})
    await asyncio.sleep(0)  # the first bytes leave before the connection does
    _drop(send)


async def _garble(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send, _: Fault) -> None:
    words = b"<html>The proxy in between has something else to say.</html>"
    await _start(send, await _done(app, scope, receive), len(words))
    await send({"type": "http.response.body", "body": words, "more_body": False})


_BAD_DAYS = {
    "lost_before": _lose,
    "lost_after": _lose,
    "silent_before": _keep_silent,
    "silent_after": _keep_silent,
    "cut": _cut,
    "malformed": _garble,
}
_NO_CONTENT = 204


async def _done(app: ASGIApp, scope: HTTPScope, receive: Receive) -> HTTPResponseStartEvent:
    """Do the work; the head of the answer, which nobody sees."""
    said: list[Message] = []

    async def note(message: Message) -> None:
        said.append(message)

    await app(scope, receive, note)
    return said[0]  # type: ignore[return-value]  # an answer begins with its head


async def _start(send: Send, head: HTTPResponseStartEvent, length: int) -> None:
    """Begin the answer with that head, and another body than it was made for."""
    told = (b"content-length", b"transfer-encoding", b"location")
    headers = [(name, value) for name, value in head["headers"] if name.lower() not in told]
    headers.append((b"content-length", str(length).encode()))
    status = 200 if head["status"] == _NO_CONTENT else head["status"]
    await send({"type": "http.response.start", "status": status, "headers": headers})


def _drop(send: Send) -> None:
    """Cut the caller's connection, which ASGI has no word for: the server's own answer object knows its socket."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]


async def _discard(message: Message) -> None:
    """Swallow an answer that the caller is never to see."""


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")  # type: ignore[operator]
        if not message.get("more_body"):
            return body


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body, "more_body": False})
