"""What a made-up firm has at each place: any row of it is made from its number alone."""

import datetime as dt
from decimal import Decimal

from tollway.canonical.contract import Contract, ContractType, Dimensions
from tollway.canonical.customer import Customer
from tollway.canonical.deal import Account
from tollway.canonical.money import Money
from tollway.canonical.project import Project

LEGAL_ENTITY = "NWC-US"
CURRENCY = "USD"
OF_PROJECT = 5
"""Invoices of a project."""
OF_INVOICE = 2
"""Billing events of an invoice."""


def usd(cents: int) -> Money:
    return Money(amount=Decimal(cents) / 100, currency=CURRENCY).rounded()


def contract_at(place: int, first: dt.date, last: dt.date) -> Contract:
    return Contract(
        deal_id=f"D{place:07d}",
        name=f"Deal {place}",
        account=Account(id=f"A{place:07d}", name=f"Customer {place}"),
        legal_entity=LEGAL_ENTITY,
        currency=CURRENCY,
        payment_days=30,
        contract_type=ContractType.TIME_AND_MATERIALS,
        value=usd(10_000_000),
        start=first,
        end=last,
        dimensions=Dimensions(service_line="ADV", cost_centre="CC"),
    )


def customer_at(place: int) -> Customer:
    identity = f"{place:07d}"
    return Customer(
        id=f"C{identity}",
        number=f"C{identity}",
        name=f"Customer {place}",
        legal_entity=LEGAL_ENTITY,
        account_id=f"A{identity}",
        tax_registration=f"91-{identity}",
    )


def project_at(place: int) -> Project:
    return Project(id=f"P{place:07d}", number=project_number(place), name=f"Project {place}", legal_entity=LEGAL_ENTITY)


def invoices_of(number: str) -> range:
    first = place_of(number) * OF_PROJECT
    return range(first, first + OF_PROJECT)


def place_of(identity: str) -> int:
    return int(identity[-7:])


def project_number(project: int) -> str:
    return f"PRJ-D{project:07d}"


def reference_of(invoice: int) -> str:
    return f"{project_number(invoice // OF_PROJECT)}-{invoice % OF_PROJECT + 1:03d}"


def cents(event: int) -> int:
    return 80_000 + event % 1_000 * 8


def net_cents(invoice: int) -> int:
    return sum(cents(event) for event in range(invoice * OF_INVOICE, (invoice + 1) * OF_INVOICE))
