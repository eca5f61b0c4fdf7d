"""The desk of cases, over processes and platforms that note what they are asked."""

import datetime as dt
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from process_apis.casework.processes import ProcessDesk
from process_apis.casework.remedies import Remedies
from process_apis.casework.service import DealCasework
from process_apis.casework.undoing import Undoing
from process_apis.casework.waiting import Waiting
from process_apis.invoice_generation.claims import Claims
from process_apis.invoice_generation.service import InvoiceGeneration
from tollway import context
from tollway.canonical.case import Case, CaseStatus, Category
from tollway.canonical.process import ProcessState, ProcessStatus, StepRecord
from tollway.canonical.statement import Accepted, BillingRun, Readiness
from tollway.cases import Cases
from tollway.cases.desk import Desk
from tollway.cases.overlays import Overlays
from tollway.cases.skips import Skips
from tollway.effects import Effects
from tollway.problems import NotFound, Rejected

NOT_A_PROCESS = ("nobody", "reconciliation:INV", "notice:")


class Retries:
    """The engine as far as casework asks it, with what it was asked."""

    def __init__(self) -> None:
        self.retried: list[str] = []
        self.failed_at: list[str] = []
        self.given_up: list[str] = []
        self.started: dict[str, object] = {}
        self.replayed: list[tuple[str, int]] = []
        self.status = ProcessStatus.PARKED
        self.known: set[str] = set()
        """The cancellations that there are."""

    async def replay(self, process_id, from_step):
        self.replayed.append((process_id, from_step))

    async def give_up(self, name, process_id):
        self.given_up.append(process_id)
        number = process_id.split(":")[1]
        run = BillingRun(project_number=number, through=dt.date(2026, 3, 1), trigger="test")
        return run if name == "invoice-generation" else None

    async def start(self, name, process_id, argument):
        self.started.setdefault(process_id, argument)

    async def retry(self, process_id):
        self.retried.append(process_id)

    async def state(self, process_id):
        undoing = process_id.startswith(("activation-cancellation:", "invoice-cancellation:"))
        if process_id.startswith(NOT_A_PROCESS) or (undoing and process_id not in self.known):
            raise NotFound(f"There is no process {process_id}.")
        steps = [
            StepRecord(number=number, name=name, error="no", milliseconds=1)
            for number, name in enumerate(self.failed_at)
        ]
        process = process_id.partition(":")[0]
        return ProcessState(process_id=process_id, process=process, status=self.status, steps=steps)


class Activation:
    """Project activation that notes which deals are taken back."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def cancel(self, deal_id):
        self.cancelled.append(deal_id)
        return Accepted(process_id=f"activation-cancellation:{deal_id}")


class Ingress:
    """Ingress that notes what is done about notices, or refuses it."""

    def __init__(self) -> None:
        self.retried: list[str] = []
        self.skipped: list[str] = []
        self.refusal: Exception | None = None

    async def retry(self, notice_id):
        if self.refusal:
            raise self.refusal
        self.retried.append(notice_id)

    async def skip(self, notice_id):
        if self.refusal:
            raise self.refusal
        self.skipped.append(notice_id)


class Onboarding:
    """Customer onboarding that notes what it is told, or refuses it."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.refusal: Exception | None = None

    async def correct(self, correction):
        if self.refusal:
            raise self.refusal
        self.told.append(correction)
        return Readiness(deal_id=correction.deal_id, ready=True)

    async def choose_customer(self, choice):
        if self.refusal:
            raise self.refusal
        self.told.append(choice)


class NothingLost:
    """Records that no backup was ever restored over."""

    async def of_project(self, number):
        return None


class DeskParts:
    """Casework with all that it touches."""

    def __init__(self, database) -> None:
        self.cases, self.claims, self.desk = Cases(database), Claims(database), Desk(database)
        self.skips, self.effects = Skips(database), Effects(database, [0.0])
        self.engine, self.activation, self.onboarding = Retries(), Activation(), Onboarding()
        self.ingress = Ingress()
        invoicing = InvoiceGeneration(None, None, self.activation, self.engine, self.claims, NothingLost())
        undoing = Undoing(self.engine, self.effects, self.activation, invoicing)
        skippable = {"collections": ("tell_crm", "tell_psa")}
        waiting = Waiting(self.engine, self.ingress, undoing)
        remedies = Remedies(self.cases, self.skips, self.onboarding, waiting, skippable)
        self.processes = ProcessDesk(database, self.engine, self.cases, undoing, remedies)
        overlays, parts = Overlays(database), (remedies, self.processes)
        self.casework = DealCasework(self.cases, self.desk, self.engine, self.effects, overlays, *parts)

    async def parked(self, process: str, number: str = "DEAL-1", category: Category = Category.CREDIT_HOLD) -> Case:
        error = Rejected("The platform says no.", category=category)
        return await self.cases.park(process, f"{process}:{number}", number, error)

    async def made(self, identity: str, process_id: str) -> None:
        """Something that a process wrote."""
        token = context.enter(replace(context.new_context(), process_id=process_id))

        async def send() -> str:
            return "done"

        await self.effects.apply(identity, "it", send, send, str)
        context.leave(token)

    async def status(self, case) -> CaseStatus:
        return (await self.casework.case(case.id)).status

    async def did(self, case) -> list[str]:
        return [event.did for event in (await self.casework.file(case.id)).history]


@pytest.fixture
def desk(database) -> DeskParts:
    return DeskParts(database)


@pytest.fixture
def as_lead(acting) -> Iterator[None]:
    """Everything is done by the lead of operations."""
    with acting("operations_lead", name="lead@northwind"):
        yield
