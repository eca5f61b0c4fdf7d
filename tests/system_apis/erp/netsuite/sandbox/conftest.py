"""A NetSuite sandbox on a real socket, and a caller that is let in."""

import datetime as dt
import ssl
import time

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from system_apis.erp.netsuite.sandbox import certificates, create_sandbox, issue_certificate
from system_apis.erp.netsuite.sandbox.oauth2 import ASSERTION_TYPE, TOKEN_PATH
from tollway.sandboxes import State, serve

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares every client the loading of certificates that plain HTTP does not need."""


class Clock:
    """The real time, moved by `shift`."""

    def __init__(self):
        self.shift = dt.timedelta()

    def __call__(self):
        return dt.datetime.now(dt.UTC) + self.shift


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

    async def put(self, path, **body):
        return await self("PUT", f"/record/v1/{path}", 204, json=body)

    async def refused(self, method, path, status, **kwargs):
        """The text and the code of the error that a call is answered with."""
        return _error_of(await self(method, path, status, **kwargs))

    async def query(self, text, status=200, **params):
        headers = {"prefer": "transient"}
        response = await self("POST", "/query/v1/suiteql", status, json={"q": text}, params=params, headers=headers)
        return response.json()["items"] if status == 200 else _error_of(response)


def _error_of(response):
    error = response.json()["o:errorDetails"][0]
    return error["detail"], error["o:errorCode"]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def signing_key():
    """A key for access tokens; making one for every test would take most of the time."""
    return RSAKey.generate_key(2048, private=True).as_dict(private=True)


@pytest.fixture
def state(signing_key):
    """A fresh state but for the account's signing key."""
    fresh = State()
    fresh.put("oauth2SigningKey", "current", signing_key)
    return fresh


@pytest.fixture
async def sandbox(tmp_path, state, clock):
    """The served sandbox, its certificate id and key."""
    certificate_id, key = issue_certificate(tmp_path)
    app = create_sandbox(state, public_keys=certificates(tmp_path), clock=clock)
    async with serve(app) as address:
        yield app, address, certificate_id, key


@pytest.fixture
async def login(sandbox):
    """Ask for a token with an assertion that carries `claims` instead of the usual ones."""
    _, address, certificate_id, key = sandbox
    usual = {"iss": "sandbox", "scope": "restlets, rest_webservices", "aud": address.url + TOKEN_PATH}

    async def ask(key_id=certificate_id, grant_type="client_credentials", **claims):
        now = int(time.time())
        times = {"iat": now, "exp": now + 300}
        header = {"typ": "JWT", "alg": "ES256", "kid": key_id}
        signed = jwt.encode(header, usual | times | claims, ECKey.import_key(key.read_bytes()), ["ES256"])
        form = {"grant_type": grant_type, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
        async with httpx.AsyncClient(base_url=address.url, verify=NO_TLS) as client:
            return await client.post(TOKEN_PATH, data=form)

    return ask


@pytest.fixture
async def api(sandbox, login):
    """A caller with an access token."""
    token = (await login()).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=sandbox[1].url, headers=headers, verify=NO_TLS) as client:
        yield Caller(client, sandbox[1])
