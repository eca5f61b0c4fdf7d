"""The customer as finance knows it."""

import enum

from tollway.canonical.money import CurrencyCode, Money
from tollway.canonical.party import Address
from tollway.canonical.record import Code, Days, FreeText, Identifier, Many, Record, Text


class CreditStatus(enum.StrEnum):
    """Whether finance lets us deliver more to a customer before it has paid."""

    GOOD = "good"
    OVER_LIMIT = "over_limit"
    ON_HOLD = "on_hold"


class CustomerDetails(Record):
    """What a customer is to be in the ERP; `account_id` (the CRM's) is its canonical identity."""

    account_id: Identifier
    legal_entity: Code
    name: Text
    currency: CurrencyCode
    payment_days: Days
    billing_address: Address
    tax_registration: FreeText = ""
    tax_exempt: bool = False
    billing_email: FreeText = ""
    parent_account_id: FreeText = ""


class Customer(Record):
    """A customer that exists in the ERP."""

    id: Identifier
    """The ERP's own id."""
    number: FreeText
    """The number people quote."""
    name: FreeText
    legal_entity: Code
    account_id: FreeText = ""
    """The CRM account it is linked to; empty when finance made it and nobody linked it yet."""
    tax_registration: FreeText = ""
    credit: CreditStatus = CreditStatus.GOOD
    credit_limit: Money | None = None
    balance: Money | None = None


class CustomerQuery(Record):
    """How to look for a customer that may be known under another name or id."""

    legal_entity: Code
    account_id: Identifier
    name: Text
    tax_registration: FreeText = ""


class CustomerMatches(Record):
    """Customers that may be the one looked for, surest first: linked, same tax registration, same name."""

    linked: Customer | None = None
    by_tax_registration: Many[Customer] = []
    by_name: Many[Customer] = []
