"""The finance department: knows a customer before the deal, posts payments, and is asked what is in the books."""

from collections import Counter
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from system_apis.erp.netsuite.client import NetSuiteClient
from system_apis.erp.netsuite.models import Body, Ref
from system_apis.erp.netsuite.rows import Row
from system_apis.erp.netsuite.settings import netsuite_settings
from tollway.canonical.invoice import Invoice
from tollway.cli.demo.deals import DemoDeal


class Books(msgspec.Struct):
    """What the ERP itself says there is."""

    customers: int
    projects: int
    invoices: int
    paid: int
    duplicates: int
    """Customers, projects and invoices beyond the first of each identity, and items billed more than once."""


class Finance(Protocol):
    """People of finance at their ERP."""

    async def know(self, deal: DemoDeal) -> None:
        """Have the deal's customer on file already, under finance's own name for it."""
        ...

    async def receive_payment(self, invoice: Invoice) -> None:
        """Post the customer's payment of the whole invoice."""
        ...

    async def books(self) -> Books:
        """Count what is there."""
        ...

    async def close(self) -> None:
        """Go home."""
        ...


class _Value(Row, frozen=True, kw_only=True):
    value: str


class _Customer(Body, frozen=True, kw_only=True):
    company_name: str
    is_person: bool
    subsidiary: Ref
    currency: Ref
    vat_reg_number: str


class _Application(Body, frozen=True, kw_only=True):
    doc: Ref
    apply: bool
    amount: Decimal


class _Applications(Body, frozen=True, kw_only=True):
    items: list[_Application]


class _Payment(Body, frozen=True, kw_only=True):
    customer: Ref
    apply: _Applications


class NetSuiteFinance:
    """Finance at a NetSuite account."""

    def __init__(self, name: str, tables: dict[str, Any]) -> None:
        self._client = NetSuiteClient(name, netsuite_settings(name, tables))
        self._subsidiaries = {code: one["subsidiary"] for code, one in tables["legal_entities"].items()}

    async def know(self, deal: DemoDeal) -> None:
        customer = _Customer(
            company_name=deal.known_to_finance_as,
            is_person=False,
            subsidiary=Ref(id=self._subsidiaries[deal.legal_entity]),
            currency=Ref(id=await self._client.currency(deal.currency)),
            vat_reg_number=deal.tax_registration,
        )
        await self._client.upsert("customer", "FINANCE-0001", customer, "a customer of finance's own")

    async def receive_payment(self, invoice: Invoice) -> None:
        owed = f"SELECT entity AS value FROM transaction WHERE id = {int(invoice.id)}"  # noqa: S608 - a number
        application = _Application(doc=Ref(id=invoice.id), apply=True, amount=invoice.total.amount)
        customer = Ref(id=(await self._column(owed))[0])
        payment = _Payment(customer=customer, apply=_Applications(items=[application]))
        await self._client.upsert("customerPayment", f"PAYMENT-{invoice.number}", payment, "a payment")

    async def books(self) -> Books:
        customers = await self._column(
            "SELECT custentity_tollway_account_id AS value FROM customer "
            "WHERE custentity_tollway_account_id IS NOT NULL"
        )
        registrations = await self._column("SELECT vatregnumber AS value FROM customer WHERE vatregnumber IS NOT NULL")
        projects = await self._column(
            "SELECT custentity_tollway_project_number AS value FROM job "
            "WHERE custentity_tollway_project_number IS NOT NULL"
        )
        invoices = await self._column(
            "SELECT custbody_tollway_reference AS value FROM transaction "
            "WHERE type = 'CustInvc' AND custbody_tollway_reference IS NOT NULL"
        )
        paid = await self._column(
            "SELECT id AS value FROM transaction WHERE type = 'CustInvc' "
            "AND custbody_tollway_reference IS NOT NULL AND status = 'B'"
        )
        items = await self._column(
            "SELECT custcol_tollway_source_id AS value FROM transactionline WHERE custcol_tollway_source_id IS NOT NULL"
        )
        return counted(customers, projects, invoices, paid, registrations, items)

    async def close(self) -> None:
        await self._client.close()

    async def _column(self, suiteql: str) -> list[str]:
        return [row.value for row in await self._client.query(suiteql, _Value, "the books")]


def counted(customers: list[str], projects: list[str], invoices: list[str], paid: list[str], *once: list[str]) -> Books:
    """The books for the identities of what is there; `once` are further values that must not repeat."""
    return Books(
        customers=len(customers),
        projects=len(projects),
        invoices=len(invoices),
        paid=len(paid),
        duplicates=sum(beyond_first(column) for column in (customers, projects, invoices, *once)),
    )


def beyond_first(values: list[str]) -> int:
    """How many values repeat one that was there before."""
    return sum(count - 1 for count in Counter(values).values())
