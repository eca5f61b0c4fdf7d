"""Caps of requests in flight: slots that a request takes when it comes and leaves when its answer has ended."""

from collections.abc import Hashable, Iterable, Sequence
from math import inf
from typing import Protocol

import msgspec

PREFIX = "tollway:in_flight"
"""Begins the key of a subject's slots."""
KEPT = 16_384
"""Callers that are kept in mind although they have nothing in flight."""


class Slots(msgspec.Struct, eq=False, gc=False):
    """What one subject has in flight here, and may have."""

    key: str
    most: int
    used: int = 0
    peak: int = 0
    """The most that was in flight since the lease was last renewed."""
    held: int = 0
    """How many may be in flight here."""
    end: float = 0.0
    """When the lease of them ends, by `time.monotonic()`."""
    again: float = 0.0
    """When it is worth asking for more."""
    came: bool = False
    """Whether the only slot was used since it was leased, as far as somebody has looked."""


class Capping(Protocol):
    """Somewhere that slots are had from; it outlives a reload of the routes."""

    slots: dict[str, Slots]

    def make(self, slots: Slots) -> None:
        """Begin with slots that nobody has in mind yet, or whose cap has changed."""
        ...

    async def more(self, wanting: Sequence[Slots]) -> None:
        """Try to have a free slot of each; raises Unavailable when that cannot be told."""
        ...

    def idle(self, slots: Slots) -> bool:
        """Whether nothing is lost when the slots are forgotten."""
        ...


class Local:
    """Caps that hold for this process."""

    def __init__(self) -> None:
        self.slots: dict[str, Slots] = {}

    def make(self, slots: Slots) -> None:
        """All of them are ours for good."""
        slots.held, slots.end = slots.most, inf

    async def more(self, wanting: Sequence[Slots]) -> None:
        """There are no more."""

    def idle(self, slots: Slots) -> bool:
        """Whether none is in use."""
        return not slots.used


class Seats:
    """The slots that count for each caller, which are forgotten when they are not in use."""

    def __init__(self, capping: Capping, prefix: str) -> None:
        self.known: dict[Hashable, tuple[Slots, ...]] = {}
        self._capping = capping
        self._prefix = f"{PREFIX}:{prefix}"
        self._look_at = KEPT

    def open(self, key: Hashable, caps: Iterable[tuple[str, str, int]]) -> tuple[Slots, ...]:
        """The slots that `key` finds from now on; each cap comes with its scope and its subject."""
        if len(self.known) >= self._look_at:
            self._forget()
        strictest: dict[str, int] = {}
        for scope, subject, most in caps:
            place = f"{self._prefix}:{scope}:{subject}"
            strictest[place] = min(most, strictest.get(place, most))
        found = self.known[key] = tuple(self._slots(place, most) for place, most in strictest.items())
        return found

    def _slots(self, key: str, most: int) -> Slots:
        slots = self._capping.slots.get(key)
        if slots is None:
            slots = self._capping.slots[key] = Slots(key, most)
            self._capping.make(slots)
        elif slots.most != most:
            slots.most = most
            self._capping.make(slots)
        return slots

    def _forget(self) -> None:
        idle = self._capping.idle
        kept = {key: slots for key, slots in self.known.items() if not all(idle(each) for each in slots)}
        self.known.clear()
        self.known.update(kept)
        used = {each.key for slots in kept.values() for each in slots}
        for key, slots in list(self._capping.slots.items()):
            if key not in used and idle(slots):
                del self._capping.slots[key]
        self._look_at = max(KEPT, 2 * len(kept))
