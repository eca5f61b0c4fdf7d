"""What an OAuth issuer publishes about itself (RFC 8414, OpenID Connect Discovery)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tollway.oauth.issuer_client import Fetch
from tollway.problems import NotFound, ProblemError, Unavailable

_PAUSE = 1.0
"""Seconds during which an issuer that could not be asked is not asked again."""


class IssuerMetadata:
    """One issuer's metadata, asked for once, by whoever needs it first."""

    def __init__(self, issuer: str, fetch: Fetch, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        self.fetch = fetch
        self._found: dict[str, Any] | None = None
        self._clock = clock
        self._asking = asyncio.Lock()
        self._failed: tuple[float, str] | None = None

    async def address(self, name: str) -> str:
        """The address that the metadata gives under a name, such as `jwks_uri`; raises Unavailable."""
        async with self._asking:
            if self._found is None:
                self._found = await self._discovered()
        address = self._found.get(name)
        if not isinstance(address, str):
            raise Unavailable(f"{self.issuer} publishes no {name}.")
        if self.issuer.startswith("https:") and not address.startswith("https:"):
            raise Unavailable(f"{self.issuer} publishes a {name} that is less safe than itself.")
        return address

    def forget(self) -> None:
        """Ask anew at the next need: what was said did not hold."""
        self._found = None

    async def _discovered(self) -> dict[str, Any]:
        if self._failed and self._clock() - self._failed[0] < _PAUSE:
            raise Unavailable(self._failed[1], retry_after=_PAUSE)
        try:
            return await self._discover()
        except (msgspec.MsgspecError, ProblemError) as error:
            words = error.detail if isinstance(error, ProblemError) else f"The metadata of {self.issuer} is not JSON."
            self._failed = (self._clock(), words)
            raise Unavailable(words, retry_after=_PAUSE) from error

    async def _discover(self) -> dict[str, Any]:
        parts = urlsplit(self.issuer)
        path = parts.path.rstrip("/")
        places = (
            f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
            f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
        )
        for place in places:
            try:
                metadata = msgspec.json.decode(await self.fetch(place), type=dict[str, Any])
            except NotFound:
                continue
            if metadata.get("issuer") != self.issuer:
                raise Unavailable(f"{place} speaks for another issuer: {metadata.get('issuer')}.")
            return metadata
        raise Unavailable(f"{self.issuer} publishes no metadata.")
