"""Which DPoP proofs were seen, so that each is good once: in bounded memory, and in a Redis that gateways share."""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from tollway.problems import Unavailable

if TYPE_CHECKING:  # Redis' library is loaded where a Redis is configured
    from tollway.oauth.shared_state import SharedState

KEEP_SECONDS = 120
"""How long a proof is kept in mind: twice the window in which it could be shown again."""


class Replays(Protocol):
    """Remembers proofs."""

    async def first(self, proof: str, made_at: float) -> bool:
        """Whether the proof, made at this time by its own account, is seen for the first time."""
        ...


class RememberedReplays:
    """The proofs that this process saw, in two generations of `most` proofs or KEEP_SECONDS, whichever is over first.

    A flood shortens a generation. With the older one every proof is forgotten that was made no later than its newest,
    so that the window shrinks but no proof is ever taken twice.
    """

    def __init__(self, clock: Callable[[], float] = time.time, most: int = 100_000) -> None:
        self._clock = clock
        self._most = most
        self._before: set[bytes] = set()
        self._seen: set[bytes] = set()
        self._since = clock()
        self._newest_before = self._newest = self._forgotten_until = float("-inf")

    async def first(self, proof: str, made_at: float) -> bool:
        """Whether the proof is seen for the first time; also False when it is too old to tell."""
        self._make_room()
        digest = hashlib.blake2b(proof.encode(), digest_size=16).digest()
        if digest in self._seen or digest in self._before or made_at <= self._forgotten_until:
            return False
        self._seen.add(digest)
        self._newest = max(self._newest, made_at)
        return True

    def _make_room(self) -> None:
        now = self._clock()
        if len(self._seen) >= self._most or now - self._since >= KEEP_SECONDS:
            self._forgotten_until = max(self._forgotten_until, self._newest_before)
            self._before, self._seen = self._seen, set()
            self._newest_before, self._newest, self._since = self._newest, float("-inf"), now


class SharedReplays:
    """The proofs that any gateway saw; while Redis is away, those that this one did."""

    def __init__(self, state: "SharedState", own: RememberedReplays) -> None:
        self._state = state
        self._own = own

    async def first(self, proof: str, made_at: float) -> bool:
        """Whether the proof is seen for the first time, here and, while Redis answers, at any gateway."""
        if not await self._own.first(proof, made_at):
            return False
        digest = hashlib.sha256(proof.encode()).hexdigest()
        try:
            return await self._state.claim(f"tollway:dpop:{digest}", KEEP_SECONDS)
        except Unavailable:
            return True
