"""authlib's authorization server, for the client credentials grant and the three ways a client may prove itself."""

import json
import time
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Request  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator  # type: ignore[import-untyped]
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
    """A request to the token endpoint, as authlib reads it."""

    def __init__(self, uri: str, form: dict[str, str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", uri, headers=headers)
        self.payload = BasicOAuth2Payload(form)

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


class TokenServer(AuthorizationServer):  # type: ignore[misc]  # authlib has no types
    """Answers the token endpoint."""

    def __init__(self, issuer: str, token_endpoint: str, audience: str, key: ECKey, clients: dict[str, Client]) -> None:
        super().__init__()
        self._token_endpoint = token_endpoint
        self._clients = clients
        self.register_token_generator("default", _Tokens(issuer, audience, key))
        self.register_client_auth_method(KEY_METHOD, _KeyAssertion([issuer, token_endpoint]))
        self.register_grant(_Grant)

    def token(self, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        """The status, headers and body that a token request is answered with."""
        try:
            answer: Answer = self.create_token_response((form, headers))
        except JoseError:
            unreadable = InvalidClientError(description="The assertion cannot be read.")
            answer = self.handle_error_response(None, unreadable)
        return answer

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Nothing is kept: a token says all there is to know, and its gateway checks it by its signature."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: tuple[dict[str, str], Mapping[str, str]]) -> OAuth2Request:
        return _Form(self._token_endpoint, *request)

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Answer:
        content = body if isinstance(body, str) else json.dumps(body)
        return status, {"cache-control": "no-store", **{name.lower(): value for name, value in headers}}, content
