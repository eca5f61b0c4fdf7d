"""Caps of requests in flight, whose slots all gateways lease together from Redis.

A gateway leases a few slots of a subject, counts by itself what is in flight there, and renews or returns its slots
again and again. Those of a gateway that dies come free when their lease ends, and so does the one that is left to it of
a caller who comes now and then, when he did not come while it was leased.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from tollway.limits.connection import DRIFT, TICK, Script, SharedRates
from tollway.limits.errands import Errands
from tollway.limits.in_flight import Slots
from tollway.problems import Unavailable

LEASE_SECONDS = 15.0
"""How long the slots of a gateway stay taken after it was last heard of."""
_RENEWALS = 5
"""How often a lease is renewed before it would end."""
_SHARE = 10
_AMPLE = 20
"""The least cap of which a gateway keeps a slot that nobody uses."""
_LONE = 4
"""How many times as long one slot of such a cap is leased: for callers that come now and then Redis is rarely asked."""
_AT_ONCE = 200
_DENIED = 0.1
"""Seconds for which nobody asks again for what was not there."""

HOLD = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gateway = ARGV[1]
local answer = {}
for i, key in ipairs(KEYS) do
  local most, wanted, life = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1])
  local others, last, fields = 0, now + life, redis.call('HGETALL', key)
  for place = 1, #fields, 2 do
    local count, turn = string.match(fields[place + 1], '(%d+):(%d+)')
    if tonumber(turn) <= now then
      redis.call('HDEL', key, fields[place])
    elseif fields[place] ~= gateway then
      others = others + count
      last = math.max(last, tonumber(turn))
    end
  end
  local held = math.max(0, math.min(wanted, most - others))
  if held > 0 then
    redis.call('HSET', key, gateway, held .. ':' .. (now + life))
    redis.call('PEXPIREAT', key, last)
  else
    redis.call('HDEL', key, gateway)
  end
  answer[i] = held
end
return table.concat(answer, ' ')
""")
"""Leases slots, in the place of what the gateway had. For each key the cap, how many are wanted in all, and for how
many milliseconds. Answers how many are held, as words of one string."""


class SharedSlots:
    """Caps that hold for all gateways together."""

    def __init__(self, shared: SharedRates, lease: float = LEASE_SECONDS) -> None:
        self.slots: dict[str, Slots] = {}
        self._shared = shared
        self._lease = lease
        self._gateway = secrets.token_hex(8)
        self._renewing: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._errands = Errands(self._lease_more, _AT_ONCE)
        shared.leaving(self._leave)

    def make(self, slots: Slots) -> None:
        """None is ours before Redis was asked."""

    async def more(self, wanting: Sequence[Slots]) -> None:
        """Lease a few more than are in use where none is free, until one is or the cap is reached."""
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())
        for each in wanting:
            each.peak = max(each.peak, each.used + 1)
        began = time.monotonic()
        while True:
            await self._errands.join(wanting).answered()
            lacking = [each for each in wanting if each.used >= each.held or time.monotonic() >= each.end]
            if not lacking or any(each.again > began for each in lacking):
                return  # otherwise those who came meanwhile have taken what was leased

    async def _lease_more(self, wanting: list[Sequence[Slots]]) -> None:
        """Lease what several requests want, in one go."""
        counted = Counter(each for one in wanting for each in one)
        async with self._turn:
            now = time.monotonic()
            short = {
                each: count
                for each, count in counted.items()
                if now >= each.end or (each.used + count > each.held and now >= each.again)
            }
            if short:
                wanted = {each: each.used + count for each, count in short.items()}
                await self._hold([(each, each.used + _more(each, count)) for each, count in short.items()])
                for each, count in wanted.items():
                    if each.held < count:
                        each.again = time.monotonic() + _DENIED

    def idle(self, slots: Slots) -> bool:
        """Whether none is in use, and was since the last look."""
        return not slots.used and not slots.peak

    async def _renew(self) -> None:
        """Keep what was in use of late, and give the rest to others."""
        while True:
            await asyncio.sleep(self._lease / _RENEWALS)
            await self._keep([each for each in self.slots.values() if self._due(each, time.monotonic())])

    def _due(self, slots: Slots, now: float) -> bool:
        """Whether a lease has to be renewed or returned, which that of one slot of a large cap can wait for."""
        if slots.most >= _AMPLE and max(slots.held, slots.used, slots.peak) <= 1:
            slots.came = slots.came or slots.peak > 0
            slots.peak = slots.used
            return slots.came and slots.end - now < 2 * self._lease / _RENEWALS
        return bool(slots.held or slots.used or slots.peak)

    async def _keep(self, kept: list[Slots]) -> None:
        for start in range(0, len(kept), _AT_ONCE):
            async with self._turn:
                wanted = [(each, max(each.used, each.peak, int(each.came))) for each in kept[start : start + _AT_ONCE]]
                for each, count in wanted:  # before Redis knows, since its answer may be lost
                    each.held, each.peak, each.came = min(each.held, count), each.used, False
                with suppress(Unavailable):
                    await self._hold(wanted)

    async def _hold(self, wanted: list[tuple[Slots, int]]) -> None:
        """One at a time, so that what Redis did last is what we know."""
        arguments: list[object] = [self._gateway]
        for each, count in wanted:
            arguments += [each.most, count, int(self._life(each, count) * 1000)]
        began = time.monotonic()
        held = await self._shared.run(HOLD, [each.key for each, _ in wanted], arguments)
        for (each, asked), count in zip(wanted, held, strict=True):
            each.held, each.end = count, began + (self._life(each, asked) - TICK) * (1 - DRIFT)

    def _life(self, slots: Slots, count: int) -> float:
        """For how many seconds as many slots are leased."""
        return self._lease * (_LONE if count == 1 and slots.most >= _AMPLE else 1)

    async def _leave(self) -> None:
        if self._renewing:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
        with suppress(Unavailable):
            await self._hold([(each, 0) for each in self.slots.values() if each.held])


def _more(slots: Slots, count: int) -> int:
    """How many to have free for as many requests: a few more, where others are in flight."""
    return max(count, slots.most // _SHARE) if slots.used else count
