"""Who may call: OAuth 2.0 bearer tokens, or token-based authentication (OAuth 1.0a, HMAC-SHA256).

Sources: NetSuite Help, "Token-based Authentication", "The Signature for Web Services and RESTlets", "Error Messages for
RESTlets, SOAP Web Services, and REST Web Services" (timestamps within five minutes, nonces of six characters or more,
used once); RFC 5849 for the signature. The challenges are recorded from live accounts.
"""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from litestar import Request

from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, invalid_login
from system_apis.erp.netsuite.sandbox.oauth2 import TokenService
from system_apis.erp.netsuite.sandbox.records import Clock

_SKEW = 300
_SHORTEST_NONCE = 6


class Authenticator:
    """Lets a request pass or raises the error NetSuite answers."""

    def __init__(self, account: str, client_id: str, client_secret: str, tokens: TokenService, clock: Clock) -> None:
        self._account, self._client_id, self._secret = account, client_id, client_secret
        self._tokens, self._clock = tokens, clock
        self._nonces: dict[tuple[str, str], float] = {}

    def check(self, request: Request[Any, Any, Any]) -> None:
        """Raise the error for missing or wrong credentials."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "oauth":
            if not self._signed(request, _parameters(credentials)):
                raise self._refusal("OAuth", "token_rejected")
        elif scheme.lower() != "bearer" or not self._tokens.accepts(credentials.strip()):
            raise self._refusal("Bearer", "invalid_token")

    def _refusal(self, scheme: str, error: str) -> NetSuiteError:
        return invalid_login(
            f'{scheme} realm="{self._account}", error="{error}", error_description="Invalid login attempt."'
        )

    def _signed(self, request: Request[Any, Any, Any], given: dict[str, str]) -> bool:
        expected = {
            "realm": self._account,
            "oauth_consumer_key": self._client_id,
            "oauth_token": self._client_id,
            "oauth_signature_method": "HMAC-SHA256",
        }
        if any(given.get(name) != value for name, value in expected.items()):
            return False
        text = signature_base(request, given)
        key = f"{_escape(self._secret)}&{_escape(self._secret)}".encode()
        signature = base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
        right = hmac.compare_digest(signature, given.get("oauth_signature", ""))
        return right and self._is_new(given.get("oauth_timestamp", ""), given.get("oauth_nonce", ""))

    def _is_new(self, timestamp: str, nonce: str) -> bool:
        now = self._clock().timestamp()
        if not timestamp.isdigit() or abs(now - int(timestamp)) > _SKEW or len(nonce) < _SHORTEST_NONCE:
            return False
        self._nonces = {key: seen for key, seen in self._nonces.items() if seen > now - 2 * _SKEW}
        if (timestamp, nonce) in self._nonces:
            return False
        self._nonces[timestamp, nonce] = now
        return True


def signature_base(request: Request[Any, Any, Any], given: dict[str, str]) -> str:
    """The signature base string of RFC 5849, section 3.4.1."""
    signed = [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
    query = request.scope["query_string"].decode("latin-1")
    signed += parse_qsl(query, keep_blank_values=True)
    pairs = sorted((_escape(name), _escape(value)) for name, value in signed)
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    raw_path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    url = f"{request.scope['scheme']}://{_host(request)}{raw_path}"
    return "&".join((request.method.upper(), _escape(url), _escape(parameters)))


def _host(request: Request[Any, Any, Any]) -> str:
    host = request.headers["host"].lower()
    default = ":443" if request.scope["scheme"] == "https" else ":80"
    return host.removesuffix(default)


def _parameters(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs}


def _escape(text: str) -> str:
    return quote(text, safe="~")
