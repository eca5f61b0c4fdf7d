"""Limits that are counted in this process's memory: exact for this process, gone when it ends."""

from collections.abc import Callable

from tollway.limits.accounts import Account, Allowance, in_hand


class Memory:
    """Fixed windows, as slowapi counts by default: each begins with the first request after the one before."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is the time that callers know."""
        self.allowances: dict[tuple[str, int], Allowance] = {}
        self.clock = clock

    def take(self, account: Account, now: float) -> Allowance | None:
        """Admit one more, or answer the allowance that refuses it."""
        for allowance in account.allowances:
            left = allowance.left
            if now >= allowance.end:
                left, allowance.spare = in_hand(allowance.amount)
                allowance.ends(now, allowance.seconds, now)
            elif left <= 0:
                if allowance.spare <= 0:
                    return allowance
                left, allowance.spare = in_hand(allowance.spare)
            allowance.left = left - 1
        return None

    async def ask(self, account: Account) -> Allowance | None:
        """Nobody else knows more than this process's memory."""
        return self.take(account, self.clock())
