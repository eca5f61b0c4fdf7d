"""What callers have left: an allowance for each window, and for each caller the account of those that hold for it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from math import ceil
from typing import Protocol

import msgspec

from tollway.limits.errands import Errand
from tollway.limits.notation import Window

Pair = tuple[bytes, bytes]
PREFIX = "tollway:rates"
"""Begins every key."""
MOST = 50_000
"""Accounts that a product keeps in mind; beyond them the oldest are forgotten, however much they have used."""
KEPT = 16_384
"""Accounts that are kept in mind although none of their windows runs."""
_MOST_IN_HAND = 256
"""Of numbers as small as this Python has one object each, however many count down from them."""


@lru_cache(1_024)
def _limit(amount: int) -> Pair:
    return b"x-ratelimit-limit", b"%d" % amount


@lru_cache(1_024)
def _reset(at: int) -> Pair:
    return b"x-ratelimit-reset", b"%d" % at


@lru_cache(1_024)
def in_hand(left: int, most: int = _MOST_IN_HAND) -> tuple[int, int]:
    """How many requests are counted down from, and how many are spare; the same objects for all who have as many."""
    return min(left, most), max(0, left - most)


class Allowance(msgspec.Struct, eq=False, gc=False, kw_only=True):
    """What one subject has left of one window.

    With many subjects, each is far from the processor when its request comes: what each request reads stands together.
    """

    left: int = 0
    """Requests that may be admitted here without asking anybody."""
    end: float = 0.0
    """Until when `left` and `spare` hold, by the clock of whoever counts."""
    spare: int = 0
    """Requests beyond `left` that nobody had taken when Redis was last asked."""
    turns: float = 0.0
    """When the window turns, by the same clock."""
    reset: Pair = (b"x-ratelimit-reset", b"0")
    limit: Pair
    until: float = 0.0
    """Before when a window of this gateway's own may begin."""
    reserved: int = 0
    """How many this gateway admits in each window of its own, without asking."""
    seconds: int
    amount: int
    low: int = -1
    """The value of `left` at which more are fetched ahead."""
    key: str
    block: int = 1
    """How many are fetched at a time."""
    asked: int = 0
    """How many are being fetched now."""
    since: float = 0.0
    """When some were fetched last."""
    seen: int = -1
    """What was left when somebody last looked whether it is used at all."""
    turn: int = 0
    """When the window turns, in milliseconds of Redis' clock; 0 in memory."""
    got: int = 0
    """How many were fetched in this window, but for those that were given back."""

    @classmethod
    def of(cls, key: str, window: Window) -> "Allowance":
        """That of a window of which nothing is known yet."""
        return cls(key=key, seconds=window.seconds, amount=window.amount, limit=_limit(window.amount))

    def resize(self, amount: int) -> None:
        """Hold to another amount from now on, from which what was used is taken off."""
        if self.end and not self.turn:
            self.left, self.spare = in_hand(max(0, self.left + self.spare + amount - self.amount))
        self.until = 0.0
        self.amount = amount
        self.limit = _limit(amount)

    def ends(self, now: float, seconds: float, wall: float) -> None:
        """Turn `seconds` after `now`, of which `wall` is the time that callers know."""
        self.end = self.turns = now + seconds
        self.reset = _reset(int(1 + wall + seconds))


class Account(msgspec.Struct, eq=False, gc=False):
    """The allowances that hold for one caller, in the order in which they are asked."""

    allowances: tuple[Allowance, ...]
    shown: Allowance | None
    """The one that slowapi's headers tell of: that of the shortest unit, unless another refuses."""
    policy: Pair
    draft: bytes
    """What the header is made of that tells what is left."""
    keys: tuple[str, ...]
    arguments: tuple[tuple[int, int, int], ...]
    """Each window as Redis is told of it: the number of its key, its seconds and its amount."""
    waiting: int = 0
    """Requests that wait for Redis' answer."""
    errand: "Errand[Account] | None" = None
    """The errand on which Redis is asked about it, when it is."""

    @classmethod
    def of(cls, allowances: Sequence[Allowance], names: Sequence[str], shown: Allowance | None) -> "Account":
        """That of these allowances, by the names of their windows."""
        policy, draft = _told(tuple(names), tuple((each.amount, each.seconds) for each in allowances))
        keys = tuple(dict.fromkeys(each.key for each in allowances))
        arguments = tuple((keys.index(each.key) + 1, each.seconds, each.amount) for each in allowances)
        return cls(tuple(allowances), shown, policy, draft, keys, arguments)

    def headers(self, now: float) -> tuple[Pair, ...]:
        """The headers of an answer to a request that was admitted just now: the IETF draft's and slowapi's."""
        shown = self.shown
        if shown is None:
            return ()
        values = []
        for each in self.allowances:
            values.append(each.left + each.spare)
            values.append(ceil(each.turns - now))
        return (
            self.policy,
            (b"ratelimit", self.draft % tuple(values)),
            shown.limit,
            (b"x-ratelimit-remaining", b"%d" % (shown.left + shown.spare)),
            shown.reset,
        )

    def refusal(self, full: Allowance, now: float) -> tuple[float, tuple[Pair, ...]]:
        """Seconds until no window is full any more, and the headers of an answer that says so for the one that is."""
        wait, values = full.turns - now, []
        for each in self.allowances:
            left = max(0, each.left + each.spare) if now < each.end else each.amount
            if left == 0:
                wait = max(wait, each.turns - now)
            values += [left, max(0, ceil(each.turns - now))]
        draft = (b"ratelimit", self.draft % tuple(values))
        return wait, (self.policy, draft, full.limit, (b"x-ratelimit-remaining", b"0"), full.reset)


