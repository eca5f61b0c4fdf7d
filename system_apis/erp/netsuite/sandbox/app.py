"""The account as an ASGI application: tokens, SuiteQL, limits, and the errors of everything.

Sources: SuiteTalk REST Web Services API Guide, "Executing SuiteQL Queries Through REST Web Services", "GovernanceLimits
Operation", "Error Handling in REST Web Services"; NetSuite Help, "POST Request to the Token Endpoint and the Access
Token Response"; a live account answers OPTIONS with 204 (tests of github.com/julbrs/netsuite-api-client). The words for
a missing `Prefer: transient` and for a path that leads nowhere are the sandbox's own.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote

import msgspec
from litestar import Litestar, Response, get, post, route
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import Receive, Scope, Send

from system_apis.erp.netsuite.sandbox import seed
from system_apis.erp.netsuite.sandbox.account import Account
from system_apis.erp.netsuite.sandbox.authentication import Authenticator
from system_apis.erp.netsuite.sandbox.catalog import catalog
from system_apis.erp.netsuite.sandbox.errors import (
    ERROR_MEDIA_TYPE,
    NetSuiteError,
    error_answer,
    invalid_body,
    invalid_query,
)
from system_apis.erp.netsuite.sandbox.oauth2 import TOKEN_PATH, OAuthError, TokenService
from system_apis.erp.netsuite.sandbox.outgoing import page
from system_apis.erp.netsuite.sandbox.record_api import COLLECTION, RECORD_ROUTER, Call, answer, origin, paging
from system_apis.erp.netsuite.sandbox.records import SLASH, Clock, Records
from system_apis.erp.netsuite.sandbox.suiteql import Engine
from tollway.sandboxes import Faults, State

_SUITEQL = "/services/rest/query/v1/suiteql"
_LIMITS = {
    "accountConcurrencyLimit": 15,
    "accountUnallocatedConcurrencyLimit": 15,
    "integrationLimitType": "accountLimit",
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def create_sandbox(
    state: State,
    *,
    account: str = "TSTDRV0000001",
    client_id: str = "sandbox",
    client_secret: str = "sandbox",  # noqa: S107 - a sandbox guards nothing
    public_keys: Mapping[str, str | bytes] | None = None,
    clock: Clock = _now,
) -> Faults:
    """A NetSuite account as an ASGI application.

    Token-based authentication takes `client_id` and `client_secret` both as consumer and as token; OAuth 2.0 takes
    client assertions signed by a key of `public_keys` (PEM certificates or keys by certificate id).
    """
    records = Records(state, catalog(), clock)
    seed.plant(records)
    tokens = TokenService(state, account, client_id, public_keys or {}, clock)
    authenticator = Authenticator(account, client_id, client_secret, tokens, clock)
    behind = {"account": Account(records), "engine": Engine(records), "tokens": tokens}

    def authenticate(request: Call) -> None:
        if request.url.path != TOKEN_PATH and request.method != "OPTIONS":
            authenticator.check(request)

    app = Litestar(
        route_handlers=[RECORD_ROUTER, run_suiteql, governance_limits, issue_token, options, nothing],
        dependencies={name: _provide(value) for name, value in behind.items()},
        before_request=authenticate,
        exception_handlers={NetSuiteError: _refused, OAuthError: _token_refused, HTTPException: _http_refused},
        openapi_config=None,
        logging_config=None,
    )

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        await app(_with_slashes_kept(scope), receive, send)

    return Faults(front, error_answer)


def _provide(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _with_slashes_kept(scope: Scope) -> Scope:
    """An HTTP scope whose path still tells a slash inside an external id, %2F, from one between segments."""
    if scope["type"] != ScopeType.HTTP:
        return scope
    raw = scope["raw_path"].decode("latin-1").partition("?")[0]
    return cast("Scope", {**scope, "path": unquote(re.sub("%2f", SLASH, raw, flags=re.IGNORECASE))})


@post(_SUITEQL, status_code=200)
async def run_suiteql(request: Call, engine: NamedDependency[Engine]) -> Response[bytes]:
    """One page of a query's rows."""
    if "transient" not in request.headers.get("prefer", ""):
        detail = "The request header Prefer with the value transient is required."
        raise NetSuiteError(detail, "INVALID_HEADER", header="Prefer")
    limit, offset = paging(request)
    try:
        given = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise invalid_body() from error
    if not isinstance(given, dict) or set(given) - {"q"}:
        raise invalid_body()
    if not isinstance(given.get("q"), str):
        raise invalid_query("Search error occurred: Invalid or unsupported search.")
    items = [{"links": [], **row} for row in engine.run(given["q"])]
    return answer(page(origin(request) + _SUITEQL, items, limit, offset), COLLECTION)


@get("/services/rest/system/v1/governanceLimits", sync_to_thread=False)
def governance_limits() -> Response[bytes]:
    """How many requests may run at once."""
    return answer(_LIMITS, "application/json")


@post(TOKEN_PATH, status_code=200)
async def issue_token(request: Call, tokens: NamedDependency[TokenService]) -> Response[bytes]:
    """An access token for a signed client assertion."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return answer(tokens.grant(form, origin(request) + TOKEN_PATH), "application/json")


@route("/services/rest/{path:path}", http_method=["OPTIONS"], status_code=204, sync_to_thread=False)
def options(path: FromPath[str]) -> None:
    """That the service is there."""


@route("/services/rest/{path:path}", http_method=["GET", "POST", "PATCH", "PUT", "DELETE"], sync_to_thread=False)
def nothing(path: FromPath[str]) -> None:
    """What is nowhere else: there is no such resource."""
    raise NetSuiteError(f"The resource {path} does not exist.", "NONEXISTENT_ID", 404)


def _refused(_request: Call, error: NetSuiteError) -> Response[bytes]:
    return Response(error.body, status_code=error.status, media_type=ERROR_MEDIA_TYPE, headers=error.headers)


def _token_refused(_request: Call, error: OAuthError) -> Response[bytes]:
    response = answer({"error": error.code}, "application/json")
    response.status_code = 401 if error.code == "invalid_client" else 400
    return response


def _http_refused(request: Call, error: HTTPException) -> Response[bytes]:
    return _refused(request, NetSuiteError(error.detail, "INVALID_REQUEST", error.status_code))
