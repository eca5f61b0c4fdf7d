"""Reads access tokens: JWTs of RFC 9068, and what an issuer says of opaque ones."""

import sys
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from tollway.oauth.introspection import Introspection
from tollway.oauth.keys import ALGORITHMS, IssuerKeys, signatures
from tollway.oauth.refused import Refused
from tollway.oauth.settings import IssuerSettings

_TYPES = ("at+jwt", "application/at+jwt")
_JWT, _JWT_DOTS = "eyJ", 2
"""How every JWT begins, a JSON object's first characters in base64; opaque tokens may have dots as well."""
_REQUIRED: dict[str, ClaimsOption] = {claim: {"essential": True} for claim in ("sub", "client_id", "exp", "iat", "jti")}


class TrustedIssuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer whose tokens are taken, and how they are checked."""

    settings: IssuerSettings
    name: str = ""
    """Begins what its subjects and clients are known as inside; of the one without they are known as it calls them."""
    names: tuple[str, ...] = ()
    """The names of all issuers, with which no subject or client of that one may begin."""
    audience: str
    keys: IssuerKeys
    introspection: Introspection | None = None
    """How its opaque tokens are looked up; None takes none of them."""


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a good token says; nothing of it has been checked against a request yet."""

    issuer: str
    client: str
    subject: str
    scopes: frozenset[str]
    expires: float
    token_id: str = ""
    customers: frozenset[str] | None = None
    """The customers it is restricted to; None when it is not."""
    key_thumbprint: str = ""
    """The key it is bound to (DPoP); empty when it is bound to none."""
    certificate_thumbprint: str = ""
    """The client certificate it is bound to (mTLS); empty when it is bound to none."""
    nonce_required: bool = False
    """Whether proofs for it are to carry a nonce of ours."""


class TokenReader:
    """Tells of any token, from any of the issuers, what it says; each reading costs a signature or a question."""

    def __init__(
        self, issuers: Mapping[str, TrustedIssuer], clock: Callable[[], float] = time.time, leeway: int = 30
    ) -> None:
        """`leeway` is by how many seconds issuers' clocks may differ from ours."""
        self._issuers = issuers
        self._clock = clock
        self._leeway = leeway
        self._registry = signatures()

    async def read(self, token: str) -> AccessToken:
        """What the token says; raises Refused, or Unavailable when its issuer cannot be asked."""
        try:
            if token.startswith(_JWT) and token.count(".") == _JWT_DOTS:
                return await self._of_jwt(token)
            return await self._of_opaque(token)
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise Refused(f"The access token is not valid: {_reason(error)}.") from None

    async def _of_jwt(self, token: str) -> AccessToken:
        signed = jws.extract_compact(token.encode(), registry=self._registry)
        header = signed.headers()
        claims = msgspec.json.decode(signed.payload, type=dict[str, Any])
        issuer = self._issuers.get(str(claims.get("iss")))
        if str(header.get("typ")).lower() not in _TYPES:
            raise Refused("The token is not an access token: its typ is not at+jwt.")
        if issuer is None:
            raise Refused("The access token comes from an issuer that is not trusted here.")
        if header.get("alg") not in ALGORITHMS:
            raise Refused("The access token is signed with an algorithm that is not taken.")
        # What is wrong with the claims is cheap to find, so it is looked for before the signature.
        self._check(claims, _REQUIRED, issuer.audience)
        key = await issuer.keys.key(header.get("kid"))
        if header["alg"] not in key.algorithms:
            raise Refused("The access token is signed with an algorithm that its key does not declare.")
        if not jws.validate_compact(signed, key.key, registry=self._registry):
            raise Refused("The access token's signature is not its issuer's.")
        return _access_token(claims, issuer, float(claims["exp"]))

    async def _of_opaque(self, token: str) -> AccessToken:
        for issuer in self._issuers.values():
            claims = await issuer.introspection.claims(token) if issuer.introspection else None
            if claims is not None:
                return self._introspected(claims, issuer)
        raise Refused("The access token is not one that an issuer trusted here calls active.")

    def _introspected(self, claims: dict[str, Any], issuer: TrustedIssuer) -> AccessToken:
        if claims.get("iss", issuer.settings.url) != issuer.settings.url:
            raise Refused("The access token comes from another issuer than the one that knows it.")
        # An issuer that names no audience says by its answer that the token is meant for whoever may ask about it.
        self._check(claims, {"client_id": {"essential": True}}, issuer.audience if "aud" in claims else None)
        claims.setdefault("sub", claims["client_id"])
        return _access_token(claims, issuer, float(claims.get("exp", "inf")))

    def _check(self, claims: dict[str, Any], required: Mapping[str, ClaimsOption], audience: str | None) -> None:
        aud: dict[str, ClaimsOption] = {"aud": {"essential": True, "value": audience}} if audience else {}
        JWTClaimsRegistry(now=int(self._clock()), leeway=self._leeway, **aud, **required).validate(claims)


