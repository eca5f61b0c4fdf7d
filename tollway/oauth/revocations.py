"""Tokens that were revoked before they expire, by issuer and `jti`."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tollway.problems import Unavailable

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.oauth.shared_state import SharedState

EVERY_SECONDS = 2.0
"""How often the list that gateways share is looked at: after so long a revoked token is taken nowhere any more."""


LONGEST_LEEWAY = 300
"""Seconds by which clocks may differ at most: so long after its end a token may still be taken."""


class Revocations:
    """The revoked tokens: this process's own and, where gateways share a Redis, those revoked anywhere.

    Here a revocation takes effect at once, at other gateways after EVERY_SECONDS and as long as Redis takes to answer.
    While Redis is away what is known stays revoked, and what is new is heard when it is back.
    """

    def __init__(self, shared: "SharedState | None" = None, clock: Callable[[], float] = time.time) -> None:
        self.on_revoked: list[Callable[[set[tuple[str, str]]], None]] = []
        """What is called with issuer and `jti` of the tokens that turn out to be revoked."""
        self._shared = shared
        self._clock = clock
        self._revoked: dict[str, float] = {}
        self._changes: str | None = None
        self._polling: asyncio.Task[None] | None = None

    def __contains__(self, token: tuple[str, str]) -> bool:
        return _name(*token) in self._revoked

    async def revoke(self, issuer: str, token_id: str, expires: float) -> None:
        """Take the token no more, here and at every gateway; raises Unavailable when the others cannot be told."""
        self._add({_name(issuer, token_id): expires})
        if self._shared:
            await self._shared.revoke(_name(issuer, token_id), expires)

    async def refresh(self) -> None:
        """Learn what was revoked elsewhere; raises Unavailable."""
        if self._shared:
            changes = await self._shared.changes()
            if changes != self._changes:
                self._add(dict(await self._shared.revoked()))
                self._changes = changes

    async def start(self) -> None:
        """Learn what was revoked, and go on learning until `close`."""
        if self._shared:
            with contextlib.suppress(Unavailable):
                await self.refresh()
            self._polling = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Learn no more."""
        if self._polling:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            with contextlib.suppress(Unavailable):  # told once by what found it away
                await self.refresh()

    def _add(self, revoked: dict[str, float]) -> None:
        now = self._clock()
        new = revoked.keys() - self._revoked.keys()
        known = {**self._revoked, **revoked}
        self._revoked = {name: expires for name, expires in known.items() if expires + LONGEST_LEEWAY > now}
        if new:
            tokens = {(issuer, token_id) for issuer, _, token_id in (name.partition(" ") for name in new)}
            for forget in self.on_revoked:
                forget(tokens)


def _name(issuer: str, token_id: str) -> str:
    return f"{issuer} {token_id}"
