"""How many permits a gateway fetches at a time, and what that promises of limits that gateways count together."""

import msgspec

_SHARE = 10
"""A block is at most this part of the amount."""
_FIRST, _FIRST_SHARE = 64, 100
"""The first block is this part of the amount, but at most so many."""
_FAST, _SLOW = 0.1, 8
"""A block that was spent in less than this part of its window doubles the next one, and one that took 8 times as long
halves it."""
_FASTEST, _SLOWEST = 0.25, 10.0
"""Seconds, the least and the most of that part."""


class Bounds(msgspec.Struct, frozen=True):
    """How many requests a window admits of a caller that asks for more than its amount, at every gateway."""

    least: int
    most: int


def bounds(amount: int, gateways: int, lease: int) -> Bounds:
    """What leases of at most `lease` permits make of a limit; the published promise, of each window of Redis."""
    return Bounds(max(0, amount - (gateways - 1) * held(amount, lease)), amount)


def largest(amount: int, lease: int) -> int:
    """How many permits of a window are fetched at a time, at most, beyond those that requests are waiting for."""
    return max(1, min(lease, amount // _SHARE))


def first(amount: int, lease: int) -> int:
    """How many are fetched at a time, at least."""
    return max(1, min(lease, _FIRST, amount // _FIRST_SHARE))


def following(block: int, lasted: float, seconds: int, amount: int, lease: int) -> int:
    """How many to fetch after a block that lasted so many seconds."""
    fast = min(_SLOWEST, max(_FASTEST, seconds * _FAST))
    if lasted < fast:
        return min(block * 2, largest(amount, lease))
    return halved(block, amount, lease) if lasted > fast * _SLOW else block


def halved(block: int, amount: int, lease: int) -> int:
    """How many to fetch after one that was not needed."""
    return max(first(amount, lease), block // 2)


def low(block: int) -> int:
    """How many are left when the next block is fetched."""
    return block // 4


def held(amount: int, lease: int) -> int:
    """How many a gateway may hold that nobody uses."""
    block = largest(amount, lease)
    return block + low(block)
