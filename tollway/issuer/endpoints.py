"""The addresses of the development issuer: metadata (RFC 8414), keys and tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from authlib.common.security import is_secure_transport  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from tollway.issuer.clients import KEY_METHOD, SECRET_METHODS, ClientRegistration, register, write_private
from tollway.issuer.server import ALGORITHM, Answer, TokenServer
from tollway.oauth.revocations import Revocations
from tollway.problems import NotFound, StartupError

METADATA = "/.well-known/oauth-authorization-server"
KEYS = "/oauth2/jwks.json"
TOKEN = "/oauth2/token"  # noqa: S105 - an address
REVOCATION = "/oauth2/revoke"
KEY_FILE = "issuer-key.json"
_ASSERTIONS = ["RS256", "PS256", "ES256"]
_OPEN = {"public": True}
_TWICE: Answer = (400, {}, '{"error": "invalid_request", "error_description": "A parameter is given twice."}')


class Issuer(msgspec.Struct, frozen=True):
    """The development issuer, to be served by the gateway."""

    url: str
    handlers: Sequence[HTTPRouteHandler]
    documents: dict[str, bytes]
    revocations: Revocations
    """The tokens that its clients revoked."""

    async def fetch(self, url: str) -> bytes:
        """One of its own documents, had without asking over the network; raises NotFound."""
        document = self.documents.get(url.removeprefix(self.url))
        if document is None:
            raise NotFound(f"The development issuer has no {url}.")
        return document


def create_issuer(folder: Path, issuer_url: str, audience: str, clients: Sequence[ClientRegistration]) -> Issuer:
    """The issuer whose key and clients live in `folder`; `issuer_url` is the gateway's address, without a path."""
    url = issuer_url.rstrip("/")
    if not is_secure_transport(url):
        raise StartupError(
            f"The development issuer cannot be {url}: OAuth takes plain HTTP on a loopback address only. "
            "Set gateway.host to 127.0.0.1, or gateway.issuer to an issuer of your own."
        )
    key = _key(folder / KEY_FILE)
    known = register(folder, clients)
    revocations = Revocations()
    server = TokenServer(url, url + TOKEN, audience, key, known)
    scopes = sorted({scope for client in known.values() for scope in client.stored.scopes})
    documents = {
        METADATA: msgspec.json.encode(_metadata(url, scopes)),
        KEYS: msgspec.json.encode({"keys": [key.as_dict(private=False, alg=ALGORITHM, use="sig")]}),
    }

    @get([METADATA, KEYS], opt=_OPEN)
    async def document(request: Request[None, None, Any]) -> Response[bytes]:
        return Response(documents[request.url.path], media_type="application/json")

    @post(TOKEN, opt=_OPEN, status_code=200)
    async def token(request: Request[None, None, Any]) -> Response[str]:
        form = await _form(request)
        return _answer(server.token(form, request.headers) if form else _TWICE)

    @post(REVOCATION, opt=_OPEN, status_code=200)
    async def revoke(request: Request[None, None, Any]) -> Response[str]:
        form = await _form(request)
        if not form:
            return _answer(_TWICE)
        answer, revoked = server.revocation(form, request.headers)
        if revoked:
            await revocations.revoke(url, revoked["jti"], float(revoked["exp"]))
        return _answer(answer)

    return Issuer(url, [document, token, revoke], documents, revocations)


async def _form(request: Request[None, None, Any]) -> dict[str, str] | None:
    """The parameters of a form; None when one is given twice."""
    pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else None


def _answer(answer: Answer) -> Response[str]:
    status, headers, content = answer
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def _metadata(url: str, scopes: list[str]) -> dict[str, Any]:
    return {
        "issuer": url,
        "token_endpoint": url + TOKEN,
        "jwks_uri": url + KEYS,
        "revocation_endpoint": url + REVOCATION,
        "revocation_endpoint_auth_methods_supported": [*SECRET_METHODS, KEY_METHOD],
        "revocation_endpoint_auth_signing_alg_values_supported": _ASSERTIONS,
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["none"],
        "token_endpoint_auth_methods_supported": [*SECRET_METHODS, KEY_METHOD],
        "token_endpoint_auth_signing_alg_values_supported": _ASSERTIONS,
        "scopes_supported": scopes,
    }


def _key(path: Path) -> ECKey:
    """The signing key of the state folder, made at the first start."""
    try:
        return ECKey.import_key(msgspec.json.decode(path.read_bytes()))
    except FileNotFoundError:
        key = ECKey.generate_key("P-256", auto_kid=True)
        write_private(path, msgspec.json.encode(key.as_dict(private=True)))
        return key
    except (OSError, ValueError, TypeError, JoseError, msgspec.MsgspecError) as error:
        raise StartupError(f"The issuer's key {path} cannot be read: {error}; delete it to have a new one.") from error
