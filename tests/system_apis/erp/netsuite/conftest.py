"""A NetSuite account to test against, over a real socket, and one connection to it."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from system_apis.erp.netsuite.operations import NetSuiteErp, build_netsuite
from system_apis.erp.netsuite.sandbox import certificates, create_sandbox, issue_certificate
from tollway.canonical.contract import ContractType, Dimensions
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import ProjectDetails
from tollway.ports.connection import Shared
from tollway.sandboxes import Faults, State, serve

ACCOUNT = "TSTDRV0000001"
CODES: dict[str, Any] = {
    "legal_entities": {"US": {"subsidiary": "2"}, "UK": {"subsidiary": "3"}, "DE": {"subsidiary": "4"}},
    "items": {"time": "1", "milestone": "2"},
    "terms": {"15": "1", "30": "2", "45": "3", "60": "4"},
    "departments": {"ADV": "1", "IMP": "2", "MGS": "3"},
    "classes": {"ADV": "1", "IMP": "2", "MGS": "3"},
    "closed_project_status": "1",
}


class Books(NamedTuple):
    """The sandbox account, what makes it fail, and how to connect to it."""

    faults: Faults
    machine: dict[str, Any]
    """Settings that log in by OAuth 2.0."""
    token: dict[str, Any]
    """Settings that log in by token-based authentication."""

    def calls(self, part: str) -> int:
        """How many requests had this in their method and path."""
        return sum(count for call, count in self.faults.calls.items() if part in call)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    certificate_id, key = issue_certificate(tmp_path)
    faults = create_sandbox(State(), public_keys=certificates(tmp_path))
    async with serve(faults) as address:
        shared = {"platform": "netsuite", "account": ACCOUNT, "url": address.url, **CODES}
        machine = {"client_id": "sandbox", "certificate_id": certificate_id, "private_key": str(key)}
        token = dict.fromkeys(("consumer_key", "consumer_secret", "token_id", "token_secret"), "sandbox")
        yield Books(faults, shared | machine, shared | token)


@pytest.fixture
async def erp(books: Books) -> AsyncIterator[NetSuiteErp]:
    connection = build_netsuite("books", books.token, Shared())
    yield connection
    await connection.close()


@pytest.fixture
async def machine_erp(books: Books) -> AsyncIterator[NetSuiteErp]:
    connection = build_netsuite("books", books.machine, Shared())
    yield connection
    await connection.close()


@pytest.fixture
def pounds() -> Callable[[str], Money]:
    return lambda amount: Money(amount=Decimal(amount), currency="GBP")


@pytest.fixture
def customer_details() -> CustomerDetails:
    return CustomerDetails(
        account_id="0015g00000AcmeAAA",
        legal_entity="UK",
        name="Acme Robotics Ltd",
        currency="GBP",
        payment_days=30,
        billing_address=Address(street="1 High Street", city="London", postal_code="N1 9GU", country="GB"),
        tax_registration="GB 123 4567 89",
        billing_email="ap@acme.example",
    )


@pytest.fixture
def project_details(pounds: Callable[[str], Money]) -> ProjectDetails:
    return ProjectDetails(
        number="PRJ-0065g00000Deal",
        deal_id="0065g00000Deal",
        account_id="0015g00000AcmeAAA",
        name="Warehouse automation",
        legal_entity="UK",
        currency="GBP",
        contract_type=ContractType.FIXED_FEE,
        value=pounds("120000.00"),
        start=dt.date(2026, 1, 1),
        end=dt.date(2026, 12, 31),
        dimensions=Dimensions(service_line="IMP", cost_centre="IMP"),
    )


@pytest.fixture
def invoice_details(pounds: Callable[[str], Money]) -> InvoiceDetails:
    return InvoiceDetails(
        reference="PRJ-0065g00000Deal:2026-11",
        legal_entity="UK",
        account_id="0015g00000AcmeAAA",
        project_number="PRJ-0065g00000Deal",
        currency="GBP",
        date=dt.date(2026, 11, 1),
        payment_days=30,
        purchase_order="PO-77",
        service_line="IMP",
        cost_centre="IMP",
        lines=[
            InvoiceLineDetails(
                source_id="time:a1B5g1",
                kind="time",
                description="Engineer, week 44",
                quantity=Decimal("7.5"),
                unit_price=pounds("100.00"),
                amount=pounds("750.00"),
            ),
            InvoiceLineDetails(
                source_id="milestone:a2C5g2",
                kind="milestone",
                description="Design accepted",
                quantity=Decimal(1),
                unit_price=pounds("9250.00"),
                amount=pounds("9250.00"),
            ),
        ],
    )
