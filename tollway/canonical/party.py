"""Who and where: the parts that accounts and customers are described with."""

from typing import Annotated

import msgspec

from tollway.canonical.record import Record

CountryCode = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 country code.")]


class Address(Record):
    """A postal address; an empty part is not known."""

    street: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""
    """State, province or county, as the post writes it."""
    country: CountryCode | None = None
