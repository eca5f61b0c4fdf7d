"""The development issuer, as authlib's own client sees it over a real socket."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tollway.issuer import ClientRegistration, Issuer, client_secret, create_issuer
from tollway.problems import NotFound, StartupError
from tollway.sandboxes import serve
from tollway.service import create_service

URL = "http://127.0.0.1:8080"
ENDPOINT = f"{URL}/oauth2/token"
KEY = ECKey.generate_key("P-256", {"kid": "robot"})
CLIENTS = (
    ClientRegistration(id="demo", scopes=["sales:read", "finance:read"]),
    ClientRegistration(id="robot", scopes=["inbound:write"], public_key=KEY.as_dict(private=False)),
)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return create_issuer(tmp_path, URL, "tollway", CLIENTS)


@pytest.fixture
async def url(issuer: Issuer) -> AsyncIterator[str]:
    """Where the issuer answers; it goes on speaking of itself as `URL`, as behind a proxy."""
    async with serve(create_service("issuer", issuer.handlers, identity=None)) as address:
        yield address.url


def assertion(**changes) -> str:
    now = int(time.time())
    claims = {"iss": "robot", "sub": "robot", "aud": ENDPOINT, "exp": now + 60, "iat": now, "jti": "1"} | changes
    return jwt.encode({"alg": "ES256", "kid": "robot"}, {k: v for k, v in claims.items() if v is not None}, KEY)


async def ask(url: str, **form: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/oauth2/token", data={"grant_type": "client_credentials"} | form)


async def ask_by_key(url: str, signed: str) -> httpx.Response:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return await ask(url, client_assertion_type=kind, client_assertion=signed)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_buys_a_token(url: str, tmp_path: Path, issuer: Issuer, method: str) -> None:
    """authlib's client gets an RFC 9068 token by either way of sending a secret, and the published key verifies it."""
    secret = client_secret(tmp_path, "demo")
    async with AsyncOAuth2Client("demo", secret, token_endpoint_auth_method=method) as client:
        answer = await client.fetch_token(f"{url}/oauth2/token", grant_type="client_credentials", scope="sales:read")
    keys = KeySet.import_key_set(httpx.Response(200, content=await issuer.fetch(f"{URL}/oauth2/jwks.json")).json())
    token = jwt.decode(answer["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["kid"] == keys.keys[0].kid
    assert {name: token.claims[name] for name in ("iss", "sub", "client_id", "aud", "scope")} == {
        "iss": URL, "sub": "demo", "client_id": "demo", "aud": "tollway", "scope": "sales:read",
    }  # fmt: skip
    assert token.claims["exp"] - token.claims["iat"] == answer["expires_in"] == 900
    assert token.claims["jti"]


async def test_a_clients_customers_are_in_its_tokens(tmp_path: Path) -> None:
    """A client that is restricted to customers gets tokens that say so; any other's say nothing of customers."""
    clients = [
        ClientRegistration(id="portal", scopes=["sales:read"], customers=["ACC-1"]),
        ClientRegistration(id="nobody", scopes=["sales:read"], customers=[]),
        ClientRegistration(id="app", scopes=["sales:read"]),
    ]
    made = create_issuer(tmp_path, URL, "tollway", clients)
    said = []
    async with serve(create_service("issuer", made.handlers, identity=None)) as address:
        for client in clients:
            answer = await ask(address.url, client_id=client.id, client_secret=client_secret(tmp_path, client.id))
            payload = answer.json()["access_token"].split(".")[1]
            said.append(msgspec.json.decode(base64.urlsafe_b64decode(payload + "==")).get("customers"))
    assert said == [["ACC-1"], [], None]


async def test_a_key_buys_a_token(url: str) -> None:
    """authlib's client gets a token by private_key_jwt, again and again, with a new assertion each time."""
    async with AsyncOAuth2Client("robot", KEY, token_endpoint_auth_method="private_key_jwt") as client:
        client.register_client_auth_method(PrivateKeyJWT(ENDPOINT, alg="ES256"))
        for _ in range(3):
            answer = await client.fetch_token(f"{url}/oauth2/token", grant_type="client_credentials")
            assert answer["scope"] == "inbound:write"


async def test_who_asks_for_nothing_gets_all_it_may_have(url: str, tmp_path: Path) -> None:
    """Without a scope the token carries every scope of the client."""
    answer = await ask(url, client_id="demo", client_secret=client_secret(tmp_path, "demo"))
    assert answer.json()["scope"] == "sales:read finance:read"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_scope_beyond_the_clients_is_refused(url: str, tmp_path: Path) -> None:
    """One scope too many refuses the whole request."""
    answer = await ask(
        url, client_id="demo", client_secret=client_secret(tmp_path, "demo"), scope="sales:read sales:write"
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "form",
    [
        {"client_id": "demo", "client_secret": "wrong"},
        {"client_id": "demo", "client_secret": ""},
        {"client_id": "demo"},
        {"client_id": "nobody", "client_secret": "x"},
        {"client_id": "robot", "client_secret": ""},
        {},
    ],
)
async def test_wrong_secrets_are_refused(url: str, form: dict[str, str]) -> None:
    """No token without the right secret, and a client with a key has no secret at all."""
    answer = await ask(url, **form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example.com"},
        {"iss": "demo"},
        {"sub": "demo"},
        {"sub": "nobody", "iss": "nobody"},
        {"exp": 1},
        {"exp": None},
        {"exp": 4_000_000_000},
        {"jti": None},
        {"sub": None},
        {"sub": ["robot"]},
    ],
)
async def test_wrong_assertions_are_refused(url: str, changes: dict[str, object]) -> None:
    """An assertion with a claim that is wrong, missing or too far ahead is no proof."""
    answer = await ask_by_key(url, assertion(**changes))
    assert (answer.status_code in (400, 401), answer.json()["error"]) == (True, "invalid_client")


async def test_an_assertion_is_good_for_one_use(url: str) -> None:
    """The same assertion a second time is refused, also when both come together."""
    signed = assertion(jti="once")
    answers = await asyncio.gather(ask_by_key(url, signed), ask_by_key(url, signed))
    assert sorted(answer.is_success for answer in answers) == [False, True]


@pytest.mark.parametrize("signed", ["x", "a.b.c", "e30.e30.e30", ""])
async def test_garbage_is_no_assertion(url: str, signed: str) -> None:
    """What is no JWT is refused as OAuth says, not answered with a failure."""
    answer = await ask_by_key(url, signed)
    assert (answer.status_code in (400, 401), answer.json()["error"]) == (True, "invalid_client")


async def test_an_assertion_by_another_key_is_refused(url: str) -> None:
    """Only the registered key proves the client."""
    stranger = ECKey.generate_key("P-256", {"kid": "robot"})
    now = int(time.time())
    claims = {"iss": "robot", "sub": "robot", "aud": ENDPOINT, "exp": now + 60, "jti": "7"}
    answer = await ask_by_key(url, jwt.encode({"alg": "ES256", "kid": "robot"}, claims, stranger))
    assert answer.json()["error"] == "invalid_client"


async def test_other_grants_and_doubled_parameters_are_refused(url: str, tmp_path: Path) -> None:
    """Only client credentials are served, and a parameter counts once."""
    secret = client_secret(tmp_path, "demo")
    answer = await ask(url, grant_type="password", client_id="demo", client_secret=secret)
    assert answer.json()["error"] == "unsupported_grant_type"
    async with httpx.AsyncClient() as client:
        twice = f"grant_type=client_credentials&client_id=demo&client_id=robot&client_secret={secret}"
        answer = await client.post(f"{url}/oauth2/token", content=twice)
    assert answer.json()["error"] == "invalid_request"


async def test_metadata_says_what_is_served(url: str) -> None:
    """The metadata is valid by authlib's reading of RFC 8414 and lists methods and scopes."""
    async with httpx.AsyncClient() as client:
        data = (await client.get(f"{url}/.well-known/oauth-authorization-server")).json()
        keys = (await client.get(f"{url}/oauth2/jwks.json")).json()
    AuthorizationServerMetadata(data).validate()
    assert data["issuer"] == URL
    assert data["jwks_uri"] == f"{URL}/oauth2/jwks.json"
    assert data["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic", "client_secret_post", "private_key_jwt",
    ]  # fmt: skip
    assert data["scopes_supported"] == ["finance:read", "inbound:write", "sales:read"]
    assert "d" not in keys["keys"][0]
    assert keys["keys"][0]["alg"] == "ES256"


def test_key_and_secrets_survive_a_restart_and_nobody_else_reads_them(tmp_path: Path) -> None:
    """A second start finds the first one's key and secrets, adds what is new, and keeps the files private."""
    first = create_issuer(tmp_path, URL, "tollway", CLIENTS[:1])
    secret = client_secret(tmp_path, "demo")
    second = create_issuer(tmp_path, URL, "tollway", [*CLIENTS, ClientRegistration(id="new", scopes=["a:b"])])
    assert first.documents["/oauth2/jwks.json"] == second.documents["/oauth2/jwks.json"]
    assert client_secret(tmp_path, "demo") == secret
    assert client_secret(tmp_path, "new") != secret
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    """There are no default secrets."""
    for name in ("a", "b"):
        create_issuer(tmp_path / name, URL, "tollway", CLIENTS)
    assert client_secret(tmp_path / "a", "demo") != client_secret(tmp_path / "b", "demo")


def test_broken_files_are_named(tmp_path: Path) -> None:
    """A file that cannot be read keeps the issuer from starting, by name, instead of being written over."""
    (tmp_path / "clients.json").write_text("{", "utf-8")
    with pytest.raises(StartupError, match=r"clients\.json cannot be read"):
        create_issuer(tmp_path, URL, "tollway", CLIENTS)
    (tmp_path / "clients.json").unlink()
    (tmp_path / "issuer-key.json").write_text("{}", "utf-8")
    with pytest.raises(StartupError, match=r"issuer-key\.json cannot be read"):
        create_issuer(tmp_path, URL, "tollway", CLIENTS)
    with pytest.raises(StartupError, match="no client nobody"):
        client_secret(tmp_path / "empty", "nobody")


@pytest.mark.parametrize("url", ["http://0.0.0.0:8080", "http://192.0.2.1:8080", "ftp://127.0.0.1", "127.0.0.1"])
def test_secrets_do_not_cross_a_network_in_the_clear(tmp_path: Path, url: str) -> None:
    """Without TLS the issuer starts on a loopback address only, and says what to set instead."""
    with pytest.raises(StartupError, match=r"gateway\.host"):
        create_issuer(tmp_path, url, "tollway", CLIENTS)


async def test_the_issuer_fetches_nothing_but_its_own(issuer: Issuer) -> None:
    """Its shortcut past the network serves its own documents only."""
    for url in ("https://elsewhere.example.com/oauth2/jwks.json", f"{URL}/other", f"{URL}.evil.com/oauth2/jwks.json"):
        with pytest.raises(NotFound):
            await issuer.fetch(url)
