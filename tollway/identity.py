"""Which service calls: a short-lived signed token that every inner service verifies, in one process or many."""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tollway.problems import StartupError, Unauthenticated

HEADER = b"tollway-identity"
LIFETIME = 60
"""Seconds a token is good for."""
_REUSE = 30
_SHORTEST_KEY = 32


class Identity:
    """Signs as one service and verifies the others, with a key they share."""

    def __init__(self, key: str) -> None:
        """`key` is the setting `identity.key`; raises StartupError when it is too short to be a secret."""
        if len(key) < _SHORTEST_KEY:
            raise StartupError(
                f"The setting identity.key must be a secret of at least {_SHORTEST_KEY} characters that all share."
            )
        self._key = OctKey.import_key(key)
        self._signed: dict[tuple[str, str, str], tuple[float, bytes]] = {}
        self._verified: dict[tuple[bytes, str], tuple[float, str, str]] = {}

    def sign(self, caller: str, audience: str, subject: str = "") -> bytes:
        """A token by which `caller` calls `audience` on behalf of `subject`; one is reused for half its life."""
        now = time.time()
        made, token = self._signed.get((caller, audience, subject), (0.0, b""))
        if now - made > _REUSE:
            claims = {"iss": caller, "aud": audience, "sub": subject, "iat": int(now), "exp": int(now) + LIFETIME}
            token = jwt.encode({"alg": "HS256"}, claims, self._key).encode()
            _forget_oldest(self._signed)
            self._signed[caller, audience, subject] = (now, token)
        return token

    def verify(self, token: bytes, audience: str) -> tuple[str, str]:
        """The (caller, subject) of a token meant for `audience`; raises Unauthenticated."""
        now = time.time()
        expires, caller, subject = self._verified.get((token, audience), (0.0, "", ""))
        if expires > now:
            return caller, subject
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The caller's service identity is not signed by this installation.") from error
        if claims.get("aud") != audience or float(claims.get("exp", 0)) <= now:
            raise Unauthenticated("The caller's service identity is for another service or has expired.")
        if "iss" not in claims or "sub" not in claims:
            raise Unauthenticated("The caller's service identity does not say who calls.")
        _forget_oldest(self._verified)
        self._verified[token, audience] = (float(claims["exp"]), claims["iss"], claims["sub"])
        return claims["iss"], claims["sub"]


def _forget_oldest(cache: dict[Any, Any], most: int = 20_000) -> None:
    while len(cache) >= most:
        del cache[next(iter(cache))]
