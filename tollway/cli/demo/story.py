"""The story, act by act: from closed-won to cash."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import msgspec

from tollway.canonical.billing import BillingPlan, RevenueSchedule
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.money import Money, total
from tollway.canonical.statement import Accepted, BillingRun, DealOverview, Readiness
from tollway.cli.demo.callers import Caller
from tollway.cli.demo.deals import MENDED_TAX_REGISTRATION, DemoDeal
from tollway.cli.demo.finance import Finance
from tollway.cli.demo.people import People
from tollway.cli.embedded import Embedded
from tollway.problems import Conflict, TollwayError

T = TypeVar("T")
Tell = Callable[[str], None]


class StoryFailed(TollwayError):
    """Something did not come out as it should; the message says what."""


class Ending(msgspec.Struct):
    """How one deal ended."""

    deal: str
    customer: str
    project: str
    invoice: str
    amount: Money
    paid: Money
    seconds: float


class Story:
    """Plays deals through an embedded Tollway."""

    def __init__(self, embedded: Embedded, people: People, finance: Finance, tell: Tell, patience: float = 120) -> None:
        """`patience`: how many seconds to wait for what should happen by itself."""
        settings = embedded.installation.settings
        self._embedded = embedded
        self._people = people
        self._finance = finance
        self._tell = tell
        self._patience = patience
        self._sales = Caller(embedded.url, settings.folder, "sales-app")
        self._accounting = Caller(embedded.url, settings.folder, "finance-app")
        self._desk = Caller(embedded.url, settings.folder, "operations-desk")
        self._ids: dict[str, str] = {}
        self._won_at: dict[str, float] = {}
        self._cash_at: dict[str, float] = {}

    async def play(self, deals: tuple[DemoDeal, ...]) -> list[Ending]:
        """All acts; raises StoryFailed."""
        await self._sell(deals)
        await self._ask_before_closing(deals)
        await self._win(deals)
        await self._mend(deals)
        await asyncio.gather(*(self._active(deal) for deal in deals))
        await self._plan(deals)
        await self._deliver(deals)
        await self._collect(deals)
        return [await self._ending(deal) for deal in deals]

    async def open_cases(self) -> int:
        """How many cases wait for somebody."""
        return len(await self._desk.get("/operations/v1/cases?status=open", list[Case]))

    async def close(self) -> None:
        """Log everybody out."""
        for caller in (self._sales, self._accounting, self._desk):
            await caller.close()
        await self._finance.close()

    async def _sell(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            if deal.known_to_finance_as:
                await self._finance.know(deal)
                self._tell(f"Finance already knows {deal.account!r} as {deal.known_to_finance_as!r}")
            self._ids[deal.name] = await self._people.open_deal(deal)
        self._tell(f"Account executives enter {len(deals)} opportunities in Salesforce")

    async def _ask_before_closing(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            readiness = await self._sales.get(f"/sales/v1/deals/{self._ids[deal.name]}/readiness", Readiness)
            if readiness.ready == (not deal.tax_registration):
                raise StoryFailed(f"The sales API's answer on {deal.name} is wrong: {readiness}.")
            for finding in readiness.findings:
                self._tell(f"The sales API, asked before closing {deal.name!r}: {finding.message}")

    async def _win(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            self._embedded.flow.enabled = not deal.unannounced
            self._won_at[deal.name] = time.monotonic()
            await self._people.close_won(self._ids[deal.name])
            how = "but Salesforce's call never comes" if deal.unannounced else "and Salesforce calls"
            self._tell(f"{deal.name!r} is closed won, {how}")
        self._embedded.flow.enabled = True

    async def _mend(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            if deal.tax_registration:
                continue
            case = await self._until(f"a case for {deal.name}", partial(self._case_of, deal))
            self._tell(f"Case {case.id} for {case.owner_role}: {case.summary}")
            await self._people.enter_tax_registration(self._ids[deal.name], MENDED_TAX_REGISTRATION)
            self._tell(f"Sales operations enters the tax registration in Salesforce and retries {case.id}")
            await self._until(f"{case.id} to be resolved", partial(self._retried, case))

    async def _plan(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            project = f"/finance/v2/projects/{(await self._overview(deal)).project_number}"
            billing = await self._accounting.get(f"{project}/billing-plan", BillingPlan)
            revenue = await self._accounting.get(f"{project}/revenue-schedule", RevenueSchedule)
            for planned in ([line.amount for line in billing.lines], [month.amount for month in revenue.periods]):
                if total(planned, deal.currency).amount != deal.value:
                    raise StoryFailed(f"{deal.name} is planned as {planned}, which is not {deal.value}.")
        self._tell("Finance finds billing plan and revenue schedule of every project, in the ERP or kept by Tollway")

    async def _deliver(self, deals: tuple[DemoDeal, ...]) -> None:
        today = dt.datetime.now(dt.UTC).date()
        for deal in deals:
            overview = await self._overview(deal)
            await self._people.work(deal, overview.project_number)
            if deal.fixed_fee:
                self._tell(f"The first milestone of {deal.name!r} is reached; it is billed by itself")
                continue
            self._tell(f"Consultants' time on {deal.name!r} is approved; finance starts a billing run")
            run = BillingRun(project_number=overview.project_number, through=today, trigger=f"demo-{today}")
            await self._accounting.post("/finance/v2/billing-runs", Accepted, run)

    async def _collect(self, deals: tuple[DemoDeal, ...]) -> None:
        for deal in deals:
            billed = await self._until(f"an invoice for {deal.name}", partial(self._billed, deal))
            invoice = billed.statement.invoices[0] if billed.statement else None
            if invoice is None:
                raise StoryFailed(f"{deal.name} is billed without an invoice.")
            await self._finance.receive_payment(invoice)
            self._tell(f"{deal.account} pays {invoice.total.amount} {invoice.total.currency} for {invoice.number}")
        for deal in deals:
            await self._until(f"the payment of {deal.name} in Salesforce", partial(self._told_paid, deal))
            self._cash_at[deal.name] = time.monotonic()

    async def _ending(self, deal: DemoDeal) -> Ending:
        overview = await self._overview(deal)
        statement = overview.statement
        if statement is None:
            raise StoryFailed(f"{deal.name} has no statement.")
        return Ending(
            deal=deal.name,
            customer=overview.customer_number,
            project=overview.project_number,
            invoice=", ".join(invoice.number for invoice in statement.invoices),
            amount=statement.invoiced,
            paid=statement.paid,
            seconds=self._cash_at[deal.name] - self._won_at[deal.name],
        )

    async def _active(self, deal: DemoDeal) -> None:
        async def active() -> DealOverview | None:
            overview = await self._overview(deal)
            return overview if overview.stage == "active" else None

        overview = await self._until(f"the project of {deal.name}", active)
        seconds = time.monotonic() - self._won_at[deal.name]
        self._tell(f"{deal.name!r} is active as {overview.project_number}, {seconds:.1f} s after it was won")

    async def _billed(self, deal: DemoDeal) -> DealOverview | None:
        overview = await self._overview(deal)
        numbered = overview.statement and any(invoice.number for invoice in overview.statement.invoices)
        return overview if numbered else None

    async def _told_paid(self, deal: DemoDeal) -> bool | None:
        statement = (await self._overview(deal)).statement
        if statement is None or statement.paid != statement.invoiced:
            return None
        return await self._people.sees_paid(self._ids[deal.name], statement.paid.amount) or None

    async def _case_of(self, deal: DemoDeal) -> Case | None:
        path = f"/operations/v1/cases?status=open&subject={self._ids[deal.name]}"
        cases = await self._desk.get(path, list[Case])
        return cases[0] if cases else None

    async def _retried(self, case: Case) -> bool | None:
        with contextlib.suppress(Conflict):  # Tollway sees the mended deal too, and may be at it at this very moment
            await self._desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
        now = await self._desk.get(f"/operations/v1/cases/{case.id}", Case)
        return True if now.status is CaseStatus.RESOLVED else None

    async def _overview(self, deal: DemoDeal) -> DealOverview:
        return await self._sales.get(f"/sales/v1/deals/{self._ids[deal.name]}", DealOverview)

    async def _until(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.25)
        cases = await self._desk.get("/operations/v1/cases?status=open", list[Case])
        said = "; ".join(case.summary for case in cases)
        raise StoryFailed(f"Waited {self._patience:.0f} s in vain for {what}. {said}")
