"""The public keys of an OAuth issuer, found through its metadata and kept fresh without ever being asked in a storm."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from tollway.problems import NotFound, ProblemError, Unauthenticated, Unavailable

log = structlog.get_logger()
Fetch = Callable[[str], Awaitable[bytes]]
"""Gets the document at a URL; raises a ProblemError when there is none."""
_CURVES = {"P-256": ("ES256",), "Ed25519": ("EdDSA", "Ed25519")}
_RSA = ("RS256", "PS256")


class IssuerKey(msgspec.Struct, frozen=True):
    """A key and the only algorithms it verifies."""

    key: Key
    algorithms: tuple[str, ...]


class IssuerKeys:
    """One issuer's keys: fetched by one flight at a time, again for an unknown `kid` but not within the cool-down.

    When the issuer cannot be asked, the keys last seen go on for `stale_for` seconds.
    """

    def __init__(
        self,
        issuer: str,
        fetch: Fetch,
        *,
        clock: Callable[[], float] = time.time,
        fresh_for: float = 600.0,
        cool_down: float = 30.0,
        stale_for: float = 86_400.0,
    ) -> None:
        self.issuer = issuer
        self.generation = 0
        """Grows whenever a key that was trusted is so no longer; what was verified before then is to be forgotten."""
        self._fetch = fetch
        self._clock = clock
        self._fresh_for, self._cool_down, self._stale_for = fresh_for, cool_down, stale_for
        self._keys: dict[str, IssuerKey] = {}
        self._uri = ""
        self._fetched = self._tried = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def key(self, kid: str | None) -> IssuerKey:
        """The key of this id, or the only key when a token names none; raises Unauthenticated or Unavailable."""
        oldest = self._fresh_for + self._stale_for
        if self._named(kid) is None or self._age() > oldest:
            await self._refreshed()
        elif self._age() > self._fresh_for:
            self._start_refresh()  # nobody waits: the keys at hand go on until it lands
        if self._age() > oldest:
            raise Unavailable("The keys of the token's issuer cannot be had at present.", retry_after=self._cool_down)
        key = self._named(kid)
        if key is None:
            raise Unauthenticated("The token is signed with a key that its issuer does not publish.")
        return key

    async def ready(self) -> str:
        """`ok` when keys are at hand, or why they are not."""
        if not self._keys:
            await self._refreshed()
        return "ok" if self._keys else f"no keys from {self.issuer}"

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
            self._uri = self._uri or await self._discover()
            document = msgspec.json.decode(await self._fetch(self._uri), type=dict[str, Any])
            keys = dict(filter(None, map(_imported, document["keys"])))
        except (ProblemError, msgspec.MsgspecError, LookupError, TypeError) as error:
            self._uri = ""
            log.warning("issuer keys not fetched", issuer=self.issuer, reason=str(error))
            return
        if any(
            keys.get(kid) is None or keys[kid].key.thumbprint() != old.key.thumbprint()
            for kid, old in self._keys.items()
        ):
            self.generation += 1
        self._keys, self._fetched = keys, self._clock()

    async def _discover(self) -> str:
        parts = urlsplit(self.issuer)
        path = parts.path.rstrip("/")
        places = (
            f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
            f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
        )
        for place in places:
            try:
                metadata = msgspec.json.decode(await self._fetch(place), type=dict[str, Any])
            except NotFound:
                continue
            if metadata.get("issuer") != self.issuer:
                raise Unavailable(f"{place} speaks for another issuer: {metadata.get('issuer')}.")
            return str(metadata["jwks_uri"])
        raise Unavailable(f"{self.issuer} publishes no metadata.")


def _imported(data: dict[str, Any]) -> tuple[str, IssuerKey] | None:
    """The id and key of a JWK that verifies signatures; None for any other, which the set may hold as well."""
    try:
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError):
        return None
    if isinstance(key, RSAKey):
        usable: tuple[str, ...] = _RSA
    elif isinstance(key, (ECKey, OKPKey)):
        usable = _CURVES.get(str(data.get("crv")), ())
    else:
        return None
    algorithms = tuple(name for name in usable if data.get("alg", name) == name)
    if not algorithms or data.get("use", "sig") != "sig":
        return None
    return str(data.get("kid", key.thumbprint())), IssuerKey(key, algorithms)


async def download(url: str) -> bytes:
    """The document at a URL of an issuer elsewhere."""
    try:
        async with httpx.AsyncClient(timeout=5.0) as client:
            answer = await client.get(url, headers={"accept": "application/json"})
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} cannot be reached: {error or type(error).__name__}.") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(f"There is no {url}.")
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(f"{url} answered {answer.status_code}.")
    return answer.content
