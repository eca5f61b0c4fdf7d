"""What a client reads to learn where it gets tokens for the gateway (OAuth protected resource metadata, RFC 9728)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from gateway.routes import Entry
from tollway.contracts.published import Contract
from tollway.oauth.challenges import WELL_KNOWN
from tollway.oauth.keys import ALGORITHMS
from tollway.oauth.resource_server import ResourceServer


def handlers(apis: Sequence[tuple[Entry, Contract]], oauth: ResourceServer) -> list[HTTPRouteHandler]:
    """The handlers of the metadata: of the whole gateway, and of each API product below its own path."""
    documents = {WELL_KNOWN: _document(oauth, "", "Tollway", {scope for _, one in apis for scope in _scopes(one)})}
    for entry, contract in apis:
        title = str(contract.document["info"]["title"])
        documents[WELL_KNOWN + entry.prefix] = _document(oauth, entry.prefix, title, _scopes(contract))

    @get(list(documents), opt={"public": True})
    async def metadata(request: Request[None, None, Any]) -> Response[bytes]:
        headers = {"cache-control": "max-age=300", "access-control-allow-origin": "*"}
        return Response(documents[request.url.path], media_type="application/json", headers=headers)

    return [metadata]


def _document(oauth: ResourceServer, prefix: str, name: str, scopes: set[str]) -> bytes:
    needed = {issuer.settings.sender_constraint for issuer in oauth.issuers.values()}
    return msgspec.json.encode(
        {
            "resource": oauth.url + prefix,
            "resource_name": name,
            "authorization_servers": list(oauth.issuers),
            "scopes_supported": sorted(scopes),
            "bearer_methods_supported": ["header"],
            "resource_documentation": f"{oauth.url}/docs",
            "dpop_signing_alg_values_supported": ALGORITHMS,
            "dpop_bound_access_tokens_required": needed == {"dpop"},
            "tls_client_certificate_bound_access_tokens": bool(oauth.terminators),
        }
    )


def _scopes(contract: Contract) -> set[str]:
    return {scope for operation in contract.operations for way in operation.scopes or () for scope in way}
