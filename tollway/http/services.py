"""Calls between our own services: straight into one that lives in this process, over the network to others."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar, overload
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from litestar.types import ASGIApp

from tollway import context
from tollway.context import RequestContext
from tollway.http import in_process
from tollway.http.direct import DirectService
from tollway.http.exchange import Answer, Call, Headers
from tollway.http.network import RemoteService
from tollway.http.platforms import SAFE_METHODS
from tollway.http.replicas import Replicas
from tollway.identity import HEADER, Identity
from tollway.problem_document import Problem
from tollway.problems import ContractDrift, ProblemError, StartupError, Unavailable, UnknownOutcome, raised_by
from tollway.service import REQUEST_KEY, Service

T = TypeVar("T")
Query = str | Sequence[str]
"""A query parameter; a list of texts is one that is given several times."""
_BAD_REQUEST = 400


class Services:
    """Where every service answers: an application in this process, or a URL."""

    def __init__(self, identity: Identity, urls: Mapping[str, str] | None = None) -> None:
        """`urls`: by service; that of one which runs several times has several, with spaces between them."""
        self.identity = identity
        self._urls = urls or {}
        self._called: set[str] = set()
        self._complete = False
        self._apps: dict[str, ASGIApp] = {}
        self._direct: dict[str, DirectService] = {}
        self._remote: dict[str, RemoteService | Replicas] = {}

    def host(self, name: str, app: ASGIApp) -> None:
        """Let a service of this process be called straight."""
        self._apps[name] = app
        if isinstance(app, Service):
            self._direct[name] = DirectService(app, self.identity)

    def client(self, caller: str, service: str) -> "ServiceClient":
        """The client by which `caller` calls `service`."""
        self.expect(service)
        return ServiceClient(self, caller, service)

    def expect(self, service: str) -> None:
        """Note that `service` is going to be called from here; raises StartupError once it is known where all are."""
        if self._complete and service not in self._apps:
            self._elsewhere(service)
        self._called.add(service)

    def check(self) -> None:
        """Raise StartupError unless everything that is going to be called answers somewhere, from now on at once."""
        for service in sorted(self._called - self._apps.keys()):
            self._elsewhere(service)
        self._complete = True

    def send(
        self, caller: str, service: str, request: Call, ids: RequestContext, longest: float = 60.0
    ) -> Awaitable[Answer]:
        """Send a request as `caller`, in the name of `ids`, which travel with it.

        It waits `longest` seconds, or until their deadline.
        Not sent raises Unavailable; sent without an answer UnknownOutcome, or Unavailable when it was safe to repeat.
        """
        seconds = ids.remaining(longest)
        if seconds <= 0:
            raise Unavailable(
                f"{request.method} {request.path} was not sent: the caller's deadline has passed.", retry_after=1
            )
        direct = self._direct.get(service)
        # Whoever signs with what the service verifies with need not write a signature down for it.
        answering = direct.call(request, ids, seconds) if direct and direct.identity is self.identity else None
        if answering:
            return answering
        signed = (HEADER, self.identity.sign(caller, service, ids.subject, ids.scopes))
        told = msgspec.structs.replace(request, headers=[*request.headers, signed, *_travelling(ids)])
        app = self._apps.get(service)
        if app is None:
            return self._elsewhere(service).call(told, seconds)
        return in_process.call(app, told, ids, seconds)

    async def close(self) -> None:
        """Close connections to services elsewhere."""
        for client in self._remote.values():
            await client.close()

    def _elsewhere(self, service: str) -> RemoteService | Replicas:
        known = self._remote.get(service)
        if known is None:
            urls = _addresses(service, self._urls.get(service, ""))
            known = RemoteService(service, urls[0]) if len(urls) == 1 else Replicas(service, urls)
            self._remote[service] = known
        return known


class ServiceClient:
    """Calls one service as another, in canonical structs; its problem documents come back as exceptions."""

    def __init__(self, services: Services, caller: str, service: str) -> None:
        self._services = services
        self._caller = caller
        self._service = service

    @overload
    async def call(self, method: str, path: str, answer: type[T], *, body: Any = ..., **query: Query) -> T: ...
    @overload
    async def call(self, method: str, path: str, answer: None = ..., *, body: Any = ..., **query: Query) -> None: ...
    async def call(self, method: str, path: str, answer: Any = None, *, body: Any = None, **query: Query) -> Any:
        """Send `body` and return the answer as `answer`; None expects no content. Raises what the service answers."""
        ids = context.current()
        headers = [(b"accept", b"application/json")]
        content = b""
        if body is not None:
            content = msgspec.json.encode(body)
            headers.append((b"content-type", b"application/json"))
        request = Call(method, path, urlencode(query, doseq=True).encode(), headers, content)
        answered = await self._services.send(self._caller, self._service, request, ids)
        return self._read(method, answered.status, answered.body, answer)

    def _read(self, method: str, status: int, content: bytes, answer: Any) -> Any:
        try:
            if status >= _BAD_REQUEST:
                raise raised_by(msgspec.json.decode(content, type=Problem))
            return msgspec.json.decode(content, type=answer) if answer is not None else None
        except msgspec.MsgspecError as error:
            broken = f"{self._service} answered {status} in a form that its contract does not allow: {error}."
            raise (ContractDrift(broken) if method in SAFE_METHODS else UnknownOutcome(broken)) from error
        except ProblemError as error:
            if type(error) is ProblemError and method not in SAFE_METHODS:
                raise UnknownOutcome(f"{self._service} failed half way: {error.detail}") from error
            raise


def _travelling(ids: RequestContext) -> Headers:
    """What a service reads the context of a request from, where it cannot be handed over."""
    headers = [
        (b"correlation-id", ids.correlation_id.encode()),
        (b"traceparent", ids.traceparent.encode()),
        (b"tollway-priority", ids.priority.encode()),
    ]
    if ids.tracestate:
        headers.append((b"tracestate", ids.tracestate.encode("latin-1")))
    if ids.request_key:
        headers.append((REQUEST_KEY, ids.request_key.encode()))
    if ids.deadline is not None:
        headers.append((b"tollway-timeout", b"%.3f" % ids.remaining(3600)))
    return headers


def _addresses(service: str, urls: str) -> list[str]:
    """The base URLs of a service; raises StartupError when there is none, or what is given is not one."""
    found = urls.split()
    if not found:
        raise StartupError(f"The setting services.{service}.url is missing: nobody knows where {service} answers.")
    for url in found:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StartupError(
                f"The setting services.{service}.url says {url!r}, which is no URL like http://host:8101."
            )
    return found


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")
