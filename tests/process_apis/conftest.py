"""Deals, contracts, work and invoices, complete and consistent unless a test changes them."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from process_apis.customer_onboarding.terms import Terms
from tollway import context
from tollway.canonical.contract import Contract, ContractMilestone, ContractRate, ContractType, Dimensions
from tollway.canonical.deal import Account, Deal, DealLine, DealMilestone, DealRate
from tollway.canonical.invoice import Invoice, InvoiceStatus
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.work import BillableItem, WorkKind
from tollway.settings import LegalEntity, OnboardingSettings, ServiceLine

ENTITIES = {
    "NWC-US": LegalEntity(name="Northwind Consulting Inc", country="US", currencies=["USD"], erp="netsuite"),
    "NWC-UK": LegalEntity(name="Northwind Consulting Ltd", country="GB", currencies=["GBP", "EUR"], erp="netsuite"),
}
RULES = OnboardingSettings(
    payment_terms={"Net 30": 30, "Net 45": 45},
    service_lines={"ADV": ServiceLine(name="Advisory", cost_centre="CC-ADV")},
)
ACCOUNT = Account(
    id="ACC-1",
    name="Acme Robotics",
    billing_address=Address(street="1 Main St", city="New York", postal_code="10001", region="NY", country="US"),
    tax_registration="13-1975147",
    payment_terms="Net 30",
)


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


FIXED_FEE = Deal(
    id="DEAL-1",
    name="Warehouse automation",
    account=ACCOUNT,
    stage="Closed Won",
    is_won=True,
    value=usd("100000.00"),
    currency="USD",
    legal_entity="NWC-US",
    payment_terms="Net 45",
    contract_type="Fixed Fee",
    service_line="ADV",
    start=dt.date(2026, 1, 15),
    end=dt.date(2026, 4, 30),
    lines=[DealLine(id="L1", name="Design", quantity=Decimal(1), unit_price=usd("100000.00"), total=usd("100000.00"))],
    milestones=[
        DealMilestone(id="M1", name="Blueprint", amount=usd("60000.00"), due=dt.date(2026, 2, 28)),
        DealMilestone(id="M2", name="Go-live", amount=usd("40000.00"), due=dt.date(2026, 4, 30)),
    ],
)
TIME_AND_MATERIALS = replace(
    FIXED_FEE,
    contract_type="Time & Materials",
    milestones=[],
    rates=[
        DealRate(id="R1", role="Consultant", hourly=usd("200.00"), planned_hours=Decimal(300)),
        DealRate(id="R2", role="Architect", hourly=usd("250.00"), planned_hours=Decimal(160)),
    ],
)
CONTRACT = Contract(
    deal_id="DEAL-1",
    name="Warehouse automation",
    account=ACCOUNT,
    legal_entity="NWC-US",
    currency="USD",
    payment_days=45,
    contract_type=ContractType.FIXED_FEE,
    value=usd("100000.00"),
    start=dt.date(2026, 1, 15),
    end=dt.date(2026, 4, 30),
    dimensions=Dimensions(service_line="ADV", cost_centre="CC-ADV"),
    milestones=[
        ContractMilestone(id="M1", name="Blueprint", amount=usd("60000.00"), due=dt.date(2026, 2, 28)),
        ContractMilestone(id="M2", name="Go-live", amount=usd("40000.00"), due=dt.date(2026, 4, 30)),
    ],
)
TIME_AND_MATERIALS_CONTRACT = replace(
    CONTRACT,
    contract_type=ContractType.TIME_AND_MATERIALS,
    milestones=[],
    rates=[
        ContractRate(role="Consultant", hourly=usd("200.00"), planned_hours=Decimal(300)),
        ContractRate(role="Architect", hourly=usd("250.00"), planned_hours=Decimal(160)),
    ],
)


@pytest.fixture(scope="session")
def terms() -> Terms:
    """The rules of a firm with two legal entities."""
    return Terms(ENTITIES, RULES)


@pytest.fixture(scope="session")
def make_deal() -> Callable[..., Deal]:
    """Makes deals that can be onboarded, of either kind, with whatever is to be different."""

    def make(kind: str = "fixed_fee", **changes: Any) -> Deal:
        return replace(FIXED_FEE if kind == "fixed_fee" else TIME_AND_MATERIALS, **changes)

    return make


@pytest.fixture(scope="session")
def make_contract() -> Callable[..., Contract]:
    """Makes checked contracts, of either kind, with whatever is to be different."""

    def make(kind: str = "fixed_fee", **changes: Any) -> Contract:
        return replace(CONTRACT if kind == "fixed_fee" else TIME_AND_MATERIALS_CONTRACT, **changes)

    return make


@pytest.fixture(scope="session")
def make_item() -> Callable[..., BillableItem]:
    """Makes billable work of the contracts' project."""

    def make(number: int, amount: str = "1600.00", currency: str = "USD", **changes: Any) -> BillableItem:
        price = Money(amount=Decimal(amount), currency=currency)
        item = BillableItem(
            id=f"ITEM-{number}",
            kind=WorkKind.TIME,
            project_number="PRJ-DEAL-1",
            description=f"Consultant, week {number}",
            quantity=Decimal(8),
            unit_price=Money(amount=Decimal("200.00"), currency=currency),
            amount=price,
            on=dt.date(2026, 2, 1),
        )
        return replace(item, **changes)

    return make


@pytest.fixture(scope="session")
def make_invoice() -> Callable[..., Invoice]:
    """Makes invoices of the contracts' project, with ten per cent tax and paid as far as said."""

    def make(number: int, net: str, status: InvoiceStatus = InvoiceStatus.OPEN, paid: str = "0.00") -> Invoice:
        tax = (Decimal(net) / 10).quantize(Decimal("0.01"))
        return Invoice(
            id=str(number),
            reference=f"PRJ-DEAL-1-{number:03d}",
            legal_entity="NWC-US",
            number="" if status is InvoiceStatus.DRAFT else f"INV{number}",
            project_number="PRJ-DEAL-1",
            status=status,
            currency="USD",
            net=usd(net),
            tax=usd(str(tax)),
            total=usd(str(Decimal(net) + tax)),
            paid=usd(paid),
        )

    return make


@contextlib.contextmanager
def _acting(*roles: str, name: str = "ann@northwind") -> Iterator[None]:
    scopes = frozenset(f"operations:{role}" for role in roles)
    token = context.enter(replace(context.new_context(subject=name), scopes=scopes))
    try:
        yield
    finally:
        context.leave(token)


@pytest.fixture
def acting() -> Callable[..., AbstractContextManager[None]]:
    """Makes what is inside the doing of somebody with these roles."""
    return _acting
