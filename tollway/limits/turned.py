"""Finds the callers of whom a long window has turned: each gateway fetches permits for them together before they come.

Otherwise each would wait for Redis by itself at every turn. Windows of up to ten seconds have reservations instead.
"""

from heapq import heappop, heappush

from tollway.limits.accounts import MOST, Account, Allowance
from tollway.limits.reservations import LONGEST

EVERY = 0.1
"""Seconds between two looks."""
_LONGEST = 3600
"""Seconds of the windows at whose turn it matters to wait."""
_LEAST = 100
"""The least amount of which a gateway fetches some before they are asked for: no more than a hundredth."""
_LATER = 0.001
"""The part of its window by which permits are fetched after its turn, since Redis' clock may run slower than ours."""


class Turned:
    """Looks only at the windows that have turned since the last look: there may be many thousands."""

    def __init__(self) -> None:
        self._looks: dict[int, list[tuple[Account, Allowance]]] = {}
        self._due: list[int] = []  # a heap of their numbers: of windows of an hour there are many
        self._many = 0

    def begun(self, account: Account, allowance: Allowance) -> None:
        """Look at an account again when the window of an allowance that began now has turned."""
        suits = LONGEST < allowance.seconds <= _LONGEST and allowance.amount >= _LEAST
        if suits and self._many < MOST:
            look = int((allowance.end + allowance.seconds * _LATER) / EVERY) + 1
            if look not in self._looks:
                self._looks[look] = []
                heappush(self._due, look)
            self._looks[look].append((account, allowance))
            self._many += 1

    def found(self, now: float, most: int) -> list[Account]:
        """Some accounts that used more than one permit of a window that has turned, and nothing of the next."""
        accounts = list[Account]()
        while self._due and self._due[0] * EVERY <= now and len(accounts) < most:
            turned = self._looks[self._due[0]]
            while turned and len(accounts) < most:
                account, allowance = turned.pop()
                self._many -= 1
                if allowance.end <= now and allowance.got - allowance.left > 1:
                    accounts.append(account)
            if not turned:
                del self._looks[heappop(self._due)]
        return accounts
