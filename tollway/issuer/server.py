"""authlib's authorization server, for the client credentials grant and the three ways a client may prove itself."""

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet

from tollway.issuer.clients import KEY_METHOD, SECRET_METHODS, Client

ALGORITHM = "ES256"
LIFETIME = 900
"""Seconds an access token is good for."""
_LONGEST_ASSERTION = 3600
"""Seconds ahead that a client's assertion may expire; as long is its id kept to see it used once only."""
Answer = tuple[int, dict[str, str], str]


class _Form(OAuth2Request):  # type: ignore[misc]  # authlib has no types
    """A request to an endpoint, as authlib reads it."""

    def __init__(self, uri: str, form: dict[str, str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", uri, headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self.revoked: dict[str, Any] | None = None
        """The claims of the token that the request turns out to revoke."""

    @property
    def form(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = [*SECRET_METHODS, KEY_METHOD]


class _Tokens(JWTBearerTokenGenerator):  # type: ignore[misc]  # authlib has no types
    """Access tokens after RFC 9068, for one audience."""

    def __init__(self, issuer: str, audience: str, key: ECKey) -> None:
        super().__init__(issuer, alg=ALGORITHM, expires_generator=LIFETIME)
        self._audience = audience
        self._keys = KeySet([key])  # a set, since only then does a token name its key

    def get_jwks(self) -> KeySet:
        return self._keys

    def get_audiences(self, client: Client, user: object, scope: str) -> str:  # noqa: ARG002 - authlib's signature
        return self._audience

    def get_extra_claims(self, client: Client, grant_type: str, user: object, scope: str) -> dict[str, Any]:  # noqa: ARG002 - authlib's signature
        return {} if client.stored.customers is None else {"customers": client.stored.customers}


class _KeyAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # authlib has no types
    """`private_key_jwt` (RFC 7523): an assertion signed by the client's key, good for one use."""

    CLIENT_AUTH_METHOD = KEY_METHOD

    def __init__(self, audiences: list[str]) -> None:
        super().__init__()
        self._audiences = audiences
        self._used: dict[tuple[str, str], float] = {}

    def get_audiences(self) -> list[str]:
        return self._audiences

    def resolve_client_public_key(self, client: Client) -> Key:
        if client.stored.public_key is None:
            raise InvalidClientError(description="The client has no key.")
        return JWKRegistry.import_key(client.stored.public_key)

    def verify_claims(self, claims: dict[str, Any]) -> None:
        super().verify_claims(claims)
        if claims["exp"] > time.time() + _LONGEST_ASSERTION:
            raise InvalidClientError(description="The assertion expires too far ahead.")

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        now = time.time()
        self._used = {key: expires for key, expires in self._used.items() if expires + self.leeway > now}
        key = (claims["sub"], str(jti))
        if key in self._used:
            return False
        self._used[key] = float(claims["exp"])
        return True


class _Issued(msgspec.Struct, frozen=True):
    """A token of ours that somebody wants revoked."""

    claims: dict[str, Any]

    def check_client(self, client: Client) -> bool:
        return bool(self.claims["client_id"] == client.get_client_id())


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # authlib has no types
    """Revokes a client's own tokens (RFC 7009); one that is not ours, or no token at all, is none to revoke."""

    SUPPORTED_TOKEN_TYPES = ("access_token",)
    CLIENT_AUTH_METHODS = (*SECRET_METHODS, KEY_METHOD)

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Issued | None:  # noqa: ARG002 - authlib's signature
        try:
            return _Issued(jwt.decode(token_string, self.server.key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError):
            return None

    def revoke_token(self, token: _Issued, request: OAuth2Request) -> None:
        request.revoked = token.claims


class TokenServer(AuthorizationServer):  # type: ignore[misc]  # authlib has no types
    """Answers the token and the revocation endpoint."""

    def __init__(self, issuer: str, token_endpoint: str, audience: str, key: ECKey, clients: dict[str, Client]) -> None:
        super().__init__()
        self._token_endpoint = token_endpoint
        self._clients = clients
        self.key = key
        self.register_token_generator("default", _Tokens(issuer, audience, key))
        self.register_client_auth_method(KEY_METHOD, _KeyAssertion([issuer, token_endpoint]))
        self.register_grant(_Grant)
        self.register_endpoint(_Revocation)

    def token(self, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        """The status, headers and body that a token request is answered with."""
        return self._answered(partial(self.create_token_response, self._form(form, headers)))

    def revocation(self, form: dict[str, str], headers: Mapping[str, str]) -> tuple[Answer, dict[str, Any] | None]:
        """What a revocation request is answered with, and the claims of the token that is to be revoked, if any."""
        request = self._form(form, headers)
        answer = self._answered(partial(self.create_endpoint_response, _Revocation.ENDPOINT_NAME, request))
        return answer, request.revoked

    def _form(self, form: dict[str, str], headers: Mapping[str, str]) -> _Form:
        return _Form(self._token_endpoint, form, headers)

    def _answered(self, answer: Callable[[], Answer]) -> Answer:
        try:
            return answer()
        except JoseError:
            unreadable = InvalidClientError(description="The assertion cannot be read.")
            refusal: Answer = self.handle_error_response(None, unreadable)
            return refusal

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Nothing is kept: a token says all there is to know, and its gateway checks it by its signature."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: _Form) -> _Form:
        return request

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Answer:
        content = body if isinstance(body, str) else json.dumps(body)
        return status, {"cache-control": "no-store", **{name.lower(): value for name, value in headers}}, content
