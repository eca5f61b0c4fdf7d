"""The Litestar application: it authenticates, counts the call, and hands it to the resources."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Litestar, Request, Response, Router, get, post, route
from litestar.enums import MediaType
from litestar.types import ControllerRouterHandler

from system_apis.salesforce_platform.sandbox.errors import ApiError, not_found
from system_apis.salesforce_platform.sandbox.oauth import OAuth
from system_apis.salesforce_platform.sandbox.org import Org
from system_apis.salesforce_platform.sandbox.resources.old_bulk import build_old_bulk_router, refused
from system_apis.salesforce_platform.sandbox.resources.service import versions
from system_apis.salesforce_platform.sandbox.resources.table import build_router
from system_apis.salesforce_platform.sandbox.rest import FIRST_VERSION, LAST_VERSION, Answer, read_query
from system_apis.salesforce_platform.sandbox.rest import Request as ResourceRequest
from system_apis.salesforce_platform.sandbox.sessions import Sessions
from system_apis.salesforce_platform.sandbox.soap import Soap

Call = Request[Any, Any, Any]
Beside = Callable[[Litestar], AbstractAsyncContextManager[None]]
LARGEST_BODY = 150 * 1024 * 1024
DATA, ASYNC = "/services/data/", "/services/async/"


class Front:
    """What stands between the socket and the resources."""

    def __init__(self, org: Org, sessions: Sessions, daily_requests: int) -> None:
        self._org = org
        self._sessions = sessions
        self._daily_requests = daily_requests
        self._router = build_router()
        self._old_bulk = build_old_bulk_router()

    async def data(self, call: Call) -> Answer:
        """A call below /services/data."""
        request = await self._read(call, DATA)
        try:
            self._sessions.check(call.headers.get("authorization", ""))
        except ApiError as error:
            return Answer(error.status, error.body())
        used = self._org.count_request()
        if used > self._daily_requests:
            refusal = ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            answer = Answer(refusal.status, refusal.body())
        elif not FIRST_VERSION <= _number(request.version) <= LAST_VERSION:
            answer = Answer(404, not_found().body())
        else:
            answer = self._router.dispatch(request)
        usage = {"Sforce-Limit-Info": f"api-usage={min(used, self._daily_requests)}/{self._daily_requests}"}
        return Answer(answer.status, answer.body, {**answer.headers, **usage})

    async def old_bulk(self, call: Call) -> Answer:
        """A call below /services/async."""
        request = await self._read(call, ASYNC)
        try:
            self._sessions.check(f"Bearer {call.headers.get('x-sfdc-session', '')}")
            return self._old_bulk.run(request)
        except ApiError as error:
            return refused(request, error)

    async def _read(self, call: Call, root: str) -> ResourceRequest:
        path = call.scope["raw_path"].decode("latin-1").split("?")[0].removeprefix(root)
        version, _, rest = path.partition("/")
        content = await call.body()
        if call.headers.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        query = read_query(call.scope["query_string"].decode("latin-1"))
        return ResourceRequest(
            org=self._org,
            version=version.removeprefix("v"),
            method=query.get("_HttpMethod", call.method),
            path=rest,
            query=query,
            headers=dict(call.headers),
            content=content,
        )


def _number(version: str) -> float:
    return float(version) if version.replace(".", "", 1).isdecimal() else 0.0


def _respond(answer: Answer) -> Response[bytes]:
    body, headers = answer.body, dict(answer.headers)
    usual = "text/csv; charset=UTF-8" if isinstance(body, bytes) else "application/json;charset=UTF-8"
    kind = headers.pop("content-type", usual)
    if not isinstance(body, bytes):
        body = b"" if body is None else msgspec.json.encode(body)
    if body:  # as a header, since Litestar puts a charset behind a media type of text
        headers["content-type"] = kind
    return Response(body, status_code=answer.status, headers=headers)


def _base_url(call: Call) -> str:
    return f"{call.scope['scheme']}://{call.headers.get('host', 'localhost')}"


async def _form(call: Call) -> dict[str, str]:
    """The parameters of a form body and of the query string; the body's count more."""
    body = dict(parse_qsl((await call.body()).decode(), keep_blank_values=True))
    return read_query(call.scope["query_string"].decode("latin-1")) | body


def build_app(
    org: Org, sessions: Sessions, oauth: OAuth, soap: Soap, daily_requests: int, beside: Sequence[Beside] = ()
) -> Litestar:
    """The sandbox's application; what is `beside` it is served for as long as it is."""
    handlers = [*_login_handlers(oauth, soap), *_data_handlers(Front(org, sessions, daily_requests))]
    return Litestar(
        handlers,
        openapi_config=None,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        lifespan=list(beside),
    )


def _login_handlers(oauth: OAuth, soap: Soap) -> list[ControllerRouterHandler]:
    @post("/token", status_code=200)
    async def _token(request: Call) -> Response[bytes]:
        authorization = request.headers.get("authorization", "")
        return _respond(oauth.token(await _form(request), authorization, _base_url(request)))

    @route("/revoke", http_method=["GET", "POST"], status_code=200)
    async def _revoke(request: Call) -> Response[bytes]:
        return _respond(oauth.revoke(await _form(request)))

    @post("/introspect", status_code=200)
    async def _introspect(request: Call) -> Response[bytes]:
        return _respond(oauth.introspect(await _form(request), request.headers.get("authorization", "")))

    @route(
        ["/services/Soap/u/{version:str}", "/services/Soap/u/{version:str}/{organization:str}"],
        http_method="POST",
        status_code=200,
    )
    async def _soap(request: Call) -> Response[bytes]:
        version = request.path_params["version"]
        return _respond(soap.call(version, (await request.body()).decode(), _base_url(request)))

    @route("/userinfo", http_method=["GET", "POST"], status_code=200)
    async def _userinfo(request: Call) -> Response[bytes]:
        return _respond(oauth.identity(request.headers.get("authorization", ""), _base_url(request)))

    @get("/id/{organization:str}/{user:str}")
    async def _identity(request: Call) -> Response[bytes]:
        return _respond(oauth.identity(request.headers.get("authorization", ""), _base_url(request)))

    return [Router("/services/oauth2", route_handlers=[_token, _revoke, _introspect, _userinfo]), _soap, _identity]


def _data_handlers(front: Front) -> list[ControllerRouterHandler]:
    @get("/services/data", media_type=MediaType.JSON)
    async def _versions() -> Response[bytes]:
        return _respond(Answer(body=versions()))

    @route(DATA + "{rest:path}", http_method=["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"], status_code=200)
    async def _data(request: Call) -> Response[bytes]:
        return _respond(await front.data(request))

    @route(ASYNC + "{rest:path}", http_method=["GET", "POST"], status_code=200)
    async def _old_bulk(request: Call) -> Response[bytes]:
        return _respond(await front.old_bulk(request))

    return [_versions, _data, _old_bulk]


def refuse(status: int) -> tuple[int, dict[str, str], bytes]:
    """The platform's own answer of a bad day: the daily limit is a 403, trouble at its end a 503.

    Source: 'REST API Developer Guide: Status Codes and Error Responses'.
    """
    reasons: Mapping[int, tuple[str, str]] = {
        403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        401: ("INVALID_SESSION_ID", "Session expired or invalid"),
        500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
        503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable, please try again later"),
    }
    code, message = reasons.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    body = msgspec.json.encode([{"message": message, "errorCode": code}])
    return status, {"content-type": "application/json;charset=UTF-8"}, body
