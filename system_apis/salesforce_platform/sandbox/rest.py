"""The REST API's resources below /services/data/vXX.X, as functions from a request to an answer.

They do not know of sockets, so that the composite resources can call them for each of their subrequests. What is wrong
with malformed JSON is told in the words of the sandbox's own parser.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import msgspec

from system_apis.salesforce_platform.sandbox.errors import ApiError, not_found
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.schema import SObjectType

NO_BODY = "The HTTP entity body is required, but this request has no entity body."
FIRST_VERSION, LAST_VERSION = 31, 66


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a resource."""

    org: Org
    version: str
    method: str
    path: str
    """Below /services/data/vXX.X/, still percent-encoded."""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    content: bytes = b""
    json: Any = msgspec.UNSET
    """The body of a subrequest, already decoded."""

    @property
    def root(self) -> str:
        """The path that the resource's own URLs begin with."""
        return f"/services/data/v{self.version}"

    def body(self) -> Any:
        """The decoded JSON body."""
        if self.json is not msgspec.UNSET:
            return self.json
        if not self.content:
            raise ApiError("JSON_PARSER_ERROR", NO_BODY)
        try:
            return msgspec.json.decode(self.content)
        except msgspec.DecodeError as error:
            raise ApiError("JSON_PARSER_ERROR", str(error)) from None

    def record(self) -> dict[str, Any]:
        """The decoded JSON body, which must be an object."""
        body = self.body()
        if not isinstance(body, dict):
            raise ApiError("JSON_PARSER_ERROR", NO_BODY)
        return body

    def sobject(self, name: str) -> SObjectType:
        """The sObject that the path names."""
        found = self.org.schema.type(name)
        if found is None:
            raise not_found()
        return found


class Answer(msgspec.Struct, frozen=True):
    """What a resource answers; bytes go out as they are, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}


Handler = Callable[..., Answer]


class Router:
    """Finds the handler of a method and path."""

    def __init__(self) -> None:
        self._routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = []

    def add(self, pattern: str, **handlers: Handler) -> None:
        """Serve `pattern`, where {name} stands for one segment, with a handler for each method."""
        regex = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((re.compile(regex, re.IGNORECASE), handlers))

    def dispatch(self, request: Request) -> Answer:
        """The answer, a refusal included."""
        try:
            return self.run(request)
        except ApiError as error:
            return Answer(error.status, error.body())

    def run(self, request: Request) -> Answer:
        """The answer; raises ApiError for a refusal."""
        path = request.path.strip("/")
        for pattern, handlers in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            method = request.method if request.method != "HEAD" else "GET"
            handler = handlers.get(method)
            if handler is None:
                allowed = ",".join(sorted(handlers))
                message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
                raise ApiError("METHOD_NOT_ALLOWED", message)
            return handler(request, **{name: unquote(value) for name, value in match.groupdict().items()})
        raise not_found()


def subrequest(
    request: Request, method: str, url: str, body: Any, headers: Mapping[str, str] | None = None
) -> Request | None:
    """The request that a composite resource makes for the caller; None when the URL is none of the REST API's."""
    parts = urlsplit(url)
    match = re.fullmatch(r"(?:/services/data/)?/?v(\d+\.\d)/(.*)", parts.path)
    if match is None:
        return None
    return Request(
        org=request.org,
        version=match[1],
        method=method.upper(),
        path=match[2],
        query=read_query(parts.query),
        headers={name.lower(): value for name, value in (headers or {}).items()},
        json=body,
    )


def read_query(text: str) -> dict[str, str]:
    """A query string's parameters."""
    return {unquote_plus(name): value for name, value in parse_qsl(text, keep_blank_values=True)}
