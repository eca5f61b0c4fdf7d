"""What a caller can look up: the catalog of APIs (RFC 9727), their contracts, and pages to read and try them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, head
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.docs import ASSETS, Product, overview_page, reference_page
from tollway.problems import NoSuchRoute

CATALOG = "/.well-known/api-catalog"
_LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
_NONE: Mapping[str, Any] = {}
_OPEN = {"public": True}
"""Anyone may read the catalog; what it describes is guarded."""
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def handlers(
    products: Sequence[Product], public_url: str = "", others: Mapping[str, Any] = _NONE
) -> list[HTTPRouteHandler]:
    """The handlers of the catalog; its links begin with `public_url`, and are relative without it.

    `others` are documents, by name, that no product has: those of AsyncAPI.
    """
    documents = {product.contract: msgspec.json.encode(product.document) for product in products}
    documents |= {f"/openapi/{name}.json": msgspec.json.encode(document) for name, document in others.items()}
    linkset = msgspec.json.encode(_linkset(public_url, products))

    @get("/openapi/{name:str}", opt=_OPEN)
    async def contract(name: FromPath[str]) -> Response[bytes]:
        document = documents.get(f"/openapi/{name}")
        if document is None:
            raise NoSuchRoute(f"There is no contract {name}; {CATALOG} lists those there are.")
        return Response(document, media_type="application/json")

    @get(CATALOG, opt=_OPEN)
    async def catalog() -> Response[bytes]:
        return Response(linkset, media_type=_LINKSET)

    @head(CATALOG, opt=_OPEN)
    async def catalog_link() -> Response[None]:
        return Response(None, headers={"link": f'<{CATALOG}>; rel="api-catalog"'}, media_type=_LINKSET)

    return [contract, *_pages(products), catalog, catalog_link]


def _pages(products: Sequence[Product]) -> list[HTTPRouteHandler]:
    """The handlers of what people read."""
    pages = {product.page: reference_page(product, products) for product in products}

    @get("/docs", opt=_OPEN)
    async def docs() -> Response[str]:
        return _page(overview_page(products))

    @get("/docs/{name:str}", opt=_OPEN)
    async def asset(name: FromPath[str]) -> Response[bytes]:
        if name not in ASSETS:
            raise NoSuchRoute("There is no such page; /docs lists those there are.")
        media_type, content = ASSETS[name]
        return Response(content, media_type=media_type)

    @get("/docs/{api:str}/{major:str}", opt=_OPEN)
    async def reference(api: FromPath[str], major: FromPath[str]) -> Response[str]:
        page = pages.get(f"/docs/{api}/{major}")
        if page is None:
            raise NoSuchRoute("There is no such page; /docs lists those there are.")
        return _page(page)

    return [docs, asset, reference]


def _page(text: str) -> Response[str]:
    return Response(text, media_type="text/html; charset=utf-8", headers={"content-security-policy": _PAGE_POLICY})


def _linkset(base: str, products: Sequence[Product]) -> dict[str, object]:
    return {"linkset": [_links(base, product) for product in products]}


def _links(base: str, product: Product) -> dict[str, object]:
    links: dict[str, object] = {
        "anchor": base + product.prefix,
        "service-desc": [{"href": base + product.contract, "type": "application/json"}],
        "service-doc": [{"href": base + product.page, "type": "text/html"}],
        "status": [{"href": f"{base}/health/ready", "type": "application/json"}],
    }
    if product.successor:
        links["successor-version"] = [{"href": base + product.successor}]
    return links
