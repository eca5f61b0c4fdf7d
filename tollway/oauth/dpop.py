"""Proofs that whoever sends a token also holds the key it is bound to (DPoP, RFC 9449)."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from tollway.oauth.keys import ALGORITHMS, signatures, usable_algorithms
from tollway.oauth.mtls import base64url
from tollway.oauth.refused import Refused
from tollway.oauth.replays import Replays

HEADER = b"dpop"
OLDEST = 60
"""Seconds ago that a proof may have been made."""
AHEAD = 10
"""Seconds by which its maker's clock may be ahead of ours."""
_NONCE_SECONDS = 120
"""How long a nonce is the one that is given out; it is taken for as long again."""
_LONGEST = 4096
_LONGEST_ID = 256
_THUMBPRINT_OF = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
"""The members of a key that make its thumbprint (RFC 7638), in their order."""
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "k"))
_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Claims(msgspec.Struct):
    jti: str
    htm: str
    htu: str
    iat: float
    ath: str
    nonce: str = ""


class _Proof(msgspec.Struct):
    signed: jws.CompactSignature
    algorithm: str
    jwk: dict[str, Any]
    claims: _Claims


class Proofs:
    """Checks proofs, each of which is good once."""

    def __init__(self, secret: bytes, replays: Replays, clock: Callable[[], float] = time.time) -> None:
        """Gateways that share `secret` take one another's nonces."""
        self._secret = hmac.digest(secret, b"tollway dpop nonce", "sha256")
        self._replays = replays
        self._clock = clock
        self._registry = signatures()
        self._nonces: tuple[int, tuple[str, str]] = (-1, ("", ""))

    @property
    def nonce(self) -> str:
        """The nonce that is given out now."""
        return self._current_nonces()[0]

    async def check(
        self, header: bytes | None, *, method: str, url: str, token: str, thumbprint: str, nonce_required: bool
    ) -> str:
        """The nonce to send back, empty when the client has it; raises Refused unless the `DPoP` header proves it all.

        It is to hold one proof, for this request and this token, by the key with this thumbprint. What is cheap to
        find wrong is looked for before the signature is checked, and only a proof that is otherwise good is kept.
        """
        proof = self._read(header)
        self._check_key(proof, thumbprint)
        self._check_request(proof.claims, method, url, token)
        fresh = self._check_nonce(proof.claims, required=nonce_required)
        if not self._is_signed(proof):
            raise _bad("is not signed by the key that it names")
        if not await self._replays.first(f"{thumbprint} {proof.claims.jti}", proof.claims.iat):
            raise _bad("was used before")
        return fresh

    def _read(self, header: bytes | None) -> _Proof:
        if not header:
            raise _bad("is missing")
        if len(header) > _LONGEST or b"," in header:
            raise _bad("is not exactly one")
        try:
            signed = jws.extract_compact(header, registry=self._registry)
            claims = msgspec.json.decode(signed.payload, type=_Claims)
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError):
            raise _bad("cannot be read, or lacks a claim") from None
        head = signed.headers()
        if head.get("typ") != "dpop+jwt" or head.get("alg") not in ALGORITHMS or not isinstance(head.get("jwk"), dict):
            raise _bad("has a header that is not one of a proof")
        return _Proof(signed, head["alg"], head["jwk"], claims)

    def _check_key(self, proof: _Proof, thumbprint: str) -> None:
        if not _PRIVATE.isdisjoint(proof.jwk):
            raise _bad("gives its private key away")
        if _thumbprint(proof.jwk) != thumbprint:
            raise _bad("is by another key than the one that the access token is bound to")

    def _check_request(self, claims: _Claims, method: str, url: str, token: str) -> None:
        if claims.htm != method or _normal(claims.htu) != _normal(url):
            raise _bad("is for another request")
        if not hmac.compare_digest(claims.ath.encode(), base64url(hashlib.sha256(token.encode()).digest()).encode()):
            raise _bad("is for another access token")
        if not -AHEAD <= self._clock() - claims.iat <= OLDEST:
            raise _bad("is too old, or made by a clock that is wrong")
        if not 0 < len(claims.jti) <= _LONGEST_ID:
            raise _bad("has no usable jti")

    def _check_nonce(self, claims: _Claims, *, required: bool) -> str:
        nonces = self._current_nonces()
        if claims.nonce not in nonces and (claims.nonce or required):
            raise Refused("The DPoP proof is to carry the nonce of the DPoP-Nonce header.", "use_dpop_nonce")
        return nonces[0] if claims.nonce and claims.nonce != nonces[0] else ""

    def _current_nonces(self) -> tuple[str, str]:
        """The nonce of now and the one before it, the same for every gateway that shares the secret."""
        period = int(self._clock() // _NONCE_SECONDS)
        if self._nonces[0] != period:
            self._nonces = (period, (self._nonce_of(period), self._nonce_of(period - 1)))
        return self._nonces[1]

    def _nonce_of(self, period: int) -> str:
        return base64url(hmac.digest(self._secret, str(period).encode(), "sha256")[:18])

    def _is_signed(self, proof: _Proof) -> bool:
        try:
            key: Key = JWKRegistry.import_key(proof.jwk)
            fits = proof.algorithm in usable_algorithms(key, proof.jwk)
            return fits and jws.validate_compact(proof.signed, key, registry=self._registry)
        except (JoseError, ValueError, TypeError):
            return False


def _bad(why: str) -> Refused:
    return Refused(f"The DPoP proof {why}.", "invalid_dpop_proof")


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """The key's thumbprint (RFC 7638); empty for what is no public key."""
    members = _THUMBPRINT_OF.get(str(jwk.get("kty")), ())
    if not members or not all(isinstance(jwk.get(member), str) for member in members):
        return ""
    canonical = msgspec.json.encode({member: jwk[member] for member in members})
    return base64url(hashlib.sha256(canonical).digest())


def _normal(url: str) -> tuple[str, str, int | None, str]:
    """An address as RFC 3986 compares two of them, without query and fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        path = "/".join(quote(unquote(part), safe="") for part in (parts.path or "/").split("/"))
    except ValueError:
        return "", "", None, ""
    return parts.scheme, parts.hostname or "", port, path
