"""What anyone can look up at the gateway."""

import datetime as dt
from html.parser import HTMLParser
from pathlib import Path

import httpx
import msgspec

from gateway.docs import Product, overview_page, reference_page


async def test_contracts_are_published_as_json(anonymous: httpx.AsyncClient, contracts: Path) -> None:
    """The contract that the gateway enforces is the one it publishes."""
    answer = await anonymous.get("/openapi/sales.v1.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == msgspec.yaml.decode((contracts / "sales.v1.yaml").read_text("utf-8"))


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


async def test_links_do_not_follow_the_host_that_a_caller_names(anonymous: httpx.AsyncClient) -> None:
    """A Host header from outside is in no link, so that nobody can have others sent elsewhere."""
    answer = await anonymous.get("/.well-known/api-catalog", headers={"host": "evil.example"})
    assert "evil.example" not in answer.text


async def test_the_reference_shows_every_operation_and_a_form_to_try_it(anonymous: httpx.AsyncClient) -> None:
    """The page shows operations with scope and fields, and loads nothing but what this gateway serves."""
    answer = await anonymous.get("/docs/sales/v1")
    page = _Page()
    page.feed(answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in ("/sales/v1/quotes/{quote_id}", "sales:write", "quantity", "Create a quote", "POST"):
        assert text in answer.text
    assert page.tags.count("form") == 5
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    for link in page.links:
        assert link.startswith(("#", "/"))
        if link.startswith("/"):
            assert (await anonymous.get(link)).status_code == 200, link


async def test_the_overview_leads_to_every_reference(anonymous: httpx.AsyncClient) -> None:
    """The first page tells address, state and owner of each API."""
    answer = await anonymous.get("/docs")
    for text in ("/sales/v1", "live", 'href="/docs/sales/v1"', 'href="/openapi/sales.v1.json"'):
        assert text in answer.text
    for nowhere in ("/docs/none", "/docs/sales/v9", "/docs/..%2fpage.html"):
        assert (await anonymous.get(nowhere)).status_code == 404


def test_a_version_that_goes_away_says_so() -> None:
    """A deprecated version tells until when it is served, what replaces it, and what differs there."""
    document = {"info": {"title": "Finance", "version": "1.0.0"}, "paths": {}}
    old = Product(name="a", prefix="/finance/v1", owner="Billing", document=document, successor="/finance/v2",
                  deprecated_on=dt.date(2026, 1, 1), sunset_on=dt.date(2999, 1, 1), changes=["An amount is an object."],
                  limits={"partner": "100 requests a minute"})  # fmt: skip
    page = overview_page([old])
    for text in ("deprecated", "until 2999-01-01", 'href="/docs/finance/v2"', "Billing", "100 requests a minute"):
        assert text in page
    assert "An amount is an object." in reference_page(old, [old])
    assert old.state(dt.date(3000, 1, 1)) == "gone"
    assert old.state(dt.date(2025, 1, 1)) == "live"


def test_a_contract_cannot_put_markup_on_the_page() -> None:
    """Whatever a contract's texts hold is shown, not run."""
    evil = '"><script>alert(1)</script>'
    document = {
        "info": {"title": evil, "version": evil, "description": evil},
        "paths": {f"/{evil}": {"post": {"summary": evil, "description": evil, "security": [{"oauth2": [evil]}],
                                        "requestBody": {"content": {evil: {"schema": {"const": evil}}}},
                                        "parameters": [{"name": evil, "in": "query", "schema": {"enum": [evil]}}]}}},
        "components": {"schemas": {evil: {"description": evil, "properties": {evil: {"type": evil}}}}},
    }  # fmt: skip
    product = Product(name=evil, prefix="/a/v1", owner=evil, document=document, limits={evil: evil}, changes=[evil])
    for page in (reference_page(product, [product]), overview_page([product])):
        assert page.count("<script") == 1
        assert "&lt;script&gt;" in page


async def test_health_tells_life_from_readiness(anonymous: httpx.AsyncClient) -> None:
    """The gateway lives at once and is ready when the issuer's keys can be had."""
    assert (await anonymous.get("/health/live")).json() == {"service": "gateway", "status": "live"}
    assert (await anonymous.get("/health/ready")).json() == {"service": "gateway", "issuer": "ok"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            if name == "id":
                self.ids.add(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")
