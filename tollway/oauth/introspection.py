"""What an issuer says of an opaque token when it is asked (RFC 7662)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from tollway.oauth.metadata import IssuerMetadata
from tollway.problems import NotFound, Unavailable

Post = Callable[[str, Mapping[str, str], str, str], Awaitable[bytes]]
"""Sends a form to a URL as a client with its secret; raises NotFound or Unavailable when nobody answers it."""
_AWAY = "The token's issuer cannot be asked about it at present."
_AT_ONCE = 20
_MOST_WAITING = 1000


class Introspection:
    """Asks one issuer, as the client that it knows us by, about a bounded number of tokens at a time."""

    def __init__(self, metadata: IssuerMetadata, post: Post, client_id: str, client_secret: str) -> None:
        self._metadata = metadata
        self._post = post
        self._client_id, self._client_secret = client_id, client_secret
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def claims(self, token: str) -> dict[str, Any] | None:
        """What the issuer says of the token; None when it is not an active token of its own. Raises Unavailable."""
        if self._waiting >= _MOST_WAITING:  # a slow issuer and a flood of tokens take no more memory than this
            raise Unavailable(_AWAY, retry_after=1)
        self._waiting += 1
        try:
            async with self._turns:
                claims = await self._answer(token)
        finally:
            self._waiting -= 1
        return claims if claims.get("active") is True else None

    async def _answer(self, token: str) -> dict[str, Any]:
        form = {"token": token, "token_type_hint": "access_token"}
        address = await self._metadata.address("introspection_endpoint")
        try:
            content = await self._post(address, form, self._client_id, self._client_secret)
            return msgspec.json.decode(content, type=dict[str, Any])
        except (NotFound, msgspec.MsgspecError) as error:
            self._metadata.forget()
            raise Unavailable(_AWAY, retry_after=1) from error
