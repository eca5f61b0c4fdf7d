"""What a quota and where it is counted say to one another."""

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec

from tollway.quota.heard import Heard
from tollway.quota.settings import QuotaSettings

PROBE_SECONDS = 90.0
"""How long a call that tries an account again may take; then, its worker may have died, another one tries."""
ROOM = 1_000_000_000
"""Stands for any number of calls."""


class Ended(enum.IntEnum):
    """How a call ended, as far as it says whether the platform works."""

    ANSWERED = 0
    FAILED = 1
    ABANDONED = 2
    """Nobody can tell."""


class Gate(enum.IntEnum):
    """What keeps calls from being sent, from the least to the gravest."""

    NONE = 0
    FULL = 1
    """As many are under way as may be."""
    RATE = 2
    """As many were sent as may be in the time."""
    PAUSED = 3
    """The platform asked to be left alone."""
    DAILY = 4
    """The calls of 24 hours are used up."""
    FAILING = 5
    """The circuit is open."""


CLOSED = (Gate.DAILY, Gate.FAILING)
"""Those for which nobody waits."""


class Ticket(msgspec.Struct, frozen=True):
    """A call that waits for its turn."""

    id: str
    waited: float
    """Seconds."""
    handicap: float
    """Seconds by which those of the highest priority may come later and still go first."""


class Note(msgspec.Struct, frozen=True):
    """What a call that has ended tells."""

    ended: Ended
    probe: bool
    heard: Heard


class Exchange(msgspec.Struct, frozen=True):
    """What a worker tells of its calls, and asks for."""

    running: int
    """Its calls that are under way."""
    notes: Sequence[Note] = ()
    tickets: Sequence[Ticket] = ()
    """The calls that wait, the next one first."""
    gone: Sequence[str] = ()
    """Tickets of calls that wait no longer."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: which calls may be sent, and how the account stands."""

    gate: Gate = Gate.NONE
    wait: float = 0.0
    """Seconds until asking again is of use."""
    granted: Sequence[int] = ()
    """The places of the tickets whose calls are to be sent."""
    probe: bool = False
    """Whether the one that was granted tries an account that was left alone."""
    workers: int = 1
    """Workers that used the account of late."""
    running: int = 0
    """Calls of all workers that are under way."""
    concurrency: int = 0
    """How many may be; 0 when nobody knows of a limit."""
    used: int = 0
    allowed: int = 0
    """Calls of 24 hours; 0 where the platform counts none."""


class Book(Protocol):
    """Somewhere that a quota is counted."""

    async def exchange(self, asked: Exchange) -> Standing:
        """Take note, and answer which of the tickets are granted; raises Unavailable when nobody can tell."""
        ...


def concurrency(settings: QuotaSettings, told: int) -> int:
    """The calls at once, of which the platform told `told` or 0 for nothing; 0 for no limit."""
    known = told or (settings.concurrency or settings.assumed_concurrency or 0)
    return min(known, settings.concurrency) if settings.concurrency else known