class Counting(Protocol):
    """Somewhere that allowances are counted; it outlives a reload of the routes."""

    allowances: dict[tuple[str, int], Allowance]
    """Those in mind, by key and seconds."""
    clock: Callable[[], float]

    def take(self, account: Account, now: float) -> Allowance | None:
        """Admit one more, or answer the allowance that refuses it, or ASK when that cannot be told here."""
        ...

    async def ask(self, account: Account) -> Allowance | None:
        """Do so after asking whoever knows; raises Unavailable when nobody does."""
        ...


ASK = Allowance.of("", Window("", 0, 0, 0))
"""Stands for: it cannot be told without asking."""


class Accounts:
    """The accounts of one policy's callers, which are forgotten when they have nothing left to remember."""

    def __init__(self, counting: Counting, prefix: str, most: int = MOST) -> None:
        self.known: dict[Hashable, Account] = {}
        self._counting = counting
        self._prefix = prefix
        self._most = most
        self._look_at = min(KEPT, most)

    def open(self, key: Hashable, windows: Iterable[tuple[str, str, Window]]) -> Account:
        """The account that `key` finds from now on; each window comes with its scope and its subject."""
        if len(self.known) >= self._look_at:
            self._forget(self._counting.clock())
        allowances, names = [], []
        shown: tuple[int, Allowance] | None = None
        keys: dict[tuple[str, str], str] = {}
        for scope, subject, window in _strictest(windows):
            whose = keys.setdefault((scope, subject), f"{self._prefix}:{scope}:{subject}")
            allowance = self._allowance(whose, window)
            allowances.append(allowance)
            names.append(window.name if scope == "client" else f"{scope}-{window.name}")
            if shown is None or window.unit < shown[0]:
                shown = window.unit, allowance
        account = self.known[key] = Account.of(allowances, names, shown[1] if shown else None)
        return account

    def _allowance(self, key: str, window: Window) -> Allowance:
        known = self._counting.allowances
        allowance = known.get((key, window.seconds))
        if allowance is None:
            allowance = known[key, window.seconds] = Allowance.of(key, window)
        elif allowance.amount != window.amount:
            allowance.resize(window.amount)
        return allowance

    def _forget(self, now: float) -> None:
        """Drop whoever has not used anything of a window that still runs, and then the oldest of too many."""
        kept = {key: account for key, account in self.known.items() if _counts(account, now)}
        for key in list(kept)[: max(0, len(kept) - self._most * 9 // 10)]:
            del kept[key]
        self.known.clear()
        self.known.update(kept)
        used = {id(allowance) for account in kept.values() for allowance in account.allowances}
        allowances = self._counting.allowances
        crowded = len(allowances) > self._most * 4
        for place, allowance in list(allowances.items()):
            if id(allowance) not in used and (crowded or allowance.end <= now):
                del allowances[place]
        self._look_at = min(self._most, max(KEPT, 2 * len(kept)))


@lru_cache(1_024)
def _told(names: tuple[str, ...], windows: tuple[tuple[int, int], ...]) -> tuple[Pair, bytes]:
    """The header that tells what a plan allows, and the draft of the one that tells what is left of it."""
    policy = ", ".join(
        f'"{name}";q={amount};w={seconds}' for name, (amount, seconds) in zip(names, windows, strict=True)
    )
    return (b"ratelimit-policy", policy.encode()), ", ".join(f'"{name}";r=%d;t=%d' for name in names).encode()


def _counts(account: Account, now: float) -> bool:
    return account.waiting > 0 or any(each.end > now for each in account.allowances)


def _strictest(windows: Iterable[tuple[str, str, Window]]) -> list[tuple[str, str, Window]]:
    """The windows without those of the same subject and length that admit more than another."""
    kept: dict[tuple[str, str, int], Window] = {}
    for scope, subject, window in windows:
        place = scope, subject, window.seconds
        if place not in kept or window.amount < kept[place].amount:
            kept[place] = window
    return [(scope, subject, window) for (scope, subject, _), window in kept.items()]
