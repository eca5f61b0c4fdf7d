"""What every test in this folder asks of the real Tryton, and how it is reached."""

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.operations import TrytonErp, build_tryton
from system_apis.erp.tryton.settings import TrytonSettings
from tollway.canonical.billing import BillingPlan, BillingPlanLine
from tollway.canonical.contract import ContractType, Dimensions
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import ProjectDetails
from tollway.http.platforms import PlatformClient
from tollway.ports.connection import Shared
from tollway.settings import convert

HERE = Path(__file__).parent
TODAY = dt.datetime.now(dt.UTC).date()
DAY = dt.timedelta(days=1)


class Make:
    """Makes what the tests give to the port, each time under new names."""

    def money(self, amount: str, currency: str = "USD") -> Money:
        return Money(amount=Decimal(amount), currency=currency)

    def customer(self, **changes: Any) -> CustomerDetails:
        code = secrets.token_hex(6)
        details = CustomerDetails(
            account_id=f"001{code}",
            legal_entity="US",
            name=f"Acme {code} Inc",
            currency="USD",
            payment_days=30,
            billing_address=Address(street="1 Main St", city="Oakland", postal_code="94607", region="CA", country="US"),
            billing_email="ap@acme.example",
        )
        return msgspec.structs.replace(details, **changes)

    def project(self, customer: CustomerDetails, **changes: Any) -> ProjectDetails:
        deal = f"006{secrets.token_hex(6)}"
        details = ProjectDetails(
            number=f"PRJ-{deal}",
            deal_id=deal,
            account_id=customer.account_id,
            name="Warehouse automation",
            legal_entity=customer.legal_entity,
            currency=customer.currency,
            contract_type=ContractType.FIXED_FEE,
            value=self.money("300.00", customer.currency),
            start=TODAY,
            end=TODAY + 90 * DAY,
            dimensions=Dimensions(service_line="IMP", cost_centre="IMP"),
        )
        return msgspec.structs.replace(details, **changes)

    def plan(self, project: ProjectDetails, *amounts: str, **changes: Any) -> BillingPlan:
        lines = [
            BillingPlanLine(
                id=f"{project.number}-BP-{place}",
                description=f"Milestone {place}",
                amount=self.money(amount, project.currency),
                due=TODAY - place * DAY,
            )
            for place, amount in enumerate(amounts, 1)
        ]
        plan = BillingPlan(
            project_number=project.number,
            legal_entity=project.legal_entity,
            currency=project.currency,
            contract_type=project.contract_type,
            lines=lines,
        )
        return msgspec.structs.replace(plan, **changes)

    def invoice(self, project: ProjectDetails, **changes: Any) -> InvoiceDetails:
        details = InvoiceDetails(
            reference=f"{project.number}-001",
            legal_entity=project.legal_entity,
            account_id=project.account_id,
            project_number=project.number,
            currency=project.currency,
            date=TODAY,
            payment_days=30,
            purchase_order="PO-77",
            lines=[
                self.line("time", "7.5", "100.00", "750.00", project.currency),
                self.line("milestone", "1", "9250.00", "9250.00", project.currency),
            ],
        )
        return msgspec.structs.replace(details, **changes)

    def line(self, kind: str, quantity: str, price: str, amount: str, currency: str = "USD") -> InvoiceLineDetails:
        return InvoiceLineDetails(
            source_id=f"{kind}:{secrets.token_hex(4)}",
            kind=kind,
            description=f"A line of {kind}",
            quantity=Decimal(quantity),
            unit_price=self.money(price, currency),
            amount=self.money(amount, currency),
        )

    async def tax_rule(self, client: TrytonClient, company: int, name: str) -> int:
        """A rule that leaves no tax."""
        rule = {"name": name, "kind": "sale", "company": company, "lines": [["create", [{"tax": None}]]]}
        return (await client.call("model.account.tax.rule.create", [rule], company=company))[0]

    async def payment(self, client: TrytonClient, invoice_id: str, amount: str) -> None:
        company = await client.company("US")
        methods = await client.call(
            "model.account.invoice.payment.method.search", [("company", "=", company)], 0, 1, None, company=company
        )
        await client.pay(int(invoice_id), Decimal(amount), methods[0], TODAY, company=company)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real_erp)


@pytest.fixture
def tryton_settings(tables: dict[str, Any]) -> TrytonSettings:
    return convert(tables, TrytonSettings, "connections.tryton")


@pytest.fixture
def tables(tryton_tables: dict[str, Any]) -> dict[str, Any]:
    """What the configuration says of the connection."""
    return tryton_tables


@pytest_asyncio.fixture
async def client(tryton_settings: TrytonSettings) -> AsyncIterator[TrytonClient]:
    http = PlatformClient("Tryton", tryton_settings.url)
    yield TrytonClient(tryton_settings, http)
    await http.close()


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest_asyncio.fixture
async def erp(tables: dict[str, Any]) -> AsyncIterator[TrytonErp]:
    connection = build_tryton("tryton", tables, Shared())
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def customer(erp: TrytonErp, make: Make) -> CustomerDetails:
    details = make.customer()
    await erp.create_customer(details)
    return details


@pytest_asyncio.fixture
async def project(erp: TrytonErp, customer: CustomerDetails, make: Make) -> ProjectDetails:
    details = make.project(customer)
    await erp.create_project(details)
    return details
