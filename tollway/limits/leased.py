"""Limits that all gateways count together in blocks: each fetches permits from Redis and spends them by itself.

Permits are counted when they are fetched, in the window of Redis that runs then, and are void before that window turns.
So no window ever admits more than its amount, however many gateways there are; what they hold unspent is missing to the
others, which `bounds` says. Denials are kept in mind until the window turns, and permits that nobody asks for for a
second go back.
"""

import asyncio
import time
from contextlib import suppress

import msgspec

from tollway.limits.accounts import ASK, Account, Allowance
from tollway.limits.connection import SharedRates
from tollway.limits.errands import Errand, Errands
from tollway.limits.scripts import GIVE_BACK, LEASE
from tollway.problems import Unavailable

_SHARE = 10
"""A block is at most this part of the amount."""
_DRIFT = 0.0005
"""How much faster Redis' clock may run than ours: what NTP may slew, and far beyond what clocks do by themselves."""
_IDLE = 1.0
_AT_ONCE = 200
_TOGETHER = 100
"""Accounts of an errand, which Redis does nothing else beside."""
_FAST, _SLOW = 0.25, 2.0
"""Seconds: a block that was spent in less doubles the next one, and one that took longer halves it."""


class Bounds(msgspec.Struct, frozen=True):
    """How many requests a window admits of a caller that asks for more than its amount, at every gateway."""

    least: int
    most: int


def bounds(amount: int, gateways: int, lease: int) -> Bounds:
    """What leases of at most `lease` permits make of a limit; the published promise, of each window of Redis."""
    block = largest_block(amount, lease)
    return Bounds(max(0, amount - (gateways - 1) * (block + _low(block))), amount)


def largest_block(amount: int, lease: int) -> int:
    """How many permits of a window are fetched at a time, at most, beyond those that requests are waiting for."""
    return max(1, min(lease, amount // _SHARE))


def _low(block: int) -> int:
    """How many are left when the next block is fetched."""
    return block // 4


class Leased:
    """Fixed windows in Redis, of which this gateway holds permits."""

    def __init__(self, shared: SharedRates) -> None:
        self.allowances: dict[tuple[str, int], Allowance] = {}
        self.clock = time.monotonic
        self._shared = shared
        self._errands = Errands(self._fetch, _TOGETHER)
        self._looking: asyncio.Task[None] | None = None
        shared.leaving(self._leave)

    def take(self, account: Account, now: float) -> Allowance | None:
        """Admit one more by the permits in hand, or answer the allowance that is known to refuse it, or ASK."""
        few = False
        for allowance in account.allowances:
            left = allowance.left
            if now < allowance.end:
                if left > 0:
                    allowance.left = left - 1
                    if left == allowance.low:
                        few = True
                    continue
                if allowance.spare <= 0:
                    return allowance
            return _undone(account, allowance, now)
        if few:
            self._refill(account)
        return None

    async def ask(self, account: Account) -> Allowance | None:
        """Admit one more, or answer the allowance that refuses it; raises Unavailable."""
        account.waiting += 1
        try:
            while (full := self.take(account, self.clock())) is ASK:
                self._shared.check()
                await self._refill(account).answered()
        finally:
            account.waiting -= 1
        return full

    def _refill(self, account: Account) -> Errand[Account]:
        """The errand on which Redis is asked about an account: one at a time, with all others that are due."""
        errand = account.errand
        if errand is None:
            errand = account.errand = self._errands.join(account)
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
        return errand

    async def _fetch(self, accounts: list[Account]) -> None:
        """Fetch what each account wants in one go; raises Unavailable."""
        began = self.clock()
        keys, arguments, fetched = list[str](), list[int](), list[tuple[Allowance, int]]()
        try:
            for account in accounts:
                before = len(keys)
                keys += account.keys
                for allowance, (key, seconds, amount) in zip(account.allowances, account.arguments, strict=True):
                    more = _wanted(allowance, account.waiting, began)
                    allowance.asked += more
                    fetched.append((allowance, more))
                    arguments += (before + key, seconds, amount, more)
            at, *states = await self._shared.run(LEASE, keys, (" ".join(map(str, arguments)),))
        finally:
            for account in accounts:
                account.errand = None
            for allowance, more in fetched:
                allowance.asked -= more
        now, wall = self.clock(), time.time()
        for (allowance, _), granted, used, turn in zip(fetched, states[::3], states[1::3], states[2::3], strict=True):
            if turn >= allowance.turn:  # what a slower answer grants of a window that is over is void
                self._grant(allowance, granted, used, turn)
                runs = max(0, turn - at) / 1000
                allowance.ends(now, runs, wall)
                allowance.end = began + runs * (1 - _DRIFT)  # before Redis turns it, whatever the answer took

    def _grant(self, allowance: Allowance, granted: int, used: int, turn: int) -> None:
        now = self.clock()
        if turn > allowance.turn:
            allowance.turn, allowance.left = turn, 0
        allowance.left += granted
        allowance.spare = max(0, allowance.amount - used)
        if granted:
            lasted = now - allowance.since
            if lasted < _FAST:
                allowance.block = min(allowance.block * 2, largest_block(allowance.amount, self._shared.lease))
            elif lasted > _SLOW:
                allowance.block = max(1, allowance.block // 2)
            allowance.since, allowance.seen = now, -1
        allowance.low = _low(allowance.block) or -1

    async def _look(self) -> None:
        """Give back, again and again, what nobody has asked for since the last look."""
        while True:
            await asyncio.sleep(_IDLE)
            now, idle = self.clock(), []
            for allowance in self.allowances.values():
                if allowance.left > 0 and now < allowance.end:
                    if allowance.left == allowance.seen:
                        idle.append(allowance)
                    allowance.seen = allowance.left
            await self._give_back(idle)

    async def _give_back(self, idle: list[Allowance]) -> None:
        """What is not known to have arrived is not sent again: permits may be lost, never doubled."""
        for start in range(0, len(idle), _AT_ONCE):
            keys, arguments = [], []
            for allowance in idle[start : start + _AT_ONCE]:
                keys.append(allowance.key)
                arguments += [allowance.seconds, allowance.turn, allowance.left]
                allowance.spare += allowance.left
                allowance.left = 0
                allowance.block = max(1, allowance.block // 2)
            with suppress(Unavailable):
                await self._shared.run(GIVE_BACK, keys, arguments)

    async def _leave(self) -> None:
        if self._looking:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        await self._give_back([each for each in self.allowances.values() if each.left > 0])


def _wanted(allowance: Allowance, waiting: int, now: float) -> int:
    """How many to fetch: none while there are enough."""
    left = allowance.left if now < allowance.end else 0
    if left > max(allowance.low, 0):
        return 0
    return max(0, max(allowance.block, waiting - left) - allowance.asked)


def _undone(account: Account, unknown: Allowance, now: float) -> Allowance:
    """ASK, with what was taken before `unknown` put back; or the later one that refuses anyway, as it is known to.

    What such a refusal uses up of those before it is owed, so that nobody has to be asked for it.
    """
    place = account.allowances.index(unknown)
    for later, full in enumerate(account.allowances[place + 1 :], place + 1):
        if now < full.end and full.left <= 0 >= full.spare:
            for owed in account.allowances[place:later]:
                owed.left -= 1
            return full
    for taken in account.allowances[:place]:
        taken.left += 1
    return ASK
