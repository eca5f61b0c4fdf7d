"""OAuth 2.0, machine to machine: client assertions in, access tokens out.

Sources: NetSuite Help, "OAuth 2.0 Client Credentials Flow", "POST Request to the Token Endpoint and the Access Token
Response", "The Request Token Structure" (algorithms, kid, iss, scope, aud, exp within 60 minutes of iat), "OAuth 2.0
Access and Refresh Token Structure"; RFC 6749 section 5.2 and RFC 7523 for the errors. The audience need only contain
the endpoint: PyPI's netsuite-python, in use with live accounts, sends it inside the text of a tuple.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from system_apis.erp.netsuite.sandbox.records import Clock
from tollway.sandboxes import State
from tollway.sandboxes.server import generate_certificate

ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
LIFETIME = 3600
_SIGNING_KEY = "oauth2SigningKey"


class OAuthError(Exception):
    """A refused token request; `code` is the error of RFC 6749."""

    def __init__(
        self, code: Literal["invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type"]
    ) -> None:
        super().__init__(code)
        self.code = code


def issue_certificate(folder: Path) -> tuple[str, Path]:
    """The id of the client certificate kept in `folder` and the path of its private key (ES256); made when missing."""
    found = sorted(folder.glob("netsuite-*.crt"))
    if not found:
        certificate, key = generate_certificate(folder)
        identity = f"netsuite-{secrets.token_hex(8)}"
        key.rename(folder / f"{identity}.key")
        found = [certificate.rename(folder / f"{identity}.crt")]
    return found[0].stem, found[0].with_suffix(".key")


def certificates(folder: Path) -> dict[str, str]:
    """Every certificate issued into `folder` by its id, as `create_sandbox` takes them."""
    return {path.stem: path.read_text("ascii") for path in sorted(folder.glob("netsuite-*.crt"))}


class TokenService:
    """Issues and checks access tokens."""

    def __init__(
        self, state: State, account: str, client_id: str, public_keys: Mapping[str, str | bytes], clock: Clock
    ) -> None:
        self._state, self._account, self._client_id, self._clock = state, account, client_id, clock
        self._keys = {identity: _public_key(pem) for identity, pem in public_keys.items()}

    def grant(self, form: Mapping[str, str], endpoint: str) -> dict[str, Any]:
        """The token answer for a request to `endpoint` (the URL as the client called it); raises OAuthError."""
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise OAuthError("invalid_request")
        scope = self._check(form["client_assertion"], endpoint)
        now = int(self._clock().timestamp())
        claims = {
            "sub": "3;-5",
            "aud": [f"{self._account};{self._client_id}", self._client_id],
            "scope": scope,
            "iss": "https://system.netsuite.com",
            "oit": now,
            "exp": now + LIFETIME,
            "iat": now,
            "jti": secrets.token_hex(16),
        }
        token = jwt.encode({"typ": "JWT", "alg": "RS256", "kid": "sandbox"}, claims, self._signing_key(), ["RS256"])
        return {"access_token": token, "expires_in": str(LIFETIME), "token_type": "bearer"}

    def accepts(self, token: str) -> bool:
        """Whether an access token was issued here, is still valid and is for REST web services."""
        try:
            claims = jwt.decode(token, self._signing_key(), ["RS256"]).claims
        except (JoseError, ValueError):
            return False
        return claims["exp"] > self._clock().timestamp() and "rest_webservices" in claims["scope"]

    def _check(self, assertion: str, endpoint: str) -> list[str]:
        """The scopes of a valid client assertion."""
        try:
            decoded = jwt.decode(assertion, lambda token: self._keys[token.headers()["kid"]], ALGORITHMS)
            claims = decoded.claims
            lifetime = claims["exp"] - claims["iat"]
            fresh = claims["iat"] - 300 <= self._clock().timestamp() < claims["exp"]
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise OAuthError("invalid_client") from error
        named = claims.get("aud")
        real = f"https://{self._account.lower().replace('_', '-')}.suitetalk.api.netsuite.com{TOKEN_PATH}"
        for_us = endpoint in str(named) or real in str(named)
        given = claims.get("scope", [])
        scope = given if isinstance(given, list) else [part.strip() for part in str(given).split(",")]
        if claims.get("iss") != self._client_id:
            raise OAuthError("invalid_client")
        if not for_us or not fresh or lifetime > LIFETIME or "rest_webservices" not in scope:
            raise OAuthError("invalid_grant")
        return scope

    def _signing_key(self) -> RSAKey:
        """The account's own key; kept in the state so that tokens outlive a restart."""
        kept = self._state.get(_SIGNING_KEY, "current")
        if kept is None:
            kept = RSAKey.generate_key(2048, private=True).as_dict(private=True)
            self._state.put(_SIGNING_KEY, "current", kept)
        return RSAKey.import_key(kept)


def _public_key(pem: str | bytes) -> ECKey | RSAKey:
    """The key of a PEM certificate or of a PEM public key."""
    data = pem.encode() if isinstance(pem, str) else pem
    if b"BEGIN CERTIFICATE" in data:
        key = x509.load_pem_x509_certificate(data).public_key()
        data = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    is_elliptic = isinstance(serialization.load_pem_public_key(data), ec.EllipticCurvePublicKey)
    return ECKey.import_key(data) if is_elliptic else RSAKey.import_key(data)
