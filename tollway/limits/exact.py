"""Limits that all gateways count together, exactly: each request asks Redis once."""

import time

from tollway.limits.accounts import ASK, Account, Allowance
from tollway.limits.connection import SharedRates
from tollway.limits.scripts import TAKE


class Exact:
    """Fixed windows in Redis, all those of a request in one atomic script, at Redis' time."""

    def __init__(self, shared: SharedRates) -> None:
        self.allowances: dict[tuple[str, int], Allowance] = {}
        self.clock = time.monotonic
        self._shared = shared

    def take(self, account: Account, now: float) -> Allowance | None:  # noqa: ARG002 - as every Counting
        """Only Redis can tell, unless there is nothing to count."""
        return ASK if account.allowances else None

    async def ask(self, account: Account) -> Allowance | None:
        """Admit one more, or answer the allowance that refuses it; raises Unavailable."""
        flat = [value for window in account.arguments for value in window]
        at, refused, *states = await self._shared.run_together(TAKE, account.keys, flat)
        now, wall = self.clock(), time.time()
        for allowance, used, turn in zip(account.allowances, states[::2], states[1::2], strict=True):
            allowance.turn = turn
            allowance.left = max(0, allowance.amount - used)
            allowance.ends(now, max(0, turn - at) / 1000, wall)
        return account.allowances[refused - 1] if refused else None