def _access_token(claims: Mapping[str, Any], trusted: TrustedIssuer, expires: float) -> AccessToken:
    issuer = trusted.settings
    texts = {name: claims.get(name, "") for name in ("client_id", "sub", "jti", "scope")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise Refused(f"The access token's {name} is not a string.")
    key, certificate = _binding(claims.get("cnf"), issuer)
    return AccessToken(
        issuer=issuer.url,
        client=_known(texts["client_id"], "client", trusted),
        subject=_known(texts["sub"], "subject", trusted),
        scopes=_scopes(texts["scope"]),
        expires=expires,
        token_id=texts["jti"],
        customers=_customers(claims, issuer),
        key_thumbprint=key,
        certificate_thumbprint=certificate,
        nonce_required=issuer.dpop_nonce,
    )


@lru_cache(1_024)
def _scopes(told: str) -> frozenset[str]:
    """One set for all whom the same is granted: with many callers, fewer objects to walk through."""
    return frozenset(told.split())


def _known(told: str, as_what: str, issuer: TrustedIssuer) -> str:
    """Who it is inside, among the subjects or clients of all issuers: one string wherever it is the same."""
    if issuer.name:
        return sys.intern(f"{issuer.name}:{told}")
    if any(told.startswith(f"{name}:") for name in issuer.names):
        raise Refused(f"The access token's {as_what} could be taken for one of another issuer.")
    return sys.intern(told)


def _binding(confirmation: object, issuer: IssuerSettings) -> tuple[str, str]:
    """The thumbprints of key and certificate that the token is bound to, each empty when it is not."""
    bound = {} if confirmation is None else msgspec.convert(confirmation, dict[str, str])
    key, certificate = bound.get("jkt", ""), bound.get("x5t#S256", "")
    if confirmation is not None and not (key or certificate):
        raise Refused("The access token is bound to its sender in a way that cannot be checked here.")
    needed = issuer.sender_constraint
    if (needed == "dpop" and not key) or (needed == "mtls" and not certificate):
        raise Refused(f"The access token is not bound to its sender by {needed}, as its issuer's are to be.")
    if needed == "either" and not (key or certificate):
        raise Refused("The access token is not bound to its sender, as its issuer's are to be.")
    return key, certificate


def _customers(claims: Mapping[str, Any], issuer: IssuerSettings) -> frozenset[str] | None:
    given = claims.get(issuer.customers_claim)
    if given is None:
        return frozenset() if issuer.customers_only else None
    if isinstance(given, str):
        return frozenset((given,))
    return msgspec.convert(given, frozenset[str])


def _reason(error: Exception) -> str:
    """What is wrong with a token, in characters that RFC 6750 allows in a header."""
    words = error.description or error.error if isinstance(error, JoseError) else "it cannot be read"
    return "".join(char for char in words if char.isascii() and char.isprintable() and char not in '"\\').rstrip(".")
