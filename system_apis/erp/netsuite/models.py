"""The shapes that NetSuite's REST web services speak in, under NetSuite's own names.

Sources: REST API Browser (records), SuiteTalk REST Web Services API Guide (references, sublists, errors), Records
Catalog (SuiteQL columns). Fields whose names begin with `cust` and an underscore are the account's own.
"""

import datetime as dt
import re
from decimal import Decimal

import msgspec

_CUSTOM = re.compile(r"cust(body|col|entity|record)_")


def _wire_name(field: str) -> str:
    """NetSuite's name of a field: camel case, save for custom fields, which are named as they were made."""
    if _CUSTOM.match(field):
        return field
    first, *rest = field.split("_")
    return first + "".join(part.title() for part in rest)


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_wire_name):
    """What is sent; a field that is None is left as it is."""


class Shown(msgspec.Struct, frozen=True, kw_only=True, rename=_wire_name):
    """What is answered; NetSuite leaves out what is empty."""


class Ref(Body, frozen=True, kw_only=True):
    """A reference to a record by its internal or its external id, or a choice of a fixed list by its id."""

    id: str | None = None
    external_id: str | None = None


class Address(Body, frozen=True, kw_only=True):
    """A postal address."""

    addr1: str | None = None
    addr2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: Ref | None = None


class AddressLine(Body, frozen=True, kw_only=True):
    """An address of a customer's address book."""

    default_billing: bool
    default_shipping: bool
    address_book_address: Address


class AddressBook(Body, frozen=True, kw_only=True):
    """A customer's addresses."""

    items: list[AddressLine]


class CustomerBody(Body, frozen=True, kw_only=True):
    """What is written of a customer."""

    external_id: str | None = None
    entity_id: str | None = None
    is_person: bool | None = None
    company_name: str | None = None
    subsidiary: Ref | None = None
    currency: Ref | None = None
    parent: Ref | None = None
    terms: Ref | None = None
    taxable: bool | None = None
    tax_item: Ref | None = None
    vat_reg_number: str | None = None
    email: str | None = None
    address_book: AddressBook | None = None
    custentity_tollway_account_id: str | None = None


class JobBody(Body, frozen=True, kw_only=True):
    """What is written of a project, which NetSuite calls a job."""

    entity_id: str | None = None
    company_name: str | None = None
    parent: Ref | None = None
    subsidiary: Ref | None = None
    currency: Ref | None = None
    start_date: dt.date | None = None
    projected_end_date: dt.date | None = None
    entity_status: Ref | None = None
    custentity_tollway_deal_id: str | None = None
    custentity_tollway_project_number: str | None = None


class BillingPlanBody(Body, frozen=True, kw_only=True):
    """What is written of a line of a billing plan."""

    name: str
    custrecord_tollway_bp_job: Ref
    custrecord_tollway_bp_kind: str
    custrecord_tollway_bp_amount: Decimal
    custrecord_tollway_bp_date: dt.date
    custrecord_tollway_bp_currency: Ref
    custrecord_tollway_bp_description: str


class RevenueBody(Body, frozen=True, kw_only=True):
    """What is written of a month of a revenue schedule."""

    name: str
    custrecord_tollway_rs_job: Ref
    custrecord_tollway_rs_period: dt.date
    custrecord_tollway_rs_amount: Decimal
    custrecord_tollway_rs_currency: Ref


class ItemLine(Body, frozen=True, kw_only=True):
    """A line of an invoice."""

    item: Ref
    description: str
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    department: Ref | None = None
    class_: Ref | None = msgspec.field(default=None, name="class")
    custcol_tollway_source_id: str


class ItemLines(Body, frozen=True, kw_only=True):
    """The lines of an invoice."""

    items: list[ItemLine]


class InvoiceBody(Body, frozen=True, kw_only=True):
    """What is written of an invoice."""

    entity: Ref | None = None
    job: Ref | None = None
    subsidiary: Ref | None = None
    currency: Ref | None = None
    tran_date: dt.date | None = None
    terms: Ref | None = None
    other_ref_num: str | None = None
    department: Ref | None = None
    class_: Ref | None = msgspec.field(default=None, name="class")
    approval_status: Ref | None = None
    item: ItemLines | None = None
    custbody_tollway_reference: str | None = None
    custbody_tollway_project: str | None = None


class CreditMemoBody(Body, frozen=True, kw_only=True):
    """What is written of a credit memo that is made of an invoice."""

    external_id: str
    memo: str | None = None
    custbody_tollway_reference: str
    custbody_tollway_project: str


class ShownRef(Shown, frozen=True, kw_only=True):
    """A reference as it is answered."""

    id: str = ""


class ShownInvoice(Shown, frozen=True, kw_only=True):
    """What is read of an invoice."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    subsidiary: ShownRef
    currency: ShownRef
    status: ShownRef = ShownRef()
    approval_status: ShownRef = ShownRef()
    tran_date: dt.date | None = None
    due_date: dt.date | None = None
    subtotal: Decimal = Decimal(0)
    tax_total: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    amount_paid: Decimal = Decimal(0)
    last_modified_date: dt.datetime | None = None
    custbody_tollway_reference: str = ""
    custbody_tollway_project: str = ""


class ShownCreditMemo(Shown, frozen=True, kw_only=True):
    """What is read of a credit memo."""

    id: str
    tran_id: str
    subsidiary: ShownRef
    currency: ShownRef
    tran_date: dt.date | None = None
    subtotal: Decimal = Decimal(0)
    tax_total: Decimal = Decimal(0)
    total: Decimal = Decimal(0)


class ErrorDetail(msgspec.Struct, frozen=True):
    """One error of an envelope."""

    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    path: str = msgspec.field(default="", name="o:errorPath")


class ErrorEnvelope(msgspec.Struct, frozen=True):
    """How NetSuite answers an error."""

    details: list[ErrorDetail] = msgspec.field(default_factory=list, name="o:errorDetails")


class Token(msgspec.Struct, frozen=True):
    """An access token and the seconds it lives, which NetSuite writes as text."""

    access_token: str
    expires_in: int | str
