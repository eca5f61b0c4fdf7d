"""Which service calls: a short-lived signed token that every inner service verifies, in one process or many."""

import hmac
import time
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tollway.problems import StartupError, Unauthenticated

HEADER = b"tollway-identity"
LIFETIME = 60
"""Seconds a token is good for."""
_REUSE = 30
_SHORTEST_KEY = 32


class Verified(NamedTuple):
    """What a good token says."""

    service: str
    """The service that calls."""
    subject: str
    """The client or user on whose behalf it does; empty when it is nobody's."""
    scopes: frozenset[str]
    """What the access token of that client or user grants."""


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
        self._signed: dict[tuple[str, str, str, frozenset[str]], tuple[float, bytes]] = {}
        self._verified: dict[tuple[bytes, str], tuple[float, Verified]] = {}

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, which tell nothing of the shared key."""
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def sign(self, caller: str, audience: str, subject: str = "", scopes: frozenset[str] = frozenset()) -> bytes:
        """A token by which `caller` calls `audience` on behalf of `subject`, to whom `scopes` are granted.

        One is reused for half its life.
        """
        now, reused = time.time(), (caller, audience, subject, scopes)
        made, token = self._signed.get(reused, (0.0, b""))
        if now - made > _REUSE:
            claims = {"iss": caller, "aud": audience, "sub": subject, "iat": int(now), "exp": int(now) + LIFETIME}
            if scopes:
                claims["scope"] = " ".join(sorted(scopes))
            token = jwt.encode({"alg": "HS256"}, claims, self._key).encode()
            _forget_oldest(self._signed)
            self._signed[reused] = (now, token)
        return token

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
        _forget_oldest(self._verified)
        verified = Verified(claims["iss"], claims["sub"], frozenset(claims.get("scope", "").split()))
        self._verified[token, audience] = (float(claims["exp"]), verified)
        return verified


def _forget_oldest(cache: dict[Any, Any], most: int = 20_000) -> None:
    while len(cache) >= most:
        del cache[next(iter(cache))]
