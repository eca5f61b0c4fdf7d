"""The public keys of an OAuth issuer, kept fresh without the issuer ever being asked in a storm."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from tollway.oauth.metadata import IssuerMetadata
from tollway.oauth.refused import Refused
from tollway.problems import ProblemError, Unavailable

log = structlog.get_logger()
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""The signature algorithms that are taken, in tokens and in proofs."""
_CURVES = {"P-256": ("ES256",), "Ed25519": ("EdDSA", "Ed25519")}
_RSA = ("RS256", "PS256")


def signatures() -> jws.JWSRegistry:
    """What reads signed tokens and proofs; headers may hold a whole key or certificate, beyond joserfc's 512 bytes."""
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = 4096
    return registry


class IssuerKey(msgspec.Struct, frozen=True):
    """A key and the only algorithms it verifies."""

    key: Key
    algorithms: tuple[str, ...]


class IssuerKeys:
    """One issuer's keys: fetched by one flight at a time, again for an unknown `kid` but not within the cool-down.

    After `refresh_after` seconds the next use fetches them anew while those at hand go on, so that no request waits.
    When the issuer cannot be asked, those last seen go on until they are `usable_for` seconds old.
    """

    def __init__(
        self,
        metadata: IssuerMetadata,
        *,
        clock: Callable[[], float] = time.time,
        refresh_after: float = 600.0,
        cool_down: float = 10.0,
        usable_for: float = 86_400.0,
    ) -> None:
        self.on_distrust: list[Callable[[], None]] = []
        """What is called when a key that was trusted is so no longer: what it verified is to be forgotten."""
        self._metadata = metadata
        self._clock = clock
        self._refresh_after, self._cool_down, self._usable_for = refresh_after, cool_down, usable_for
        self._keys: dict[str, IssuerKey] = {}
        self._fetched = self._tried = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def key(self, kid: str | None) -> IssuerKey:
        """The key of this id, or the only key when a token names none; raises Refused or Unavailable."""
        if self._named(kid) is None or self._age() > self._usable_for:
            await self._refreshed()
        elif self._age() > self._refresh_after:
            self._start_refresh()
        if self._age() > self._usable_for:
            raise Unavailable("The keys of the token's issuer cannot be had at present.", retry_after=self._cool_down)
        key = self._named(kid)
        if key is None:
            raise Refused("The token is signed with a key that its issuer does not publish.")
        return key

    async def ready(self) -> str:
        """`ok` when keys are at hand, or why they are not."""
        if not self._keys:
            await self._refreshed()
        return "ok" if self._keys else f"no keys from {self._metadata.issuer}"

    def _named(self, kid: str | None) -> IssuerKey | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched

    async def _refreshed(self) -> None:
        self._start_refresh()
        if self._flight is not None:
            await asyncio.shield(self._flight)

    def _start_refresh(self) -> None:
        """Set out to fetch, unless somebody is on the way or was lately."""
        # The first keys are worth asking for more often: without them nobody gets in.
        pause = self._cool_down if self._keys else min(1.0, self._cool_down)
        if self._flight is None and self._clock() - self._tried >= pause:
            self._tried = self._clock()
            self._flight = asyncio.create_task(self._download())
            self._flight.add_done_callback(self._landed)

    def _landed(self, _: asyncio.Task[None]) -> None:
        self._flight = None

    async def _download(self) -> None:
        try:
            address = await self._metadata.address("jwks_uri")
            document = msgspec.json.decode(await self._metadata.fetch(address), type=dict[str, Any])
            keys = dict(filter(None, map(_imported, document["keys"])))
        except (ProblemError, msgspec.MsgspecError, LookupError, TypeError) as error:
            self._metadata.forget()
            log.warning("issuer keys not fetched", issuer=self._metadata.issuer, reason=str(error))
            return
        gone = any(
            kid not in keys or keys[kid].key.thumbprint() != old.key.thumbprint() for kid, old in self._keys.items()
        )
        self._keys, self._fetched = keys, self._clock()
        if gone:
            for forget in self.on_distrust:
                forget()


def _imported(data: dict[str, Any]) -> tuple[str, IssuerKey] | None:
    """The id and key of a JWK that verifies signatures; None for any other, which the set may hold as well."""
    try:
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError):
        return None
    algorithms = tuple(name for name in usable_algorithms(key, data) if data.get("alg", name) == name)
    if not algorithms or data.get("use", "sig") != "sig":
        return None
    return str(data.get("kid", key.thumbprint())), IssuerKey(key, algorithms)


def usable_algorithms(key: Key, data: dict[str, Any]) -> tuple[str, ...]:
    """The signature algorithms that fit a public key; none for a shared secret or a curve that is not taken."""
    if isinstance(key, RSAKey):
        return _RSA
    if isinstance(key, (ECKey, OKPKey)):
        return _CURVES.get(str(data.get("crv")), ())
    return ()
