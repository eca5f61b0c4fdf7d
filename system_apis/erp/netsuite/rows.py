"""The rows that our SuiteQL queries are answered with.

Source: Records Catalog (columns in lower case; every value is text, and what is empty is left out).
"""

import datetime as dt
from decimal import Decimal

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of any query."""


class CustomerRow(Row, frozen=True, kw_only=True):
    """A customer in one of its subsidiaries."""

    id: str
    entityid: str = ""
    companyname: str = ""
    externalid: str = ""
    account_id: str = ""
    vatregnumber: str = ""
    creditholdoverride: str = ""
    creditlimit: Decimal | None = None
    balancesearch: Decimal = Decimal(0)
    unbilledorderssearch: Decimal = Decimal(0)
    currency: str


class JobRow(Row, frozen=True, kw_only=True):
    """A project."""

    id: str
    externalid: str = ""
    number: str = ""
    companyname: str = ""
    entitystatus: str = ""
    status_name: str = ""
    deal_id: str = ""
    account_id: str = ""
    currency: str = ""


class PlanRow(Row, frozen=True, kw_only=True):
    """A line of a billing plan or a month of a revenue schedule."""

    id: str
    externalid: str
    kind: str = ""
    amount: Decimal
    due: dt.date
    currency: str
    description: str = ""


class InvoiceRow(Row, frozen=True, kw_only=True):
    """An invoice; amounts are in its own currency."""

    id: str
    externalid: str = ""
    tranid: str = ""
    status: str = ""
    currency: str
    total: Decimal
    paid: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    trandate: dt.date | None = None
    duedate: dt.date | None = None
    changed: str
    reference: str = ""
    project_number: str = ""


class CreditedRow(Row, frozen=True, kw_only=True):
    """What credit memos have taken off an invoice, in its own currency."""

    id: str
    amount: Decimal


class ChangeRow(Row, frozen=True, kw_only=True):
    """An invoice that changed, and when."""

    id: str
    reference: str
    changed: str


class CurrencyRow(Row, frozen=True, kw_only=True):
    """A currency the account knows."""

    id: str
    symbol: str


class IdRow(Row, frozen=True, kw_only=True):
    """A record's internal id."""

    id: str
