"""What a request asks of the store of keys, and what it learns there."""

import secrets

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A request that wants to be the one that is carried out for its key."""

    id: str
    fingerprint: str
    lease: float
    """Seconds for which it holds the key, unless it is renewed."""
    keep_for: float
    """Seconds for which its final answer is kept."""
    holder: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))


class Held(msgspec.Struct, frozen=True):
    """A key that was claimed and is to be settled."""

    claim: Claim
    expires_at: float


class Earlier(msgspec.Struct, frozen=True):
    """What an earlier request with the key left behind."""

    fingerprint: str
    answer: str | None
    """None while it is under way."""
    expires_at: float
