"""A NetSuite sandbox on a real socket, and a caller that is let in."""

import datetime as dt
import time

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from system_apis.erp.netsuite.sandbox import certificates, create_sandbox, issue_certificate
from system_apis.erp.netsuite.sandbox.oauth2 import ASSERTION_TYPE, TOKEN_PATH
from tollway.sandboxes import State, serve


class Clock:
    """The real time, moved by `shift`."""

    def __init__(self):
        self.shift = dt.timedelta()

    def __call__(self):
        return dt.datetime.now(dt.UTC) + self.shift


def assertion(certificate_id, key, endpoint, **claims):
    """A client assertion as NetSuite wants it, with `claims` instead of the usual ones."""
    now = int(time.time())
    usual = {"iss": "sandbox", "scope": "rest_webservices", "aud": endpoint, "iat": now, "exp": now + 300}
    header = {"typ": "JWT", "alg": "ES256", "kid": certificate_id}
    return jwt.encode(header, usual | claims, ECKey.import_key(key.read_bytes()), ["ES256"])


def token_form(signed):
    """The body of a token request."""
    return {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


class Caller:
    """Calls the sandbox below /services/rest as an integration with a valid token does."""

    def __init__(self, client, address):
        self.client, self.url = client, address.url

    async def __call__(self, method, path, status=None, **kwargs):
        response = await self.client.request(method, f"/services/rest{path}", **kwargs)
        if status is not None:
            assert response.status_code == status, response.text
        return response

    async def record(self, path, **params):
        return (await self("GET", f"/record/v1/{path}", 200, params=params)).json()

    async def put(self, path, status=204, **body):
        return await self("PUT", f"/record/v1/{path}", status, json=body)

    async def query(self, text, status=200, **params):
        headers = {"prefer": "transient"}
        response = await self("POST", "/query/v1/suiteql", status, json={"q": text}, params=params, headers=headers)
        return response.json()["items"] if status == 200 else detail(response)


def detail(response):
    """The single error of an answer: its text and code."""
    error = response.json()["o:errorDetails"][0]
    return error["detail"], error["o:errorCode"]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state():
    return State()


@pytest.fixture
async def sandbox(tmp_path, state, clock):
    """The served sandbox, its certificate id and key."""
    certificate_id, key = issue_certificate(tmp_path)
    app = create_sandbox(state, public_keys=certificates(tmp_path), clock=clock)
    async with serve(app) as address:
        yield app, address, certificate_id, key


@pytest.fixture
async def api(sandbox):
    """A caller with an access token."""
    _, address, certificate_id, key = sandbox
    endpoint = address.url + TOKEN_PATH
    async with httpx.AsyncClient(base_url=address.url) as client:
        answer = await client.post(TOKEN_PATH, data=token_form(assertion(certificate_id, key, endpoint)))
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Caller(client, address)
