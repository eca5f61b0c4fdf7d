"""What anyone can look up at the gateway."""

import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import yaml

from gateway.docs_page import render


async def test_contracts_are_published_as_json(anonymous: httpx.AsyncClient, contracts: Path) -> None:
    """The contract that the gateway enforces is the one it publishes."""
    answer = await anonymous.get("/openapi/sales.v1.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == yaml.safe_load((contracts / "sales.v1.yaml").read_text("utf-8"))


async def test_a_contract_that_does_not_exist_is_a_problem(anonymous: httpx.AsyncClient) -> None:
    """An unknown contract is a 404 problem, and no way to other files."""
    for name in ("other.v1.json", "..%2Fpyproject.toml", "sales.v1.yaml"):
        answer = await anonymous.get(f"/openapi/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_the_api_catalog_links_what_there_is(anonymous: httpx.AsyncClient) -> None:
    """The catalog (RFC 9727) is a link set whose every link works."""
    answer = await anonymous.get("/.well-known/api-catalog")
    assert answer.headers["content-type"].startswith("application/linkset+json")
    (api,) = answer.json()["linkset"]
    assert api["anchor"].endswith("/sales/v1")
    for relation in ("service-desc", "service-doc", "status"):
        assert (await anonymous.get(api[relation][0]["href"])).status_code == 200
    assert 'rel="api-catalog"' in (await anonymous.head("/.well-known/api-catalog")).headers["link"]


async def test_the_docs_page_stands_alone(anonymous: httpx.AsyncClient) -> None:
    """The page shows every operation with its scope and fields, loads nothing, and its links lead somewhere."""
    answer = await anonymous.get("/docs")
    page = _Page()
    page.feed(answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not {"script", "img", "link", "iframe"} & page.tags
    assert all(link.startswith(("#", "/openapi/")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    for text in ("/sales/v1/quotes/{quote_id}", "sales:write", "quantity", "Create a quote", "POST"):
        assert text in answer.text


def test_a_contract_cannot_put_markup_on_the_page() -> None:
    """Whatever a contract's texts hold is shown, not run."""
    evil = "<script>alert(1)</script>"
    document = {
        "info": {"title": evil, "version": evil, "description": evil},
        "paths": {f"/{evil}": {"get": {"summary": evil, "description": evil, "security": [{"oauth2": [evil]}],
                                       "parameters": [{"name": evil, "in": "query", "schema": {"enum": [evil]}}]}}},
        "components": {"schemas": {evil: {"description": evil, "properties": {evil: {"type": evil}}}}},
    }  # fmt: skip
    page = render([(evil, evil, document)])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


async def test_health_tells_life_from_readiness(anonymous: httpx.AsyncClient) -> None:
    """The gateway lives at once and is ready when the issuer's keys can be had."""
    assert (await anonymous.get("/health/live")).json() == {"service": "gateway", "status": "live"}
    assert (await anonymous.get("/health/ready")).json() == {"service": "gateway", "issuer": "ok"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            assert not re.match(r"on|src", name)
            if name == "id":
                self.ids.add(value or "")
            if name == "href":
                self.links.append(value or "")
