"""How a client that knows only the gateway finds whom to ask for tokens (RFC 9728)."""

from pathlib import Path

import httpx
import pytest

from tollway.issuer import client_secret


async def test_a_challenge_leads_to_the_issuer(anonymous: httpx.AsyncClient) -> None:
    """From a 401 a client finds the product's metadata, from there the issuer and its token endpoint."""
    refused = await anonymous.get("/sales/v1/quotes")
    challenge = refused.headers["www-authenticate"]
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]
    metadata = (await anonymous.get(address)).json()
    assert metadata["resource"] == "http://127.0.0.1:8080/sales/v1"
    assert metadata["scopes_supported"] == ["sales:read", "sales:write"]
    assert metadata["bearer_methods_supported"] == ["header"]
    (issuer,) = metadata["authorization_servers"]
    found = (await anonymous.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    assert found["token_endpoint"].startswith(issuer)


@pytest.mark.parametrize(("path", "resource"), [("", ""), ("/sales/v1", "/sales/v1")])
async def test_metadata_speaks_for_the_resource_it_is_named_after(
    anonymous: httpx.AsyncClient, path: str, resource: str
) -> None:
    """The well-known address of a resource and the resource in its document are the same (RFC 9728, 3.3)."""
    answer = await anonymous.get(f"/.well-known/oauth-protected-resource{path}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["resource"] == f"http://127.0.0.1:8080{resource}"


async def test_there_is_no_metadata_of_what_is_not_served(anonymous: httpx.AsyncClient) -> None:
    """An unknown product has no metadata."""
    assert (await anonymous.get("/.well-known/oauth-protected-resource/shop/v1")).status_code == 404


async def test_a_token_that_its_client_revokes_stops_at_once(
    anonymous: httpx.AsyncClient, token: str, tmp_path: Path
) -> None:
    """At the development issuer a client revokes its own token (RFC 7009), and no other client's."""
    headers = {"authorization": f"Bearer {token}"}
    assert (await anonymous.get("/sales/v1/quotes", headers=headers)).status_code == 200
    for client, status, after in (("demo-writer", 400, 200), ("demo-sales", 200, 401)):
        secret = client_secret(tmp_path / "state", client)
        answer = await anonymous.post("/oauth2/revoke", data={"token": token}, auth=(client, secret))
        assert answer.status_code == status
        assert (await anonymous.get("/sales/v1/quotes", headers=headers)).status_code == after
    garbage = await anonymous.post("/oauth2/revoke", data={"token": "x"}, auth=("demo-sales", secret))
    assert garbage.status_code == 200
    assert (await anonymous.post("/oauth2/revoke", data={"token": token})).status_code in (400, 401)
