"""What a connection to Tryton needs to be told."""

from tollway.settings import Table


class TrytonSettings(Table):
    """A Tryton database and the login that the integration has there."""

    url: str
    """The server's base URL, without the database."""
    database: str
    """The name of the database."""
    user: str
    """The login of a user who is in the groups of what is integrated and sees all companies (`company_filter`)."""
    password: str
    """That user's password."""
    companies: dict[str, str]
    """The name of each legal entity's company in Tryton, by the legal entity's code."""
    timeout_seconds: float = 30.0
    """How long one call may take; posting an invoice takes a second or two."""
