"""A firm whose systems make up what they answer, page by page, so that it may be as large as one likes."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from made_up_records import (
    CURRENCY,
    LEGAL_ENTITY,
    OF_INVOICE,
    OF_PROJECT,
    cents,
    contract_at,
    customer_at,
    invoices_of,
    net_cents,
    place_of,
    project_at,
    project_number,
    reference_of,
    usd,
)
from msgspec.structs import replace

import process_apis.invoice_generation.api
import process_apis.project_activation.api
import system_apis.crm.api
import system_apis.erp.api
import system_apis.psa.api
from tollway.canonical.customer import Customer, CustomerMatches, CustomerQuery
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import Invoice, InvoiceDetails, InvoiceLineDetails, InvoiceStatus
from tollway.canonical.listing import (
    CustomerPage,
    DealPage,
    DealStanding,
    EngagementPage,
    InvoiceDetailsPage,
    InvoicePage,
    ProjectPage,
    ProjectStanding,
    ProjectStandingPage,
    Span,
    WorkEntry,
    WorkPage,
)
from tollway.canonical.money import Money
from tollway.canonical.project import Project, ProjectBilling
from tollway.canonical.statement import Engagement
from tollway.canonical.work import WorkKind
from tollway.http.services import Services
from tollway.service import create_service

PAGE = 1_000
EVERY = 20_000
"""Of so many invoices one has something planted."""
STARTED = dt.timedelta(days=300)
P = TypeVar("P")


class MadeUpFirm:
    """Implements what reconciliation reads of every port, for projects with five invoices each."""

    def __init__(self, invoices: int, today: dt.date) -> None:
        self.invoices = invoices
        self.today = today
        self.first_day = today - dt.timedelta(days=365)
        self._projects = invoices // OF_PROJECT
        self._started = dt.datetime.combine(today - STARTED, dt.time(), dt.UTC)
        kinds = ("invoice_missing", "invoice_amount_differs", "work_not_marked")
        self._plants = {place: kinds[turn % 3] for turn, place in enumerate(range(7, invoices, EVERY))}

    @property
    def planted(self) -> set[str]:
        """The drifts that must be found."""
        told = {
            f"status_not_told:{project_number(place // OF_PROJECT)}" for place in self._plants if self._untold(place)
        }
        return {f"{kind}:{reference_of(place)}" for place, kind in self._plants.items()} | told

    async def engagements(self, after: str) -> EngagementPage:
        return _page(EngagementPage, self._engagement, self._projects, after)

    async def engagement(self, number: str) -> Engagement | None:
        return self._engagement(place_of(number))

    async def claimed_invoices(self, span: Span, after: str) -> InvoiceDetailsPage:  # noqa: ARG002 - the port's
        return _page(InvoiceDetailsPage, self._details, self.invoices, after)

    async def claimed_of_project(self, number: str) -> list[InvoiceDetails]:
        return [self._details(place) for place in invoices_of(number)]

    async def deal_standings(self, span: Span, after: str) -> DealPage:  # noqa: ARG002 - the port's
        return _page(DealPage, self._deal, self._projects, after)

    async def find_progress(self, deal_id: str) -> DealProgress | None:
        return self._deal(place_of(deal_id)).progress

    async def project_standings(self, after: str) -> ProjectStandingPage:
        return _page(ProjectStandingPage, self._standing, self._projects, after)

    async def find_project(self, *about: str) -> Project | None:
        return project_at(place_of(about[-1]))

    async def find_billing(self, number: str) -> ProjectBilling | None:
        return self._standing(place_of(number)).billing

    async def work_entries(self, span: Span, project_number: str, after: str) -> WorkPage:  # noqa: ARG002 - the port's
        if project_number:
            first = place_of(project_number) * OF_PROJECT * OF_INVOICE
            return WorkPage(items=[self._work(first + place) for place in range(OF_PROJECT * OF_INVOICE)])
        return _page(WorkPage, self._work, self.invoices * OF_INVOICE, after)

    async def customers(self, legal_entity: str, after: str) -> CustomerPage:  # noqa: ARG002 - the port's
        return _page(CustomerPage, customer_at, self._projects, after)

    async def find_customer(self, legal_entity: str, account_id: str) -> Customer | None:  # noqa: ARG002 - the port's
        return customer_at(place_of(account_id))

    async def match_customers(self, query: CustomerQuery) -> CustomerMatches:
        return CustomerMatches(linked=customer_at(place_of(query.account_id)))

    async def projects(self, legal_entity: str, after: str) -> ProjectPage:  # noqa: ARG002 - the port's
        return _page(ProjectPage, project_at, self._projects, after)

    async def list_invoices(self, legal_entity: str, span: Span, after: str) -> InvoicePage:  # noqa: ARG002 - the port's
        page = _page(InvoicePage, self._invoice, self.invoices, after)
        return replace(page, items=[one for one in page.items if self._is_there(one)])

    async def project_invoices(self, legal_entity: str, number: str) -> list[Invoice]:  # noqa: ARG002 - the port's
        return [one for one in map(self._invoice, invoices_of(number)) if self._is_there(one)]

    def _engagement(self, place: int) -> Engagement:
        return Engagement(
            contract=contract_at(place, self.first_day, self.today),
            customer=customer_at(place),
            project_number=project_number(place),
            status="active",
            started_at=self._started,
        )

    def _details(self, place: int) -> InvoiceDetails:
        lines = [
            InvoiceLineDetails(
                source_id=f"time:{number:09d}",
                kind="time",
                description=f"Week {number}",
                quantity=Decimal(8),
                unit_price=usd(cents(number) // 8),
                amount=usd(cents(number)),
            )
            for number in range(place * OF_INVOICE, (place + 1) * OF_INVOICE)
        ]
        return InvoiceDetails(
            reference=reference_of(place),
            legal_entity=LEGAL_ENTITY,
            account_id=f"A{place // OF_PROJECT:07d}",
            project_number=project_number(place // OF_PROJECT),
            currency=CURRENCY,
            date=self._day(place),
            payment_days=30,
            lines=lines,
        )

    def _invoice(self, place: int) -> Invoice:
        amount, off = net_cents(place), int(self._plants.get(place) == "invoice_amount_differs")
        return Invoice(
            id=str(place + 1),
            reference=reference_of(place),
            legal_entity=LEGAL_ENTITY,
            number=f"INV{place:07d}",
            project_number=project_number(place // OF_PROJECT),
            status=InvoiceStatus.PAID,
            currency=CURRENCY,
            net=usd(amount + off),
            tax=usd(0),
            total=usd(amount),
            paid=usd(amount),
            date=self._day(place),
        )

    def _deal(self, place: int) -> DealStanding:
        amount = self._billed(place)
        progress = DealProgress(
            deal_id=f"D{place:07d}", project_number=project_number(place), invoiced=amount, paid=amount
        )
        return DealStanding(id=progress.deal_id, closed_on=self.first_day, progress=progress)

    def _standing(self, place: int) -> ProjectStanding:
        amount, number = self._billed(place), project_number(place)
        billing = ProjectBilling(project_number=number, invoice_status="Paid", invoiced=amount, paid=amount)
        return ProjectStanding(project=project_at(place), billing=billing)

    def _work(self, place: int) -> WorkEntry:
        invoice = place // OF_INVOICE
        marked = self._plants.get(invoice) != "work_not_marked"
        return WorkEntry(
            id=f"time:{place:09d}",
            kind=WorkKind.TIME,
            project_number=project_number(invoice // OF_PROJECT),
            amount=usd(cents(place)),
            on=self._day(invoice),
            invoice_number=f"INV{invoice:07d}" if marked and self._plants.get(invoice) != "invoice_missing" else "",
        )

    def _billed(self, project: int) -> Money:
        """What CRM and PSA were told: everything, whatever became of it since."""
        return usd(sum(net_cents(place) for place in range(project * OF_PROJECT, (project + 1) * OF_PROJECT)))

    def _is_there(self, invoice: Invoice) -> bool:
        return self._plants.get(int(invoice.id) - 1) != "invoice_missing"

    def _untold(self, place: int) -> bool:
        return self._plants[place] == "invoice_missing"

    def _day(self, invoice: int) -> dt.date:
        return self.today - dt.timedelta(days=invoice % 250)


class ErpOfFirm:
    """The firm's ERP: in it, `invoices` are a page of them, and not how many there are."""

    def __init__(self, firm: MadeUpFirm) -> None:
        self._firm = firm
        self.invoices = firm.list_invoices

    def __getattr__(self, name: str) -> Any:
        return getattr(self._firm, name)


def host(services: Services, firm: MadeUpFirm) -> None:
    """Let the firm's systems be called as the services they stand for; none of the others is ever called."""
    faces: dict[str, tuple[Any, dict[str, Any]]] = {
        "crm": (system_apis.crm.api, {"crm": firm}),
        "psa": (system_apis.psa.api, {"psa": firm}),
        "erp": (system_apis.erp.api, {"erp": ErpOfFirm(firm)}),
        "project-activation": (process_apis.project_activation.api, {"activation": firm}),
        "invoice-generation": (process_apis.invoice_generation.api, {"invoicing": firm}),
    }
    for name, (face, ports) in faces.items():
        app = create_service(name, face.HANDLERS, identity=services.identity, dependencies=ports)
        services.host(name, app)


def _page(kind: Callable[..., P], make: Callable[[int], Any], many: int, after: str) -> P:
    first = int(after or 0)
    end = min(many, first + PAGE)
    return kind(items=[make(place) for place in range(first, end)], next=str(end) if end < many else "")
