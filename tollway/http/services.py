"""Calls between our own services: straight into one that lives in this process, over the network to others."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar, overload
from urllib.parse import quote, urlencode

import httpx
import msgspec
from litestar.types import ASGIApp, HTTPScope, Message

from tollway import context
from tollway.http.platforms import SAFE_METHODS, PlatformClient
from tollway.identity import HEADER, Identity
from tollway.problems import ContractDrift, Problem, ProblemError, StartupError, Unavailable, UnknownOutcome, raised_by

T = TypeVar("T")
Answer = tuple[int, Mapping[str, str], bytes]


class Services:
    """Where every service answers: an application in this process, or a URL."""

    def __init__(self, identity: Identity, urls: Mapping[str, str] | None = None) -> None:
        self.identity = identity
        self._urls = urls or {}
        self._called: set[str] = set()
        self._apps: dict[str, ASGIApp] = {}
        self._remote: dict[str, PlatformClient] = {}

    def host(self, name: str, app: ASGIApp) -> None:
        """Let a service of this process be called straight."""
        self._apps[name] = app

    def client(self, caller: str, service: str) -> "ServiceClient":
        """The client by which `caller` calls `service`."""
        self.expect(service)
        return ServiceClient(self, caller, service)

    def expect(self, service: str) -> None:
        """Note that `service` is going to be called from here."""
        self._called.add(service)

    def check(self) -> None:
        """Raise StartupError unless everything that is going to be called answers somewhere."""
        for service in sorted(self._called - self._apps.keys()):
            self._elsewhere(service)

    async def send(self, service: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send a request; a missing answer raises as PlatformClient does."""
        if service in self._apps:
            return await _call(self._apps[service], method, target, headers, body)
        answer = await self._elsewhere(service).send(method, target, headers=headers, content=body)
        return answer.status_code, answer.headers, answer.content

    async def close(self) -> None:
        """Close connections to services elsewhere."""
        for client in self._remote.values():
            await client.close()

    def _elsewhere(self, service: str) -> PlatformClient:
        if service not in self._urls:
            raise StartupError(f"The setting services.{service}.url is missing: nobody knows where {service} answers.")
        if service not in self._remote:
            self._remote[service] = PlatformClient(service, self._urls[service])
        return self._remote[service]


class ServiceClient:
    """Calls one service as another, in canonical structs; its problem documents come back as exceptions."""

    def __init__(self, services: Services, caller: str, service: str) -> None:
        self._services = services
        self._caller = caller
        self._service = service

    @overload
    async def call(self, method: str, path: str, answer: type[T], *, body: Any = ..., **query: str) -> T: ...
    @overload
    async def call(self, method: str, path: str, answer: None = ..., *, body: Any = ..., **query: str) -> None: ...
    async def call(self, method: str, path: str, answer: Any = None, *, body: Any = None, **query: str) -> Any:
        """Send `body` and return the answer as `answer`; None expects no content. Raises what the service answers."""
        request = context.current()
        headers = {
            HEADER: self._services.identity.sign(self._caller, self._service, request.subject),
            "correlation-id": request.correlation_id,
            "traceparent": request.traceparent,
            "accept": "application/json",
        }
        if request.deadline is not None:
            headers["tollway-timeout"] = f"{request.remaining(3600):.3f}"
        content = b""
        if body is not None:
            content, headers["content-type"] = msgspec.json.encode(body), "application/json"
        target = f"{path}?{urlencode(query)}" if query else path
        status, _, content = await self._services.send(self._service, method, target, headers, content)
        return self._read(method, status, content, answer)

    def _read(self, method: str, status: int, content: bytes, answer: Any) -> Any:
        try:
            if status >= httpx.codes.BAD_REQUEST:
                raise raised_by(msgspec.json.decode(content, type=Problem))
            return msgspec.json.decode(content, type=answer) if answer is not None else None
        except msgspec.MsgspecError as error:
            broken = f"{self._service} answered {status} in a form that its contract does not allow: {error}."
            raise (ContractDrift(broken) if method in SAFE_METHODS else UnknownOutcome(broken)) from error
        except ProblemError as error:
            if type(error) is ProblemError and method not in SAFE_METHODS:
                raise UnknownOutcome(f"{self._service} failed half way: {error.detail}") from error
            raise


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")


async def _call(app: ASGIApp, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    """Run an application for one request in a context of its own, which carries only what `context` holds."""
    request = context.current()
    seconds = request.remaining(60)
    if seconds <= 0:
        raise Unavailable(f"{method} {target} was not sent: the caller's deadline has passed.", retry_after=1)
    exchange = _Exchange(app, method, target, headers, body)
    task = asyncio.create_task(exchange.run(), context=context.fresh(request))
    try:
        await asyncio.wait_for(task, seconds)
    except TimeoutError as error:
        kind = Unavailable if method in SAFE_METHODS else UnknownOutcome
        raise kind(f"{method} {target} took longer than {seconds:.0f} s.") from error
    return exchange.status, exchange.headers, b"".join(exchange.chunks)


class _Exchange:
    """One request to and one answer from an ASGI application."""

    def __init__(self, app: ASGIApp, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        self._app = app
        self._body: bytes | None = body
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": httpx.URL(path).path if "%" in path else path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                *((name.encode(), value.encode("latin-1")) for name, value in headers.items()),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("in-process", 0),
            "server": ("in-process", 0),
            "state": {},
            "extensions": {},
        }
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.chunks: list[bytes] = []

    async def run(self) -> None:
        scope: HTTPScope = self._scope  # type: ignore[assignment]
        await self._app(scope, self._receive, self._send)

    async def _receive(self) -> Any:
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self.chunks.append(message["body"])
