"""Money: an exact amount and its ISO 4217 currency."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Self

import iso4217
import msgspec

from tollway.canonical.record import Record, fitting

CurrencyCode = Annotated[str, fitting("[A-Z]{3}", min_length=3, max_length=3, description="ISO 4217 currency code.")]
MOST_DIGITS = 15
"""How many digits an amount or a quantity has before its point at most."""
MOST_DECIMALS = 10
"""How many digits it has behind its point at most."""
_PATTERN = rf"-?[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,{MOST_DECIMALS}}})?"
_PLAIN = re.compile(_PATTERN).fullmatch
Quantity = Annotated[
    Decimal,
    msgspec.Meta(
        description="An exact decimal number, written as a string.",
        extra_json_schema={
            "pattern": f"^{_PATTERN}$",
            "maxLength": len("-.") + MOST_DIGITS + MOST_DECIMALS,
        },
    ),
]

_EXPONENTS = {currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None}


def exponent(currency: str) -> int:
    """How many decimal places the currency is counted in; raises ValueError when there is no such currency."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency") from None


def exact(number: Decimal) -> Decimal:
    """The number itself; raises ValueError for NaN, the infinities and what plain digits do not write on the wire."""
    if not _PLAIN(str(number)):
        raise ValueError(
            f"{number} is not a number of at most {MOST_DIGITS} digits before the point and {MOST_DECIMALS} behind it"
        )
    return number


class Money(Record):
    """An amount in a currency; never a float, never NaN, and only ever added to its own currency."""

    amount: Quantity
    currency: CurrencyCode

    def __post_init__(self) -> None:
        exact(self.amount)
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(amount=self.amount + self._same(other).amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(amount=self.amount - self._same(other).amount, currency=self.currency)

    def times(self, quantity: Decimal) -> "Money":
        """The amount for a quantity, rounded to the currency's smallest unit."""
        return Money(amount=_rounded(self.amount * quantity, self.currency), currency=self.currency)

    def rounded(self) -> "Money":
        """The amount in the currency's smallest unit, halves away from zero."""
        return Money(amount=_rounded(self.amount, self.currency), currency=self.currency)

    def split(self, parts: int) -> list["Money"]:
        """Divide into `parts` that differ by at most the smallest unit and sum to exactly this amount."""
        if parts < 1:
            raise ValueError("an amount is split into one part or more")
        unit = Decimal(1).scaleb(-exponent(self.currency))
        units, remainder = divmod(abs(self.rounded().amount) / unit, parts)
        sign = -1 if self.amount < 0 else 1
        shares = [units + (1 if index < remainder else 0) for index in range(parts)]
        return [Money(amount=sign * share * unit, currency=self.currency).rounded() for share in shares]

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Nothing, in a currency."""
        return cls(amount=Decimal(0).scaleb(-exponent(currency)), currency=currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency}")
        return other


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts, all in `currency`; zero when there are none."""
    return sum(amounts, start=Money.zero(currency))
