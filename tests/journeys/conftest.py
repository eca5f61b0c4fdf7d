"""A firm that runs Tollway in this process, with its Salesforce org and NetSuite account in sandboxes."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
import pytest_asyncio

from system_apis.erp.netsuite.client import NetSuiteClient
from system_apis.erp.netsuite.models import Body, Ref
from system_apis.erp.netsuite.rows import Row
from system_apis.erp.netsuite.settings import netsuite_settings
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.canonical.case import Case, CaseStatus
from tollway.canonical.process import ProcessState, ProcessStatus
from tollway.canonical.statement import Accepted, BillingRun, DealOverview
from tollway.cli.demo.callers import Caller
from tollway.cli.demo.deals import DemoDeal
from tollway.cli.demo.finance import Books, NetSuiteFinance
from tollway.cli.demo.people import People
from tollway.cli.embedded import Embedded, embedded
from tollway.cli.patience import repeated
from tollway.problems import Conflict, NotFound, Unavailable, UnknownOutcome
from tollway.sandboxes import Faults
from tollway.settings import Settings, load

T = TypeVar("T")
CONFIGURATION = Path(__file__).parents[2] / "tollway.toml"
PATIENCE = 120.0
"""Seconds to wait for what should happen by itself."""
LEISURE = 0.5
"""Seconds between two looks at what takes its time: some wait at once, and the plan of an app has a limit."""


class Held(msgspec.Struct, frozen=True):
    """How many things about one deal the platforms hold."""

    customers: int = 0
    erp_projects: int = 0
    psa_projects: int = 0
    invoices: int = 0
    billed_items: int = 0
    """Invoice lines, all invoices together."""


class ErpCustomer(Body, frozen=True, kw_only=True):
    """A customer as finance keeps it by hand."""

    company_name: str
    subsidiary: Ref
    currency: Ref
    vat_reg_number: str
    is_person: bool = False
    credit_hold_override: Ref | None = None


class _Value(Row, frozen=True, kw_only=True):
    value: str


async def until(what: str, look: Callable[[], Awaitable[T | None]], leisure: float = LEISURE) -> T:
    """Look again and again, less and less often; fails when nothing is found in time."""
    end, pause = time.monotonic() + PATIENCE, 0.1
    while time.monotonic() < end:
        with contextlib.suppress(UnknownOutcome):  # nothing was heard in time: look again
            found = await look()
            if found is not None:
                return found
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, leisure)
    raise AssertionError(f"waited in vain for {what}")


class Firm:
    """The people of a firm, at their CRM, PSA and ERP and at the gateway."""

    nothing = Held()
    set_up = Held(customers=1, erp_projects=1, psa_projects=1)
    """What is held about a deal whose project stands."""
    billed_once = Held(customers=1, erp_projects=1, psa_projects=1, invoices=1, billed_items=1)

    def __init__(self, settings: Settings, running: Embedded | None = None) -> None:
        """`running`: the installation, when it is in this process."""
        tables = settings.connections
        self.settings = settings
        self.running = running
        self._numbers = count(1)
        self.org = OrgClient(read_settings("salesforce", tables["salesforce"]))
        self.erp = NetSuiteClient("netsuite", netsuite_settings("netsuite", tables["netsuite"]))
        self.people = People(self.org, dt.datetime.now(dt.UTC).date())
        self.finance = NetSuiteFinance("netsuite", tables["netsuite"])
        clients = ("sales-app", "finance-app", "operations-desk", "finance-desk", "salesforce-flow")
        url = f"http://{settings.gateway.host}:{settings.gateway.port}"
        self.sales, self.accounting, self.desk, self.finance_desk, self.flow = (
            Caller(url, settings.folder, one) for one in clients
        )

    @property
    def salesforce(self) -> Faults:
        """The bad days of the Salesforce sandbox in this process."""
        return self.running.sandboxes["salesforce"]

    @property
    def netsuite(self) -> Faults:
        """The bad days of the NetSuite sandbox in this process."""
        return self.running.sandboxes["netsuite"]

    def new_deal(self, **changes: Any) -> DemoDeal:
        """A deal nobody has entered yet, with an account of its own: a fixed fee in the US unless changed."""
        number = next(self._numbers)
        terms: dict[str, Any] = {
            "name": f"Deal {number}",
            "account": f"Customer {number} Inc",
            "legal_entity": "NWC-US",
            "country": "United States",
            "city": "Oakland",
            "state": "CA",
            "tax_registration": f"91-{number:07d}",
            "service_line": "ADV",
        }
        priced = {} if "rates" in changes else {"milestones": {"Design": "1000.00", "Build": "500.50"}}
        return DemoDeal(**terms | priced | changes)

    def hourly_deal(self) -> DemoDeal:
        """A deal for time and materials, of which six hours are worked."""
        return self.new_deal(rates={"Engineer": ("150.00", "40")}, hours={"Engineer": "6"})

    async def sell(self, deal: DemoDeal) -> str:
        """A deal is entered and won; answers the opportunity's id."""
        opportunity = await self.people.open_deal(deal)
        await self.people.close_won(opportunity)
        return opportunity

    async def sell_unannounced(self, deal: DemoDeal) -> str:
        """A deal is won and Salesforce does not call, so that Tollway begins with it in a moment only."""
        self.running.flow.enabled = False
        deal_id = await self.sell(deal)
        self.running.flow.enabled = True
        return deal_id

    async def overview(self, deal_id: str) -> DealOverview:
        """What the sales API says of a deal."""
        return await self.sales.get(f"/sales/v1/deals/{deal_id}", DealOverview)

    async def active(self, deal_id: str) -> DealOverview:
        """Wait until the deal's project stands."""

        async def look() -> DealOverview | None:
            overview = await self.overview(deal_id)
            return overview if overview.stage == "active" else None

        return await until(f"deal {deal_id} to be active", look)

    async def finished(self, process_id: str) -> ProcessState:
        """Wait until a process came to its end."""

        async def look() -> ProcessState | None:
            with contextlib.suppress(NotFound, Unavailable):  # not started yet, or its worker was killed
                state = await self.desk.get(f"/operations/v1/processes/{process_id}", ProcessState)
                return state if state.status is ProcessStatus.FINISHED else None
            return None

        return await until(f"process {process_id} to finish", look)

    async def through(self, process_id: str) -> ProcessState:
        """Wait until a process came to its end, retrying it whenever it is parked."""

        async def look() -> ProcessState | None:
            for case in await self.cases():
                if case.process_id == process_id:
                    with contextlib.suppress(Conflict):
                        await self.desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
            with contextlib.suppress(NotFound):
                state = await self.desk.get(f"/operations/v1/processes/{process_id}", ProcessState)
                return state if state.status is ProcessStatus.FINISHED else None
            return None

        return await until(f"process {process_id} to go through", look)

    async def billed(self, deal_id: str, invoices: int = 1) -> DealOverview:
        """Wait until the deal has this many numbered invoices."""

        async def look() -> DealOverview | None:
            overview = await self.overview(deal_id)
            there = overview.statement.invoices if overview.statement else []
            return overview if sum(bool(invoice.number) for invoice in there) == invoices else None

        return await until(f"deal {deal_id} to be billed", look)

    async def bill(self, project: str, trigger: str = "by-hand") -> Accepted:
        """Finance starts a billing run through today."""
        run = BillingRun(project_number=project, through=dt.datetime.now(dt.UTC).date(), trigger=trigger)
        return await self.accounting.post("/finance/v2/billing-runs", Accepted, run)

    async def cases(self, status: str = "open", subject: str = "") -> list[Case]:
        """What waits on the operations desk."""
        return await self.desk.get(f"/operations/v1/cases?status={status}&subject={subject}", list[Case])

    async def case(self, subject: str) -> Case:
        """Wait for the case about a deal or project."""

        async def look() -> Case | None:
            cases = await self.cases(subject=subject)
            return cases[0] if cases else None

        return await until(f"a case about {subject}", look)

    async def retry(self, case: Case) -> None:
        """The desk retries a mended case until it is resolved: the poller may be at it at the same moment."""

        async def look() -> bool | None:
            with contextlib.suppress(Conflict):
                await self.desk.post(f"/operations/v1/cases/{case.id}/retry", Case)
            now = await self.desk.get(f"/operations/v1/cases/{case.id}", Case)
            return True if now.status is CaseStatus.RESOLVED else None

        await until(f"{case.id} to be resolved", look)

    async def cancel(self, case: Case) -> None:
        """The desk gives a case up."""
        await self.desk.post(f"/operations/v1/cases/{case.id}/cancellation", Case)

    async def post(self, caller: Caller, path: str, content: bytes, **headers: str) -> httpx.Response:
        """Post anything at all to the gateway, with the caller's token."""
        await caller.get("/health/live", dict[str, str])
        sent = {"authorization": f"Bearer {caller._token}", "content-type": "application/json", **headers}
        return await repeated(lambda: caller._http.post(path, content=content, headers=sent))

    async def know_customer(self, deal: DemoDeal, external_id: str, *, hold: str = "AUTO") -> None:
        """Finance has a customer with the deal's tax registration on file, under a name of its own."""
        customer = ErpCustomer(
            company_name=f"{external_id} holdings",
            subsidiary=Ref(id="2"),
            currency=Ref(id=await self.erp.currency("USD")),
            vat_reg_number=deal.tax_registration,
            credit_hold_override=Ref(id=hold),
        )
        await self.erp.upsert("customer", external_id, customer, "a customer of finance's own")

    async def held(self, deal_id: str) -> Held:
        """What the platforms themselves hold about a deal."""
        account = (await self.rows(f"SELECT AccountId FROM Opportunity WHERE Id = '{deal_id}'"))[0]["AccountId"]
        project = f"PRJ-{deal_id}"
        ours = f"type = 'CustInvc' AND custbody_tollway_project = '{project}'"
        billed = (
            "FROM transactionline l JOIN transaction t ON t.id = l.transaction "
            f"WHERE l.custcol_tollway_source_id IS NOT NULL AND {ours}"
        )
        queries = (
            f"SELECT id AS value FROM customer WHERE custentity_tollway_account_id = '{account}'",
            f"SELECT id AS value FROM job WHERE custentity_tollway_project_number = '{project}'",
            f"SELECT id AS value FROM transaction WHERE {ours}",
            f"SELECT l.id AS value {billed}",
        )
        customers, projects, invoices, lines = [len(await self.column(query)) for query in queries]
        psa = await self.rows(f"SELECT Id FROM pse__Proj__c WHERE Tollway_External_Id__c = '{project}'")
        return Held(customers, projects, len(psa), invoices, lines)

    async def column(self, suiteql: str) -> list[str]:
        """What NetSuite itself answers in the column `value`."""
        return [row.value for row in await self.erp.query(suiteql, _Value, "what is held")]

    async def books(self) -> Books:
        """What the ERP itself counts."""
        return await self.finance.books()

    async def rows(self, soql: str) -> list[dict[str, Any]]:
        """What the Salesforce org itself answers."""
        answer = await self.org.send("GET", f"{self.org.root}/query", "test", params={"q": soql})
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    async def until(self, what: str, look: Callable[[], Awaitable[T | None]], leisure: float = LEISURE) -> T:
        """Look again and again, at last every `leisure` seconds; fails when nothing is found in time."""
        return await until(what, look, leisure)

    async def close(self) -> None:
        """Everybody logs out."""
        callers = (self.sales, self.accounting, self.desk, self.finance_desk, self.flow)
        for one in (self.org, self.erp, self.finance, *callers):
            await one.close()


