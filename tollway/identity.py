"""Which service calls: a short-lived signed token, which a service verifies unless it is called straight."""

import hmac
import time
from base64 import urlsafe_b64encode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tollway.problems import StartupError, Unauthenticated

HEADER = b"tollway-identity"
LIFETIME = 60
"""Seconds a token is good for."""
_REUSE = 30
_SHORTEST_KEY = 32
_MOST = 20_000
"""Tokens that are kept in mind."""


class Verified(msgspec.Struct, frozen=True, gc=False):
    """What a good token says."""

    service: str
    """The service that calls."""
    subject: str
    """The client or user on whose behalf it does; empty when it is nobody's."""
    scopes: frozenset[str]
    """What the access token of that client or user grants."""


class _Signed(msgspec.Struct, frozen=True, gc=False):
    """A token that this process made."""

    made: float
    token: bytes


_NEVER = _Signed(0.0, b"")
_NONE: dict[str, _Signed] = {}


class Identity:
    """Signs as one service and verifies the others, with a key they share."""

    def __init__(self, key: str) -> None:
        """`key` is the setting `identity.key`; raises StartupError when it is too short to be a secret."""
        if len(key) < _SHORTEST_KEY:
            raise StartupError(
                f"The setting identity.key must be a secret of at least {_SHORTEST_KEY} characters that all share."
            )
        self._key = OctKey.import_key(key)
        self._secret = key.encode()
        self._signed: dict[tuple[str, str, frozenset[str]], dict[str, _Signed]] = {}
        """The token of each subject, by who calls whom, and what is granted."""
        self._made = 0
        self._verified: dict[tuple[bytes, str], tuple[float, Verified]] = {}

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, which tell nothing of the shared key."""
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def sign(self, caller: str, audience: str, subject: str = "", scopes: frozenset[str] = frozenset()) -> bytes:
        """A token by which `caller` calls `audience` on behalf of `subject`, to whom `scopes` are granted.

        One is reused for half its life.
        """
        now = time.time()
        signed = self._signed.get((caller, audience, scopes), _NONE).get(subject, _NEVER)
        if now - signed.made > _REUSE:
            expires = int(now) + LIFETIME
            token = self._encoded(_Claims(caller, audience, subject, int(now), expires, " ".join(sorted(scopes))))
            if self._made >= _MOST:  # most of them are too old by then
                self._signed.clear()
                self._made = 0
            self._made += 1
            signed = _Signed(now, token)
            self._signed.setdefault((caller, audience, scopes), {})[subject] = signed
            # A service in the same process need not read what was just written.
            self._keep(token, audience, expires, Verified(caller, subject, scopes))
        return signed.token

    def verify(self, token: bytes, audience: str) -> Verified:
        """What a token meant for `audience` says; raises Unauthenticated."""
        now = time.time()
        expires, verified = self._verified.get((token, audience), (0.0, None))
        if verified is not None and expires > now:
            return verified
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The caller's service identity is not signed by this installation.") from error
        if claims.get("aud") != audience or float(claims.get("exp", 0)) <= now:
            raise Unauthenticated("The caller's service identity is for another service or has expired.")
        if "iss" not in claims or "sub" not in claims:
            raise Unauthenticated("The caller's service identity does not say who calls.")
        verified = Verified(claims["iss"], claims["sub"], frozenset(claims.get("scope", "").split()))
        self._keep(token, audience, claims["exp"], verified)
        return verified

    def _encoded(self, claims: "_Claims") -> bytes:
        """A JWT as joserfc writes it, at a sixth of the cost: each caller of the gateway has one twice a minute."""
        signed = _HEADER + b"." + _base64(msgspec.json.encode(claims))
        return signed + b"." + _base64(hmac.digest(self._secret, signed, "sha256"))

    def _keep(self, token: bytes, audience: str, expires: int, verified: Verified) -> None:
        while len(self._verified) >= _MOST:
            del self._verified[next(iter(self._verified))]
        self._verified[token, audience] = float(expires), verified


class _Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    scope: str = ""


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


_HEADER = _base64(b'{"alg":"HS256","typ":"JWT"}')
