"""Money is exact: no cent is lost or made, whatever is done to it."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollway.canonical.money import Money, exponent, total
from tollway.canonical.work import BillableItem, WorkKind

CURRENCIES = st.sampled_from(["USD", "GBP", "JPY", "KWD", "CLF"])
AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
MONEY = st.builds(Money, amount=AMOUNTS, currency=CURRENCIES)


@given(MONEY, st.integers(1, 120))
def test_a_split_loses_nothing(money, parts):
    """The parts add up to the rounded amount and differ by the smallest unit at most."""
    shares = money.split(parts)
    unit = Decimal(1).scaleb(-exponent(money.currency))
    assert len(shares) == parts
    assert total(shares, money.currency) == money.rounded()
    assert max(share.amount for share in shares) - min(share.amount for share in shares) <= unit
    assert all(share == share.rounded() for share in shares)


@given(st.lists(AMOUNTS), CURRENCIES)
def test_a_sum_is_the_sum_of_its_amounts(amounts, currency):
    """Adding money is adding its amounts, and subtracting undoes it; the sum of nothing is zero."""
    money = [Money(amount=amount, currency=currency) for amount in amounts]
    assert total(money, currency).amount == sum(amounts, Decimal(0))
    assert (total(money, currency) - total(money, currency)).amount == 0


@given(MONEY)
def test_money_survives_the_wire(money):
    """What is sent is a string of digits, and what is read back is the same money."""
    text = msgspec.json.encode(money)
    assert msgspec.json.decode(text, type=Money) == money
    assert isinstance(msgspec.json.decode(text)["amount"], str)


@pytest.mark.parametrize(
    ("price", "currency", "quantity", "expected"),
    [
        ("135.50", "GBP", "38.75", "5250.63"),
        ("0.125", "USD", "1", "0.13"),
        ("-0.125", "USD", "1", "-0.13"),
        ("0.5", "JPY", "1", "1"),
        ("1.0005", "KWD", "1", "1.001"),
    ],
)
def test_a_price_times_a_quantity_is_rounded_half_away_from_zero(price, currency, quantity, expected):
    """Rounding follows the currency's smallest unit."""
    assert str(Money(amount=Decimal(price), currency=currency).times(Decimal(quantity)).amount) == expected


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+3", "1000000000000000", "1e400"])
def test_what_is_no_plain_number_is_refused(amount):
    """Not-a-number, the infinities and numbers that the contract cannot write are no amounts and no quantities."""
    with pytest.raises(ValueError, match="not a number of at most 15 digits"):
        Money(amount=Decimal(amount), currency="USD")
    item = {"id": "I1", "kind": "time", "project_number": "P1", "description": "", "on": "2026-01-01"}
    priced = {name: {"amount": "1", "currency": "USD"} for name in ("unit_price", "amount")}
    with pytest.raises(msgspec.ValidationError, match="not a number of at most 15 digits"):
        msgspec.convert({**item, **priced, "quantity": amount}, BillableItem)
    assert msgspec.convert({**item, **priced, "quantity": "1.5"}, BillableItem).kind is WorkKind.TIME


@pytest.mark.parametrize("currency", ["XQZ", "usd", "XAU", ""])
def test_a_currency_that_is_not_counted_is_refused(currency):
    """Only ISO 4217 currencies with a smallest unit are currencies."""
    with pytest.raises(ValueError, match="is not an ISO 4217 currency"):
        Money(amount=Decimal(1), currency=currency)


def test_currencies_are_never_mixed():
    """Pounds cannot be added to or taken from dollars, nor summed with them."""
    dollar, pound = (Money(amount=Decimal(1), currency=currency) for currency in ("USD", "GBP"))
    with pytest.raises(ValueError, match="GBP cannot be added to USD"):
        dollar + pound
    with pytest.raises(ValueError, match="GBP cannot be added to USD"):
        dollar - pound
    with pytest.raises(ValueError, match="cannot be added"):
        total([dollar, pound], "USD")


@pytest.mark.parametrize("parts", [0, -1])
def test_nothing_is_split_into_no_parts(parts):
    """There is no such thing as an amount in no parts."""
    with pytest.raises(ValueError, match="one part or more"):
        Money(amount=Decimal(1), currency="USD").split(parts)