def _quiet(firm: Firm) -> None:
    for sandbox in (firm.salesforce, firm.netsuite):
        sandbox.set()
    firm.running.flow.enabled = True


Up = Callable[[dict[str, str]], AbstractAsyncContextManager[asyncio.subprocess.Process]]
UpFirm = Callable[[dict[str, str]], AbstractAsyncContextManager[tuple[Firm, asyncio.subprocess.Process]]]
OpenFirm = Callable[[Settings], AbstractAsyncContextManager[Firm]]


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Firm]:
    async with embedded(settings) as running:
        firm = Firm(settings, running)
        try:
            yield firm
        finally:
            await firm.close()


@pytest.fixture(scope="session")
def open_firm() -> OpenFirm:
    """Opens an installation and the firm around it; one at a time, since the engine is one per process."""
    return _open


@pytest.fixture
async def firm(settings: Settings) -> AsyncIterator[Firm]:
    """A firm that has just opened."""
    async with _open(settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firm_of_module(
    tmp_path_factory: pytest.TempPathFactory, make_variables: Callable[..., dict[str, str]]
) -> AsyncIterator[Firm]:
    """A firm that stays open for all tests of a module, which tell their deals apart."""
    async with _open(load(CONFIGURATION, make_variables(tmp_path_factory.mktemp("firm")))) as opened:
        yield opened


@pytest.fixture
def shared_firm(firm_of_module: Firm) -> Iterator[Firm]:
    """The module's firm, on a day without faults."""
    yield firm_of_module
    _quiet(firm_of_module)


@asynccontextmanager
async def _up(run: Up, variables: dict[str, str]) -> AsyncIterator[tuple[Firm, asyncio.subprocess.Process]]:
    async with run(variables) as process:
        firm = Firm(load(CONFIGURATION, variables))
        try:
            yield firm, process
        finally:
            await firm.close()


@pytest.fixture
def up_firm(tollway_up: Up) -> UpFirm:
    """Runs `tollway up` as a process of its own, with the firm around it."""
    return partial(_up, tollway_up)
