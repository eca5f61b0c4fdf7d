"""What the platform's values are in canonical terms."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from tollway.canonical.money import Money, exponent
from tollway.problems import ContractDrift


def money(amount: Decimal, currency: str) -> Money:
    """An amount, written in the currency's smallest unit unless it is finer; raises ContractDrift."""
    try:
        exact = Money(amount=amount, currency=currency)
        unit = Decimal(1).scaleb(-exponent(currency))
    except ValueError as error:
        raise ContractDrift(f"Salesforce answered an amount that is none: {error}.") from error
    return exact.rounded() if amount == amount.quantize(unit) else exact


def country_code(written: str) -> str | None:
    """The ISO 3166 code of a country as people write it; None when it is empty or not recognised."""
    return _codes().get(written.strip().casefold())


@cache
def _codes() -> dict[str, str]:
    table: dict[str, list[str]] = msgspec.yaml.decode((Path(__file__).parent / "countries.yaml").read_text("utf-8"))
    return {name.casefold(): code for code, names in table.items() for name in (code, *names)}
