"""A project that every system tells the same of."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from process_apis.reconciliation.views import Claimed, CustomerView, Engaged, ProjectView, Rules
from tollway.canonical.contract import ContractType
from tollway.canonical.customer import Customer
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import Invoice, InvoiceStatus
from tollway.canonical.listing import DealStanding, ProjectStanding, Span, WorkEntry
from tollway.canonical.money import Money
from tollway.canonical.project import Project, ProjectBilling
from tollway.canonical.work import WorkKind

NUMBER, DEAL = "PRJ-D1", "D1"
TODAY = dt.date(2026, 6, 30)


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


ENGAGED = Engaged(
    number=NUMBER,
    deal_id=DEAL,
    account_id="A1",
    legal_entity="US",
    currency="USD",
    contract_type=ContractType.TIME_AND_MATERIALS,
    status="active",
    since=dt.date(2026, 1, 1),
)
INVOICE = Invoice(
    id="31",
    reference=f"{NUMBER}-001",
    legal_entity="US",
    number="INV1",
    project_number=NUMBER,
    status=InvoiceStatus.PARTLY_PAID,
    currency="USD",
    net=usd("1000.00"),
    tax=usd("100.00"),
    total=usd("1100.00"),
    paid=usd("400.00"),
)


def entry(number: int, amount: str, invoice: str = "INV1", on: dt.date = dt.date(2026, 3, 1)) -> WorkEntry:
    return WorkEntry(
        id=f"time:T{number}",
        kind=WorkKind.TIME,
        project_number=NUMBER,
        amount=usd(amount),
        on=on,
        invoice_number=invoice,
    )


@pytest.fixture(scope="session")
def rules() -> Rules:
    """A run over the first half of the year."""
    return Rules(
        today=TODAY, span=Span(start=dt.date(2026, 1, 1), end=TODAY), since=dt.date(2026, 1, 1), unbilled_days=45
    )


@pytest.fixture(scope="session")
def make_view() -> Callable[..., ProjectView]:
    """Makes the view of a project whose time is billed and partly paid, with whatever is to be different."""

    def make(**changes: Any) -> ProjectView:
        project = Project(id="P1", number=NUMBER, name="Data platform", legal_entity="US", status="In Progress")
        told = {"invoiced": usd("1100.00"), "paid": usd("400.00")}
        progress = DealProgress(deal_id=DEAL, project_number=NUMBER, billing_status="Partly paid", **told)
        billing = ProjectBilling(project_number=NUMBER, invoice_status="Partly paid", **told)
        view: dict[str, Any] = {
            "engagement": ENGAGED,
            "deal": DealStanding(id=DEAL, closed_on=dt.date(2026, 1, 1), progress=progress),
            "psa": ProjectStanding(project=project, billing=billing),
            "erp": replace(project, id="11", status=""),
            "work": [entry(1, "600.00"), entry(2, "400.00"), entry(3, "50.00", "", TODAY)],
            "claimed": [
                Claimed(
                    reference=INVOICE.reference,
                    number=NUMBER,
                    legal_entity="US",
                    net=usd("1000.00"),
                    items={"time:T1": usd("600.00"), "time:T2": usd("400.00")},
                )
            ],
            "invoices": [INVOICE],
            "whole": True,
        }
        return ProjectView(NUMBER, **view | changes)

    return make


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., CustomerView]:
    """Makes the view of an account's customer in the ERP, with whatever is to be different."""

    def make(**changes: Any) -> CustomerView:
        customer = Customer(id="7", number="C7", name="Acme", legal_entity="US", account_id="A1")
        return CustomerView("US", "A1", **{"engagements": [ENGAGED], "linked": [customer]} | changes)

    return make
