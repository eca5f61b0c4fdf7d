"""How a request proves who sends it: OAuth 2.0 machine to machine, or token-based authentication (OAuth 1.0a).

Sources: NetSuite Help, "OAuth 2.0 Client Credentials Flow", "The Request Token Structure", "Token-based Authentication"
(HMAC-SHA256, the account as realm).
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from time import monotonic, time
from typing import Any, Protocol

import httpx
import msgspec
from authlib.oauth1 import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth1.rfc5849.signature import generate_signature_base_string  # type: ignore[import-untyped]
from authlib.oauth1.rfc5849.util import escape  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from system_apis.erp.netsuite.errors import LOGIN_SECONDS, problem
from system_apis.erp.netsuite.models import Token
from system_apis.erp.netsuite.settings import NetSuiteSettings
from tollway.http.platforms import PlatformClient
from tollway.problems import ContractDrift, ProblemError, StartupError, Unavailable

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300
_EARLY_SECONDS = 120
"""How long before its end a token is replaced, so that none expires on its way."""
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class Login(Protocol):
    """One way to log in."""

    async def authorization(self, method: str, url: str) -> str:
        """The Authorization header of a request to an absolute URL."""
        ...

    def refused(self, authorization: str) -> bool:
        """Told that NetSuite refused this header: whether a new one may fare better."""
        ...


def login(name: str, settings: NetSuiteSettings, http: PlatformClient) -> Login:
    """The login that the settings of connection `name` describe; raises StartupError when its key cannot be used."""
    return MachineLogin(name, settings, http) if settings.machine_to_machine else TokenLogin(settings)


class MachineLogin:
    """Trades signed assertions for access tokens; whoever needs one while it is being fetched waits for that one."""

    def __init__(self, name: str, settings: NetSuiteSettings, http: PlatformClient) -> None:
        self._name, self._settings, self._http = name, settings, http
        self._key = _private_key(settings.private_key, f"connections.{name}.private_key")
        self._token = ""
        self._fresh_until = 0.0
        self._fetching = asyncio.Lock()

    async def authorization(self, _method: str, _url: str) -> str:
        async with self._fetching:
            if monotonic() >= self._fresh_until:
                await self._fetch()
            return f"Bearer {self._token}"

    def refused(self, authorization: str) -> bool:
        # Somebody else may have replaced the token since; then that one is worth a try and this one is forgotten.
        if authorization == f"Bearer {self._token}":
            self._fresh_until = 0.0
        return True

    async def _fetch(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        answer = await self._http.send("POST", TOKEN_PATH, repeatable=True, data=form)
        if answer.status_code != httpx.codes.OK:
            raise self._refusal(answer)
        try:
            token = msgspec.json.decode(answer.content, type=Token)
            seconds = int(token.expires_in)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ContractDrift("NetSuite's token endpoint answered no token.") from error
        self._token = token.access_token
        self._fresh_until = monotonic() + max(seconds - _EARLY_SECONDS, seconds / 2)

    def _refusal(self, answer: httpx.Response) -> ProblemError:
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
            return Unavailable(
                f"NetSuite refuses the credentials of connection {self._name}.", retry_after=LOGIN_SECONDS
            )
        return problem(answer, "an access token", connection=self._name, reads=True)

    def _assertion(self) -> str:
        now = int(time())
        algorithm = _CURVES[self._key.curve_name] if isinstance(self._key, ECKey) else "PS256"
        header = {"typ": "JWT", "alg": algorithm, "kid": self._settings.certificate_id}
        claims = {
            "iss": self._settings.client_id,
            "scope": ["rest_webservices"],
            "aud": f"{self._settings.base_url}{TOKEN_PATH}",
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(header, claims, self._key, [algorithm])


class TokenLogin:
    """Signs every request with the secrets of the integration and of its token."""

    def __init__(self, settings: NetSuiteSettings) -> None:
        self._signer = ClientAuth(
            settings.consumer_key,
            settings.consumer_secret,
            token=settings.token_id,
            token_secret=settings.token_secret,
            signature_method="HMAC-SHA256",
            realm=settings.account.upper().replace("-", "_"),
        )

    async def authorization(self, method: str, url: str) -> str:
        _, headers, _ = self._signer.sign(method, url, {}, b"")
        return str(headers["Authorization"])

    def refused(self, _authorization: str) -> bool:
        return False


def _sign_hmac_sha256(client: Any, request: Any) -> str:
    """RFC 5849's HMAC signature with SHA-256, which authlib has for SHA-1 only."""
    key = f"{escape(client.client_secret or '')}&{escape(client.token_secret or '')}"
    base = generate_signature_base_string(request)
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha256)).decode()


ClientAuth.register_signature_method("HMAC-SHA256", _sign_hmac_sha256)


def _private_key(path: str, setting: str) -> ECKey | RSAKey:
    try:
        pem = Path(path).read_bytes()
    except OSError as error:
        raise StartupError(f"The setting {setting} names a file that cannot be read: {path}.") from error
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private:
            return key
    raise StartupError(f"The setting {setting} names a file that holds no private key (RSA or elliptic curve): {path}.")
