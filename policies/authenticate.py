"""Lets in who bears a JWT access token (RFC 9068) of an issuer we trust."""

from typing import Any, ClassVar, NoReturn

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from policies.base import Caller, GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.problems import Unauthenticated
from tollway.strict import Strict

_LONGEST_TOKEN = 8192
_TYPES = ("at+jwt", "application/at+jwt")
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
_REQUIRED: dict[str, ClaimsOption] = {claim: {"essential": True} for claim in ("sub", "client_id", "exp", "iat", "jti")}


class Authenticate(Strict):
    """Checks signature, type, issuer, audience and times of the bearer token, each token once."""

    after: ClassVar[tuple[str, ...]] = ("correlation",)
    leeway: int = 30
    """Seconds by which the issuer's clock may differ from ours."""
    remember: float = 300.0
    """Seconds a verified token is taken without another look; a revoked one works no longer than this."""
    remembered: int = 10_000
    """How many verified tokens are kept in mind."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        tokens = VerifiedTokens(self, resources)

        async def handle(request: GatewayRequest) -> GatewayResponse:
            scheme, _, token = request.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated(
                    "Send an OAuth 2.0 access token as `Authorization: Bearer …`.",
                    headers={"www-authenticate": 'Bearer realm="tollway"'},
                )
            request.caller = tokens.known(token) or await tokens.verified(token)
            return await following(request)

        return handle


class VerifiedTokens:
    """The tokens seen and found good, each until it expires or is to be looked at again."""

    def __init__(self, policy: Authenticate, resources: PolicyResources) -> None:
        self._policy = policy
        self._issuers = resources.gateway.issuers
        self._audience = resources.gateway.audience
        self._clock = resources.gateway.clock
        self._registry = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        self._known: dict[str, tuple[float, Caller]] = {}
        self._generation = 0

    def known(self, token: str) -> Caller | None:
        """The caller of a token that was verified before."""
        generation = sum(issuer.generation for issuer in self._issuers.values())
        if generation != self._generation:  # a key is trusted no longer: look at every token again
            self._known.clear()
            self._generation = generation
        until, caller = self._known.get(token, (0.0, None))
        return caller if until > self._clock() else None

    async def verified(self, token: str) -> Caller:
        """The caller of a token; raises Unauthenticated as RFC 6750 asks."""
        if len(token) > _LONGEST_TOKEN:
            _refuse("The access token is too long to be one.")
        try:
            caller = await self._verify(token)
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError) as error:
            _refuse(f"The access token is not valid: {_reason(error)}.")
        except Unauthenticated as error:
            _refuse(error.detail)
        self._remember(token, caller)
        return caller

    async def _verify(self, token: str) -> Caller:
        signed = jws.extract_compact(token.encode(), registry=self._registry)
        header = signed.headers()
        claims = msgspec.json.decode(signed.payload, type=dict[str, Any])
        issuer = self._issuers.get(str(claims.get("iss")))
        if str(header.get("typ")).lower() not in _TYPES:
            _refuse("The token is not an access token: its typ is not at+jwt.")
        if issuer is None:
            _refuse("The access token comes from an issuer that is not trusted here.")
        if header.get("alg") not in _ALGORITHMS:
            _refuse("The access token is signed with an algorithm that is not taken.")
        key = await issuer.key(header.get("kid"))
        if header["alg"] not in key.algorithms:
            _refuse("The access token is signed with an algorithm that its key does not declare.")
        if not jws.validate_compact(signed, key.key, registry=self._registry):
            _refuse("The access token's signature is not its issuer's.")
        self._check_claims(claims)
        scopes = frozenset(str(claims.get("scope", "")).split())
        return Caller(claims["client_id"], claims["sub"], scopes, float(claims["exp"]))

    def _check_claims(self, claims: dict[str, Any]) -> None:
        JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=self._policy.leeway,
            aud={"essential": True, "value": self._audience},
            **_REQUIRED,
        ).validate(claims)
        if not isinstance(claims["client_id"], str):
            _refuse("The access token's client_id is not a string.")

    def _remember(self, token: str, caller: Caller) -> None:
        while len(self._known) >= self._policy.remembered:
            del self._known[next(iter(self._known))]
        now = self._clock()
        self._known[token] = (min(caller.expires + self._policy.leeway, now + self._policy.remember), caller)


def _refuse(why: str) -> NoReturn:
    challenge = f'Bearer realm="tollway", error="invalid_token", error_description="{why}"'
    raise Unauthenticated(why, headers={"www-authenticate": challenge})


def _reason(error: Exception) -> str:
    """What is wrong with a token, in characters that RFC 6750 allows in a header."""
    words = error.description or error.error if isinstance(error, JoseError) else "it cannot be read"
    return "".join(char for char in words if char.isascii() and char.isprintable() and char not in '"\\').rstrip(".")
