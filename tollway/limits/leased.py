"""Limits that all gateways count together in blocks: each fetches permits from Redis and spends them by itself.

Permits are counted when they are fetched, in the window of Redis that runs then, and are void before that window turns.
So no window ever admits more than its amount, however many gateways there are; what they hold unspent is missing to the
others, which `bounds` says. Denials are kept in mind until the window turns, and permits that nobody asks for go back,
all but a few after a second. Of slow callers a gateway has permits of each short window to come (`reservations`).
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from secrets import token_hex

from tollway.limits import blocks, reservations
from tollway.limits.accounts import ASK, Account, Allowance, in_hand
from tollway.limits.connection import DRIFT, TICK, SharedRates
from tollway.limits.errands import Errand, Errands
from tollway.limits.scripts import GIVE_BACK, LEASE
from tollway.limits.turned import EVERY, Turned
from tollway.limits.unused import Unused
from tollway.problems import Unavailable

_LOOK = 1.0
_AT_ONCE = 200
_TOGETHER = 100
"""Accounts of an errand, which Redis does nothing else beside."""


class Leased:
    """Fixed windows in Redis, of which this gateway holds permits."""

    def __init__(self, shared: SharedRates) -> None:
        self.allowances: dict[tuple[str, int], Allowance] = {}
        self.clock = time.monotonic
        self._shared = shared
        self._name = token_hex(4)
        self._errands = Errands(self._fetch, _TOGETHER)
        self._looking: Sequence[asyncio.Task[None]] = ()
        self._unused = Unused(shared.lease)
        self._turned = Turned()
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
            elif now < allowance.until:
                few = reservations.begin(allowance, now, time.time()) or few
                continue
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
            if not self._looking:
                self._looking = asyncio.create_task(self._look()), asyncio.create_task(self._fetch_ahead())
        return errand

    async def _fetch(self, accounts: list[Account]) -> None:
        """Fetch what each account wants in one go; raises Unavailable."""
        began = self.clock()
        keys, arguments, fetched = list[str](), list[int](), list[tuple[Account, Allowance, int]]()
        try:
            for account in accounts:
                before = len(keys)
                keys += account.keys
                for allowance, (key, seconds, _) in zip(account.allowances, account.arguments, strict=True):
                    wants = self._wants(allowance, account.waiting, began)
                    allowance.asked += wants[0]
                    fetched.append((account, allowance, wants[0]))
                    arguments += (before + key, seconds, allowance.amount, *wants)
            at, *states = await self._shared.run(LEASE, keys, (self._name, " ".join(map(str, arguments))))
        finally:
            for account in accounts:
                account.errand = None
            for _, allowance, more in fetched:
                allowance.asked -= more
        now, wall = self.clock(), time.time()
        answers = zip(fetched, states[::4], states[1::4], states[2::4], states[3::4], strict=True)
        for (account, allowance, _), granted, used, turn, reserved in answers:
            reservations.holds(allowance, reserved // 2, began)
            if not reserved and turn >= allowance.turn:  # what a slower answer grants of a window that is over is void
                begun = turn > allowance.turn
                self._grant(allowance, granted, used, turn)
                runs = max(0, turn - at) / 1000
                allowance.ends(now, runs, wall)
                allowance.end = began + (runs - TICK) * (1 - DRIFT)  # before Redis turns it, whatever the answer took
                if begun:
                    self._turned.begun(account, allowance)

    def _wants(self, allowance: Allowance, waiting: int, now: float) -> tuple[int, int, int]:
        """How many to fetch, how many to reserve instead, and for how long our own window has run if neither was."""
        if reservations.keeps(allowance, waiting, now):
            return 0, 2 * allowance.reserved, 0
        share = reservations.share(allowance, blocks.held(allowance.amount, self._shared.lease))
        reserve = share if reservations.suits(allowance, share, waiting, now) else 0
        if allowance.end <= now:
            allowance.got = 0
        ago = reservations.give_up(allowance, now)
        return self._wanted(allowance, waiting, now), 2 * reserve, ago

    def _wanted(self, allowance: Allowance, waiting: int, now: float) -> int:
        """How many to fetch: none while there are enough."""
        left = allowance.left if now < allowance.end else 0
        if left > max(allowance.low, 0):
            return 0
        first = blocks.first(allowance.amount, self._shared.lease)
        block = allowance.block if allowance.block > first else first - left  # what is more than that would go back
        return max(0, max(block, waiting - left) - allowance.asked)

    def _grant(self, allowance: Allowance, granted: int, used: int, turn: int) -> None:
        now = self.clock()
        if turn > allowance.turn:
            allowance.turn, allowance.left = turn, 0
        allowance.left += granted
        allowance.got += granted
        _, allowance.spare = in_hand(allowance.amount, used)
        if granted:
            lasted, amount = now - allowance.since, allowance.amount
            allowance.block = blocks.following(allowance.block, lasted, allowance.seconds, amount, self._shared.lease)
            allowance.since, allowance.seen = now, -1
            self._unused.granted(allowance)
        allowance.low = blocks.low(allowance.block) or -1

    async def _look(self) -> None:
        """Give back, again and again, what nobody has asked for since the last look."""
        while True:
            await asyncio.sleep(_LOOK)
            await self._give_back(self._unused.found(self.clock()))

    async def _fetch_ahead(self) -> None:
        """Fetch permits, again and again, for those a window of whom has turned: none before whoever waits by then."""
        while True:
            await asyncio.sleep(EVERY)
            while accounts := self._turned.found(self.clock(), _TOGETHER):
                *_, last = [self._refill(account) for account in accounts]
                with suppress(Unavailable):
                    await last.answered()

    async def _give_back(self, idle: list[tuple[Allowance, int]]) -> None:
        """What is not known to have arrived is not sent again: permits may be lost, never doubled."""
        for start in range(0, len(idle), _AT_ONCE):
            keys, arguments = [], []
            for allowance, found in idle[start : start + _AT_ONCE]:
                many = 0 if allowance.reserved else min(found, allowance.left)  # some may be used by now
                if many <= 0:
                    continue
                keys.append(allowance.key)
                arguments += [allowance.seconds, allowance.turn, many]
                allowance.spare += many
                allowance.got -= many
                allowance.left -= many
                allowance.block = blocks.halved(allowance.block, allowance.amount, self._shared.lease)
            if keys:
                with suppress(Unavailable):
                    await self._shared.run(GIVE_BACK, keys, arguments)

    async def _leave(self) -> None:
        for looking in self._looking:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
        held = [(each, each.left) for each in self.allowances.values() if each.left > 0 and not each.reserved]
        await self._give_back(held)


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
