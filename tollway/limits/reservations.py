"""Reservations: permits that a gateway has in each short window to come, so that it need not ask for slow callers.

Permits of a short window are void before a caller that comes once a second asks for the next. A reservation is counted
in every window of Redis that begins while it lasts, twice: whatever such a window's time, it touches at most two of the
gateway's own windows, which are as long and begin with the first request after the one before. So the gateway admits
half of it in each of its own. A caller that needs more gives its reservation up for permits; what it has used in the
gateway's own window is counted in the one of Redis that begins instead, with the same first request.
"""

from tollway.limits.accounts import Allowance, in_hand
from tollway.limits.connection import DRIFT

LASTS = 90.0
"""Seconds; what a gateway that died had reserved is missing for so long."""
_RENEWED = 30.0
"""Seconds before its end that a reservation is renewed, when it is used."""
_MOST = 8
LONGEST = 10
"""Seconds of the windows that are reserved in; permits of longer ones last long enough."""


def share(allowance: Allowance, held: int) -> int:
    """How many of each window of its own a gateway admits, that may hold so many unspent in one of Redis."""
    return min(_MOST, held // 2) if allowance.seconds <= LONGEST else 0


def begin(allowance: Allowance, now: float, wall: float) -> bool:
    """Admit the first request of a window of our own; answers whether the reservation is due to be renewed."""
    left, allowance.spare = in_hand(allowance.amount, allowance.reserved)
    allowance.left = left - 1
    allowance.low = -1
    allowance.ends(now, allowance.seconds * (1 + DRIFT), wall)  # no sooner than Redis would say
    return allowance.until - now < _RENEWED


def holds(allowance: Allowance, reserved: int, asked: float) -> None:
    """Note what Redis has reserved, or not; `asked`: when that was asked for, since which it lasts at least."""
    allowance.reserved = reserved
    allowance.until = asked + LASTS * (1 - DRIFT) - allowance.seconds * (1 + DRIFT) if reserved else 0.0


def keeps(allowance: Allowance, waiting: int, now: float) -> bool:
    """Whether a reservation suffices for those who wait."""
    used_up = waiting > 0 and allowance.left <= 0 and now < allowance.end
    return now < allowance.until and not used_up


def suits(allowance: Allowance, reserved: int, waiting: int, now: float) -> bool:
    """Whether as many would have sufficed in the last window, as far as is known."""
    used = allowance.got - allowance.left
    return reserved >= waiting and allowance.turn > 0 and allowance.end <= now and used <= reserved


def give_up(allowance: Allowance, now: float) -> int:
    """Use no reservation from now on; answers the milliseconds for which a window that it was used in has run."""
    if not allowance.reserved:
        return 0
    runs = now < allowance.end
    ago = allowance.seconds * (1 + DRIFT) - (allowance.end - now) if runs else 0.0
    allowance.got = allowance.reserved if runs else 0
    allowance.reserved, allowance.until, allowance.left = 0, 0.0, 0
    return int(ago * 1000)
