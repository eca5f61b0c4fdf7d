"""Lets in who bears, or proves to hold, an access token of an issuer we trust."""

import asyncio
import functools
import hashlib
import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar

import msgspec

from policies.base import Caller, GatewayRequest, GatewayResources, GatewayResponse, Handler, PolicyResources
from tollway.http.addresses import holder_of
from tollway.oauth import dpop, mtls
from tollway.oauth.challenges import Challenges
from tollway.oauth.misses import Misses
from tollway.oauth.refused import Refused
from tollway.oauth.revocations import LONGEST_LEEWAY
from tollway.oauth.tokens import AccessToken, TokenReader
from tollway.problems import Unauthenticated
from tollway.strict import Strict

_LONGEST_TOKEN = 8192
_REFUSED_SECONDS = 5.0
"""How long a bad token is refused without another look."""
_UNKNOWN = Caller("", "", frozenset(), 0.0)


class Authenticate(Strict):
    """Takes JWTs (RFC 9068) and opaque tokens (RFC 7662), each of which it verifies once.

    Those that are bound to a key (DPoP) or to a client certificate (mTLS) it takes only from whoever has that.
    """

    after: ClassVar[tuple[str, ...]] = ("correlation", "cors")
    leeway: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_LEEWAY)] = 30
    """Seconds by which the issuer's clock may differ from ours."""
    remember: float = 300.0
    """Seconds a verified token is taken without another look; one whose issuer no longer calls it active, or whose key
    was withdrawn, works no longer than this."""
    remembered: int = 20_000
    """How many verified tokens are kept in mind."""
    bad_tokens_per_second: float = 20.0
    """How many different bad tokens of one address are looked at; beyond them its new tokens get 429."""

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        tokens = _kept(self, resources.gateway)
        challenges = resources.gateway.oauth.challenges(resources.contract.operations[0].path)
        known, clock = tokens.known, resources.gateway.clock

        def handle(request: GatewayRequest) -> Awaitable[GatewayResponse]:
            caller = known.get(request.headers.get(b"authorization"), _UNKNOWN)
            if caller.until <= clock():
                return verified(request)
            request.caller = caller
            return following(request)

        async def verified(request: GatewayRequest) -> GatewayResponse:
            request.caller = await tokens.caller(request, challenges)
            return await following(request)

        return handle


