"""The shapes that Tryton's models are written and read in, under Tryton's own names.

Source: the fields of trytond's modules party, account_credit_limit, project, project_revenue and account_invoice. Other
records are named by their id. A field that ends in a dot holds what was read by a path through a relation.
"""

import datetime as dt
from decimal import Decimal
from typing import Any, get_args

import msgspec

_AS_THEY_ARE = (Decimal, dt.date, dt.datetime)
Links = list[Any]
"""What to do with the records of a list, such as `["create", […]]`."""


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is written; a field that is None is left as it is."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is read."""

    id: int


def values(body: Body) -> dict[str, Any]:
    """What is written as Tryton takes it."""
    return msgspec.to_builtins(body, builtin_types=_AS_THEY_ARE)  # type: ignore[no-any-return]


def paths(kind: type[Shown]) -> list[str]:
    """The field paths to ask for, so that the answer is of this kind."""
    asked = []
    for field in msgspec.structs.fields(kind):
        parts = (*get_args(field.type), field.type)
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, Shown)), None)
        asked += [f"{field.encode_name}{path}" for path in paths(inner)] if inner else [field.encode_name]
    return asked


def create(*bodies: Body) -> Links:
    """New records in a list."""
    return [["create", [values(body) for body in bodies]]] if bodies else []


class IdentifierBody(Body, frozen=True, kw_only=True):
    """A number that a party is known by; only typed ones are checked, and printed as tax registration."""

    type: str | None
    code: str


class ContactBody(Body, frozen=True, kw_only=True):
    """A way to reach a party."""

    type: str
    value: str


class AddressBody(Body, frozen=True, kw_only=True):
    """A postal address."""

    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: int | None = None
    subdivision: int | None = None
    invoice: bool


class PartyTerms(Body, frozen=True, kw_only=True):
    """What a party may lack that another company made: tax rules are each company's own."""

    customer_payment_term: int | None = None
    customer_tax_rule: int | None = None


class PartyBody(PartyTerms, frozen=True, kw_only=True):
    """A new party."""

    name: str
    code: str
    identifiers: Links
    addresses: Links
    contact_mechanisms: Links


class PartyLink(Body, frozen=True, kw_only=True):
    """What linking writes of a party."""

    identifiers: Links


class WorkBody(Body, frozen=True, kw_only=True):
    """A project, or a task of one."""

    type: str | None = None
    company: int | None = None
    name: str | None = None
    comment: str | None = None
    party: int | None = None
    product: int | None = None
    list_price: Decimal | None = None
    sequence: int | None = None
    progress: float | None = None
    status: int | None = None
    children: Links = []


class LineBody(Body, frozen=True, kw_only=True):
    """A line of an invoice."""

    type: str
    company: int
    currency: int
    product: int
    unit: int
    account: int
    description: str
    quantity: float
    unit_price: Decimal
    taxes: Links
    note: str


class InvoiceBody(Body, frozen=True, kw_only=True):
    """A new invoice."""

    type: str
    company: int
    party: int
    invoice_address: int
    currency: int
    account: int
    journal: int
    payment_term: int
    payment_term_date: dt.date
    invoice_date: dt.date
    reference: str
    description: str | None = None
    comment: str
    lines: Links


class Id(Shown, frozen=True, kw_only=True):
    """Any record."""


class Coded(Shown, frozen=True, kw_only=True):
    """A record that is known by a code."""

    code: str | None = None


class ShownIdentifier(Shown, frozen=True, kw_only=True):
    """A number that a party is known by, as typed and without what only groups it."""

    type: str | None = None
    code: str
    code_compact: str


class ShownParty(Shown, frozen=True, kw_only=True):
    """A party as one company sees it; amounts are in that company's currency."""

    name: str | None = None
    code: str | None = None
    active: bool
    credit_amount: Decimal
    credit_limit_amount: Decimal | None = None
    customer_payment_term: int | None = None
    customer_tax_rule: int | None = None
    currency: Coded = msgspec.field(name="currency.")
    identifiers: list[ShownIdentifier] = msgspec.field(name="identifiers.")


class Status(Shown, frozen=True, kw_only=True):
    """Where work is; what has this status has at least this progress."""

    name: str
    progress: float | None = None


class ShownTask(Shown, frozen=True, kw_only=True):
    """A task of a project."""

    name: str
    comment: str | None = None
    list_price: Decimal | None = None
    sequence: int | None = None


class ShownProject(Shown, frozen=True, kw_only=True):
    """A project and its tasks; prices are in the company's currency."""

    name: str
    comment: str | None = None
    party: Coded | None = msgspec.field(name="party.", default=None)
    currency: Coded = msgspec.field(name="currency.")
    status: Status = msgspec.field(name="status.")
    children: list[ShownTask] = msgspec.field(name="children.")


class Maturity(Shown, frozen=True, kw_only=True):
    """When a part of a posted invoice is due."""

    maturity_date: dt.date | None = None


class ShownInvoice(Shown, frozen=True, kw_only=True):
    """An invoice."""

    number: str | None = None
    reference: str | None = None
    comment: str | None = None
    state: str
    invoice_date: dt.date | None = None
    currency: Coded = msgspec.field(name="currency.")
    untaxed_amount: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    amount_to_pay: Decimal
    lines_to_pay: list[Maturity] = msgspec.field(name="lines_to_pay.")
    last_modified_at: dt.datetime


class ChangedInvoice(Shown, frozen=True, kw_only=True):
    """An invoice that changed, and when."""

    reference: str
    comment: str | None = None
    last_modified_at: dt.datetime


class PartyDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What Tryton puts into a new invoice once its party is chosen."""

    invoice_address: int | None = None
    account: int | None = None
    journal: int | None = None


class ProductDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What Tryton puts into a new line once its product is chosen; the party's tax rule has been applied."""

    unit: int
    account: int | None = None
    taxes: dict[str, list[tuple[int, dict[str, Any]]]] = {}
