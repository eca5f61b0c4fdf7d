"""The finance department: knows a customer before the deal, posts payments, and is asked what is in the books."""

from collections import Counter
from typing import Any, Protocol

import msgspec

from system_apis.erp.netsuite.client import NetSuiteClient
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


class _Value(msgspec.Struct):
    value: str


class NetSuiteFinance:
    """Finance at a NetSuite account."""

    def __init__(self, name: str, tables: dict[str, Any]) -> None:
        self._client = NetSuiteClient(name, netsuite_settings(name, tables))
        self._subsidiaries = {code: one["subsidiary"] for code, one in tables["legal_entities"].items()}

    async def know(self, deal: DemoDeal) -> None:
        customer: dict[str, Any] = {
            "companyName": deal.known_to_finance_as,
            "isPerson": False,
            "subsidiary": {"id": self._subsidiaries[deal.legal_entity]},
            "currency": {"id": await self._client.currency(deal.currency)},
            "vatRegNumber": deal.tax_registration,
        }
        await self._client.upsert("customer", "FINANCE-0001", customer, "a customer of finance's own")

    async def receive_payment(self, invoice: Invoice) -> None:
        owed = f"SELECT entity AS value FROM transaction WHERE id = {int(invoice.id)}"  # noqa: S608 - a number
        payment: dict[str, Any] = {
            "customer": {"id": (await self._column(owed))[0]},
            "apply": {"items": [{"doc": {"id": invoice.id}, "apply": True, "amount": float(invoice.total.amount)}]},
        }
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
            "AND custbody_tollway_reference IS NOT NULL AND status = 'CustInvc:B'"
        )
        items = await self._column(
            "SELECT custcol_tollway_source_id AS value FROM transactionline WHERE custcol_tollway_source_id IS NOT NULL"
        )
        columns = (customers, registrations, projects, invoices, items)
        return Books(
            customers=len(customers),
            projects=len(projects),
            invoices=len(invoices),
            paid=len(paid),
            duplicates=sum(beyond_first(column) for column in columns),
        )

    async def close(self) -> None:
        await self._client.close()

    async def _column(self, suiteql: str) -> list[str]:
        return [row.value for row in await self._client.query(suiteql, _Value, "the books")]


def beyond_first(values: list[str]) -> int:
    """How many values repeat one that was there before."""
    return sum(count - 1 for count in Counter(values).values())
