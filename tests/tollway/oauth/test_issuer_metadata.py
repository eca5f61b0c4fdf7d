"""What an issuer says about itself, and how it is asked."""

import asyncio
import base64
from collections.abc import AsyncIterator

import msgspec
import pytest
from litestar import Request, Response, get, post

from tollway.oauth.introspection import Introspection
from tollway.oauth.issuer_client import IssuerClient
from tollway.oauth.metadata import IssuerMetadata
from tollway.problems import NotFound, Unavailable
from tollway.sandboxes import serve
from tollway.service import create_service

OPEN = {"public": True}


@pytest.fixture
async def client() -> AsyncIterator[IssuerClient]:
    made = IssuerClient()
    yield made
    await made.close()


async def test_addresses_that_are_less_safe_than_the_issuer_are_refused() -> None:
    """An issuer behind TLS cannot send us to an address without; what it does not publish is said."""

    async def fetch(_: str) -> bytes:
        return msgspec.json.encode({"issuer": "https://a.example.com", "jwks_uri": "http://a.example.com/keys"})

    metadata = IssuerMetadata("https://a.example.com", fetch)
    with pytest.raises(Unavailable, match="less safe than itself"):
        await metadata.address("jwks_uri")
    with pytest.raises(Unavailable, match="publishes no introspection_endpoint"):
        await metadata.address("introspection_endpoint")


async def test_an_issuer_that_is_down_is_left_alone_for_a_second() -> None:
    """However many need it, an issuer that does not answer is asked once a second, and asked again after that."""
    asked, now = [], 0.0

    async def fetch(url: str) -> bytes:
        asked.append(url)
        raise Unavailable("down")

    metadata = IssuerMetadata("https://a.example.com", fetch, lambda: now)
    answers = await asyncio.gather(*(metadata.address("jwks_uri") for _ in range(100)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unavailable}
    assert len(asked) == 1
    now = 1.0
    with pytest.raises(Unavailable):
        await metadata.address("jwks_uri")
    assert len(asked) == 2


async def test_introspection_over_the_network(client: IssuerClient) -> None:
    """The form and the credentials arrive encoded as RFC 6749 asks, also where they hold strange characters."""
    seen = {}

    @get("/.well-known/oauth-authorization-server", opt=OPEN)
    async def metadata(request: Request) -> dict[str, str]:
        base = str(request.base_url).rstrip("/")
        return {"issuer": base, "introspection_endpoint": f"{base}/introspect"}

    @post("/introspect", opt=OPEN, status_code=200)
    async def introspect(request: Request) -> dict[str, bool]:
        seen.update(await request.form(), authorization=request.headers["authorization"])
        return {"active": True}

    async with serve(create_service("issuer", [metadata, introspect], identity=None)) as address:
        asking = Introspection(IssuerMetadata(address.url, client.get), client.post, "a:b", "s p&ce")
        assert await asking.claims("t+ken&more") == {"active": True}
    assert seen["token"] == "t+ken&more"
    assert base64.b64decode(seen["authorization"].removeprefix("Basic ")) == b"a%3Ab:s%20p%26ce"


async def test_what_is_no_document_is_no_answer(client: IssuerClient) -> None:
    """Errors, addresses that do not exist or answer, and endless documents are told apart from documents."""

    @get("/broken", opt=OPEN)
    async def broken() -> Response[str]:
        return Response("", status_code=500)

    @get("/huge", opt=OPEN)
    async def huge() -> bytes:
        return b" " * 1_000_001

    async with serve(create_service("issuer", [broken, huge], identity=None)) as address:
        for path, kind in (("broken", Unavailable), ("huge", Unavailable), ("nothing", NotFound)):
            with pytest.raises(kind):
                await client.get(f"{address.url}/{path}")
    for url in ("http://127.0.0.1:1/", "nonsense", "ftp://127.0.0.1/"):
        with pytest.raises(Unavailable):
            await client.get(url)


async def test_a_slow_issuer_and_a_flood_take_bounded_memory() -> None:
    """When a thousand tokens wait for an issuer that does not answer, the next is told to come back."""

    async def fetch(_: str) -> bytes:
        return msgspec.json.encode(
            {"issuer": "https://a.example.com", "introspection_endpoint": "https://a.example.com/i"}
        )

    never = asyncio.Event()

    async def slow(*_: object) -> bytes:
        await never.wait()
        return b'{"active": false}'

    asking = Introspection(IssuerMetadata("https://a.example.com", fetch), slow, "gateway", "secret")
    waiting = [asyncio.create_task(asking.claims(str(number))) for number in range(1000)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await asking.claims("one more")
    never.set()
    assert await asyncio.gather(*waiting) == [None] * 1000
    assert await asking.claims("later") is None
