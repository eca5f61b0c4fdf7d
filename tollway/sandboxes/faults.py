"""Bad days on demand: delays, refusals and lost answers, switched on for chosen calls of a sandbox.

`PUT /__sandbox__/faults` takes a JSON list of `Fault`, `DELETE` clears it. `GET /__sandbox__/calls` counts the
calls by method and path since the last `DELETE /__sandbox__/calls`.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Literal

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

ErrorAnswer = Callable[[int], tuple[int, dict[str, str], bytes]]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of bad day and the calls it befalls."""

    kind: Literal["delay", "error", "throttle", "lost_before", "lost_after"]
    """`delay` waits `delay_ms`; `error` answers `status`; `throttle` answers as the platform does when it is
    overloaded; `lost_before` drops the connection without doing anything; `lost_after` does the work and then
    drops the connection, so that the caller never learns of it."""
    path: str = ".*"
    """A regular expression searched for in the path."""
    method: str | None = None
    """An HTTP method; None befalls all."""
    probability: float = 1.0
    times: int | None = None
    """How many calls it befalls before it is used up; None is without end."""
    delay_ms: int = 0
    """Milliseconds to wait before anything else happens, for every kind."""
    status: int = 503


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
        self.calls: Counter[str] = Counter()

    def set(self, *faults: Fault) -> None:
        """Replace the faults in force."""
        self._faults = list(faults)
        self._left = [fault.times for fault in faults]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif scope["path"].startswith("/__sandbox__/"):
            await self._control(scope, receive, send)
        else:
            self.calls[f"{scope['method']} {scope['path']}"] += 1
            await self._call(scope, receive, send)

    async def _call(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        for fault in self._befalling(scope["method"], scope["path"]):
            if fault.delay_ms:
                await asyncio.sleep(fault.delay_ms / 1000)
            if fault.kind == "delay":
                continue
            if fault.kind == "lost_after":
                await self._app(scope, receive, _discard)
            if fault.kind in ("lost_before", "lost_after"):
                _drop(send)
                return
            status = self._throttle_status if fault.kind == "throttle" else fault.status
            await _answer(send, *self._error_answer(status))
            return
        await self._app(scope, receive, send)

    def _befalling(self, method: str, path: str) -> list[Fault]:
        chosen = []
        for index, fault in enumerate(self._faults):
            left = self._left[index]
            if left == 0 or fault.method not in (None, method) or not re.search(fault.path, path):
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
            await _answer(send, 204, {}, b"")
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
