"""What is read of every system: pages of records, and the rows they are compared as."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from process_apis.reconciliation.rows import Row
from process_apis.reconciliation.views import Claimed, CustomerView, Engaged, ProjectView, claimed, engaged
from tollway.canonical.contract import number_of
from tollway.canonical.customer import Customer
from tollway.canonical.invoice import Invoice, InvoiceDetails
from tollway.canonical.listing import DealStanding, ProjectStanding, Span, WorkEntry
from tollway.canonical.matching import registration_key
from tollway.canonical.project import Project
from tollway.canonical.reconciliation import Discrepancy, DriftKind, ReconciliationOrder
from tollway.canonical.record import Record
from tollway.canonical.statement import Engagement
from tollway.ports.activation import Activation
from tollway.ports.crm import Crm
from tollway.ports.erp import Erp
from tollway.ports.invoicing import Invoicing
from tollway.ports.psa import Psa

CUSTOMERS = {DriftKind.CUSTOMER_MISSING, DriftKind.CUSTOMER_DOUBLED, DriftKind.CUSTOMER_DIFFERS}
PROJECT, CUSTOMER, REGISTRATION = "project", "customer", "registration"
"""What a subject begins with, before a colon."""


KINDS: dict[str, type[Record]] = {
    "engagement": Engaged,
    "account": Engaged,
    "claimed": Claimed,
    "deal": DealStanding,
    "registered": DealStanding,
    "psa": ProjectStanding,
    "work": WorkEntry,
    "customer": Customer,
    "erp": Project,
    "invoice": Invoice,
}
"""What the body of each kind of row is."""
_DECODERS = {kind: msgspec.json.Decoder(body) for kind, body in KINDS.items()}
_Row = tuple[str, str, str, Record]
"""Subject, kind, key and body."""


class ReadPage(Protocol):
    """A page of whatever a system holds."""

    @property
    def items(self) -> Sequence[Any]:
        """The records."""
        ...

    @property
    def next(self) -> str:
        """Where the next page begins; empty after the last one."""
        ...


class Systems(msgspec.Struct, frozen=True):
    """All that is compared."""

    crm: Crm
    psa: Psa
    erp: Erp
    activation: Activation
    invoicing: Invoicing
    legal_entities: Sequence[str]


def sources(order: ReconciliationOrder, legal_entities: Iterable[str]) -> list[str]:
    """What has to be read for the kinds of drift that are looked for."""
    kinds, names = set(order.kinds or DriftKind), ["tollway-engagements"]
    if kinds - CUSTOMERS:
        names += ["tollway-invoices", "psa-projects", "psa-work"]
    if kinds - CUSTOMERS or DriftKind.CUSTOMER_DIFFERS in kinds:
        names.append("crm-deals")
    for entity in legal_entities:
        if kinds & CUSTOMERS:
            names.append(f"erp-customers:{entity}")
        if kinds - CUSTOMERS:
            names += [f"erp-projects:{entity}", f"erp-invoices:{entity}"]
    return names


def page_of(systems: Systems, source: str, span: Span, after: str) -> Awaitable[ReadPage]:
    """A page of a source behind the place `after`."""
    name, _, entity = source.partition(":")
    readers: dict[str, Callable[[], Awaitable[ReadPage]]] = {
        "tollway-engagements": lambda: systems.activation.engagements(after),
        "tollway-invoices": lambda: systems.invoicing.claimed_invoices(span, after),
        "crm-deals": lambda: systems.crm.deal_standings(span, after),
        "psa-projects": lambda: systems.psa.project_standings(after),
        "psa-work": lambda: systems.psa.work_entries(span, "", after),
        "erp-customers": lambda: systems.erp.customers(entity, after),
        "erp-projects": lambda: systems.erp.projects(entity, after),
        "erp-invoices": lambda: systems.erp.invoices(entity, span, after),
    }
    return readers[name]()


def rows_of(run_id: str, source: str, items: Iterable[Any]) -> list[Row]:
    """The records of a page as rows, each under all that it is compared with."""
    make = _ROWS[source.partition(":")[0]]
    return [
        Row(run_id, subject, kind, key, msgspec.json.encode(body).decode())
        for item in items
        for subject, kind, key, body in make(item)
    ]


def suspected_at(one: Discrepancy) -> str:
    """The subject under which a disagreement is looked at again."""
    if one.kind is DriftKind.UNREADABLE:
        return one.object_id
    if one.kind in CUSTOMERS:
        return f"{CUSTOMER}:{one.object_id}"
    number = number_of(one.object_id) if one.kind is DriftKind.DEAL_NOT_ONBOARDED else one.subject
    return f"{PROJECT}:{number}"


def compared(subject: str, rows: Sequence[tuple[str, str]]) -> ProjectView | CustomerView:
    """All rows of a subject, side by side."""
    about, _, named = subject.partition(":")
    found: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for kind, body in rows:
        found[kind].append(_DECODERS[kind].decode(body))
    if about == PROJECT:
        return _project_view(named, found)
    entity, _, account = named.partition(":")
    customers: list[Customer] = found["customer"]
    if about == CUSTOMER:
        return CustomerView(entity, account, engagements=found["account"], deals=found["registered"], linked=customers)
    linked = [one for one in customers if one.account_id]
    others = [one for one in customers if one not in linked[:1]]
    return CustomerView(
        entity, linked[0].account_id if linked else "", linked=linked[:1], same_registration=others if linked else []
    )


def _project_view(number: str, found: dict[str, list[Any]]) -> ProjectView:
    return ProjectView(
        number,
        engagement=next(iter(found["engagement"]), None),
        deal=next(iter(found["deal"]), None),
        psa=next(iter(found["psa"]), None),
        erp=next(iter(found["erp"]), None),
        work=found["work"],
        claimed=found["claimed"],
        invoices=found["invoice"],
    )


def _of_engagement(engagement: Engagement) -> Iterator[_Row]:
    one = engaged(engagement)
    yield f"{PROJECT}:{one.number}", "engagement", one.since.isoformat(), one
    yield f"{CUSTOMER}:{one.legal_entity}:{one.account_id}", "account", one.number, one


def _of_details(details: InvoiceDetails) -> Iterator[_Row]:
    yield f"{PROJECT}:{details.project_number}", "claimed", details.reference, claimed(details)


def _of_deal(deal: DealStanding) -> Iterator[_Row]:
    yield f"{PROJECT}:{number_of(deal.id)}", "deal", deal.id, deal
    if deal.tax_registration:
        yield f"{CUSTOMER}:{deal.legal_entity}:{deal.account_id}", "registered", deal.id, deal


def _of_standing(standing: ProjectStanding) -> Iterator[_Row]:
    yield f"{PROJECT}:{standing.project.number}", "psa", standing.project.id, standing


def _of_work(entry: WorkEntry) -> Iterator[_Row]:
    yield f"{PROJECT}:{entry.project_number}", "work", entry.id, entry


def _of_customer(customer: Customer) -> Iterator[_Row]:
    entity, registration = customer.legal_entity, registration_key(customer.tax_registration)
    if customer.account_id:
        yield f"{CUSTOMER}:{entity}:{customer.account_id}", "customer", customer.id, customer
    if registration:
        yield f"{REGISTRATION}:{entity}:{registration}", "customer", customer.id, customer


def _of_project(project: Project) -> Iterator[_Row]:
    yield f"{PROJECT}:{project.number}", "erp", project.id, project


def _of_invoice(invoice: Invoice) -> Iterator[_Row]:
    yield f"{PROJECT}:{invoice.project_number}", "invoice", invoice.id, invoice


_ROWS: dict[str, Callable[[Any], Iterator[_Row]]] = {
    "tollway-engagements": _of_engagement,
    "tollway-invoices": _of_details,
    "crm-deals": _of_deal,
    "psa-projects": _of_standing,
    "psa-work": _of_work,
    "erp-customers": _of_customer,
    "erp-projects": _of_project,
    "erp-invoices": _of_invoice,
}
