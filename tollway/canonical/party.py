"""Who and where: the parts that accounts and customers are described with."""

from typing import Annotated

from tollway.canonical.record import FreeText, Record, fitting

CountryCode = Annotated[
    str, fitting("[A-Z]{2}", min_length=2, max_length=2, description="ISO 3166-1 alpha-2 country code.")
]


class Address(Record):
    """A postal address; an empty part is not known."""

    street: FreeText = ""
    city: FreeText = ""
    postal_code: FreeText = ""
    region: FreeText = ""
    """State, province or county, as the post writes it."""
    country: CountryCode | None = None