class Tokens:
    """The tokens that were seen, good and bad: every product shares them."""

    def __init__(self, policy: Authenticate, gateway: GatewayResources) -> None:
        self.known: dict[bytes | None, Caller] = {}
        """Whose a token is that is bound to nobody, by the whole `Authorization` header."""
        self._policy = policy
        self._server = gateway.oauth
        self._clock = gateway.clock
        self._reader = TokenReader(gateway.oauth.issuers, gateway.clock, policy.leeway)
        self._misses = Misses(policy.bad_tokens_per_second, gateway.clock)
        self._bound: dict[str, tuple[float, AccessToken]] = {}
        self._refused: dict[bytes, tuple[float, str]] = {}
        self._flights: dict[str, asyncio.Task[AccessToken]] = {}
        self._trusted_since = 0
        for issuer in gateway.oauth.issuers.values():
            issuer.keys.on_distrust.append(functools.partial(self._forget_issuer, issuer.settings.url))
        gateway.oauth.revocations.on_revoked.append(self._forget)

    async def caller(self, request: GatewayRequest, challenges: Challenges) -> Caller:
        """Who sends the request; raises what RFC 6750, 7662 and 9449 ask when that cannot be told."""
        given, _, token = request.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        scheme = given.lower()
        if scheme not in ("bearer", "dpop") or not token:
            raise Unauthenticated(
                "Send an OAuth 2.0 access token as `Authorization: Bearer …`.", headers=challenges.without_token()
            )
        caller = self.known.get(_header(token), _UNKNOWN) if scheme == "bearer" else _UNKNOWN
        if caller.until > self._clock():
            return caller
        try:
            found = await self._access_token(token, holder_of(request.address))
            await self._check_sender(request, scheme, token, found)
        except Refused as error:
            told = Refused(error.detail, error.error)
            told.headers = challenges.refused(scheme, error.error, error.detail)
            if error.error == "use_dpop_nonce":
                told.headers["dpop-nonce"] = self._server.proofs.nonce
            raise told from None
        return _caller(found, found.expires)

    async def _access_token(self, token: str, subject: str) -> AccessToken:
        if len(token) > _LONGEST_TOKEN:
            raise Refused("The access token is too long to be one.")
        until, bound = self._bound.get(token, (0.0, None))
        if bound and until > self._clock():
            return bound
        until, why = self._refused.get(_digest(token), (0.0, ""))
        if until > self._clock():
            raise Refused(why)
        flight = self._flights.get(token)
        if flight is None:
            self._misses.check(subject)
            flight = self._flights[token] = asyncio.create_task(self._look_at(token, subject))
            flight.add_done_callback(functools.partial(self._landed, token))
        return await asyncio.shield(flight)

    def _landed(self, token: str, flight: asyncio.Task[AccessToken]) -> None:
        del self._flights[token]
        if not flight.cancelled():
            flight.exception()  # whoever waited was told, if anybody still did

    async def _look_at(self, token: str, subject: str) -> AccessToken:
        """Read a token, once for everyone who sends it now, and keep in mind what comes of it."""
        trusted_since = self._trusted_since
        try:
            found = await self._reader.read(token)
            if (found.issuer, found.token_id) in self._server.revocations:
                raise Refused("The access token was revoked.")  # noqa: TRY301 - counted like any other bad one
        except Refused as error:
            self._misses.count(subject)
            _add(self._refused, _digest(token), (self._clock() + _REFUSED_SECONDS, error.detail), 10_000)
            raise
        if trusted_since == self._trusted_since:
            until = min(found.expires + self._policy.leeway, self._clock() + self._policy.remember)
            if found.key_thumbprint or found.certificate_thumbprint:
                _add(self._bound, token, (until, found), self._policy.remembered)
            else:
                _add(self.known, _header(token), _caller(found, until), self._policy.remembered)
        return found

    async def _check_sender(self, request: GatewayRequest, scheme: str, token: str, found: AccessToken) -> None:
        """Raise Refused unless the request comes from whom the token is bound to, where it is."""
        if (scheme == "dpop") != bool(found.key_thumbprint):
            self._misses.count(holder_of(request.address))
            bound = "bound to a key: send it by the scheme DPoP, with a proof" if found.key_thumbprint else "not bound"
            raise Refused(f"The access token is {bound}.")
        if found.certificate_thumbprint:
            header = request.headers.get(mtls.HEADER)
            mtls.check_certificate(header, request.peer, self._server.terminators, found.certificate_thumbprint)
        if found.key_thumbprint:
            await self._check_proof(request, token, found)

    async def _check_proof(self, request: GatewayRequest, token: str, found: AccessToken) -> None:
        self._misses.check(found.key_thumbprint)
        try:
            fresh = await self._server.proofs.check(
                request.headers.get(dpop.HEADER),
                method=request.method,
                url=self._server.url + request.path,
                token=token,
                thumbprint=found.key_thumbprint,
                nonce_required=found.nonce_required,
            )
        except Refused:
            self._misses.count(found.key_thumbprint)
            raise
        if fresh:
            request.answer_headers.append((b"dpop-nonce", fresh.encode()))

    def _forget_issuer(self, issuer: str) -> None:
        """One of its keys is trusted no longer: look at each of its tokens again."""
        self._trusted_since += 1
        self._drop(lambda found: found.issuer == issuer)

    def _forget(self, revoked: set[tuple[str, str]]) -> None:
        self._drop(lambda found: (found.issuer, found.token_id) in revoked)

    def _drop(self, dropped: Callable[[Caller | AccessToken], bool]) -> None:
        for header in [header for header, caller in self.known.items() if dropped(caller)]:
            del self.known[header]
        for token in [token for token, (_, found) in self._bound.items() if dropped(found)]:
            del self._bound[token]


def _kept(policy: Authenticate, gateway: GatewayResources) -> Tokens:
    """The tokens that every product with this configuration shares, over reloads of the routes."""
    return gateway.keep("", repr(policy), lambda: Tokens(policy, gateway))


def _caller(found: AccessToken, until: float) -> Caller:
    until = _of_second(math.floor(until)) if until < math.inf else until
    return Caller(found.client, found.subject, found.scopes, until, found.issuer, found.token_id, found.customers)


@functools.lru_cache(1_024)
def _of_second(second: int) -> float:
    """One number for all tokens that end with this second: with many callers, fewer objects to walk through."""
    return float(second)


def _header(token: str) -> bytes:
    return b"Bearer " + token.encode("latin-1")


def _digest(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=16).digest()


def _add(cache: dict[Any, Any], key: object, value: object, most: int) -> None:
    while len(cache) >= most:
        del cache[next(iter(cache))]
    cache[key] = value
