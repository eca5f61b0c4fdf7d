"""Arithmetic on amounts: decimal, rounded half up to what the currency has."""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
CENT = Decimal("0.01")
"""The smallest unit of every currency of the account (USD, GBP, EUR have two decimal places)."""


def amount(value: Decimal | str | None) -> Decimal:
    """An amount in whole cents; nothing counts as zero."""
    return Decimal(value or 0).quantize(CENT, ROUND_HALF_UP)


def share(base: Decimal, percent: Decimal | str) -> Decimal:
    """`percent` per cent of an amount, rounded to the cent."""
    return amount(base * Decimal(percent) / _HUNDRED)
