"""What a caller can look up: the published contracts, a page to read them, and the catalog of APIs (RFC 9727)."""

from collections.abc import Sequence

import msgspec
from litestar import Request, Response, get, head
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.docs_page import render
from gateway.routes import Entry
from tollway.contracts.published import Contract
from tollway.problems import NoSuchRoute

CATALOG = "/.well-known/api-catalog"
_LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
_OPEN = {"public": True}
"""Anyone may read the catalog; what it describes is guarded."""


def handlers(apis: Sequence[tuple[Entry, Contract]]) -> list[HTTPRouteHandler]:
    """The handlers of the catalog."""
    documents = {document_name(entry): msgspec.json.encode(contract.document) for entry, contract in apis}
    page = render([(entry.name, f"/openapi/{document_name(entry)}", contract.document) for entry, contract in apis])

    @get("/openapi/{name:str}", opt=_OPEN)
    async def contract(name: FromPath[str]) -> Response[bytes]:
        if name not in documents:
            raise NoSuchRoute(f"There is no contract {name}; {CATALOG} lists those there are.")
        return Response(documents[name], media_type="application/json")

    @get("/docs", opt=_OPEN)
    async def docs() -> Response[str]:
        policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
        return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy})

    @get(CATALOG, opt=_OPEN)
    async def catalog(request: Request[None, None, State]) -> Response[bytes]:
        base = str(request.base_url).rstrip("/")
        return Response(msgspec.json.encode(_linkset(base, apis)), media_type=_LINKSET)

    @head(CATALOG, opt=_OPEN)
    async def catalog_link() -> Response[None]:
        return Response(None, headers={"link": f'<{CATALOG}>; rel="api-catalog"'}, media_type=_LINKSET)

    return [contract, docs, catalog, catalog_link]


def document_name(entry: Entry) -> str:
    """The name of a product's contract as the catalog serves it: `sales.v1.json`."""
    api, major = entry.prefix.strip("/").split("/")
    return f"{api}.{major}.json"


def _linkset(base: str, apis: Sequence[tuple[Entry, Contract]]) -> dict[str, object]:
    return {
        "linkset": [
            {
                "anchor": base + entry.prefix,
                "service-desc": [{"href": f"{base}/openapi/{document_name(entry)}", "type": "application/json"}],
                "service-doc": [{"href": f"{base}/docs#{entry.name}", "type": "text/html"}],
                "status": [{"href": f"{base}/health/ready", "type": "application/json"}],
            }
            for entry, _ in apis
        ]
    }
