"""Every write of every platform, as the process APIs make it: what it stands on, how it is sent, how it is found."""

import asyncio
import datetime as dt
import json
import secrets
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from system_apis.crm.salesforce.operations import SalesforceCrm
from system_apis.erp.netsuite.operations import build_netsuite
from system_apis.erp.netsuite.sandbox import create_sandbox as create_netsuite
from system_apis.erp.tryton.operations import build_tryton
from system_apis.psa.certinia.operations import CertiniaPsa
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.sandbox import create_sandbox as create_salesforce
from system_apis.salesforce_platform.settings import OrgSettings
from tollway.canonical.billing import BillingPlan, BillingPlanLine, RevenuePeriod, RevenueSchedule
from tollway.canonical.contract import ContractMilestone, ContractRate, ContractType, Dimensions
from tollway.canonical.customer import CustomerDetails
from tollway.canonical.deal import DealProgress
from tollway.canonical.invoice import InvoiceDetails, InvoiceLineDetails, InvoiceStatus
from tollway.canonical.money import Money
from tollway.canonical.party import Address
from tollway.canonical.project import ProjectBilling, ProjectDetails, ProjectPlan
from tollway.canonical.work import BillableItem, BilledItems, WorkKind
from tollway.ports.connection import Shared
from tollway.sandboxes import Faults, State, serve

NEXT_YEAR = dt.datetime.now(dt.UTC).year + 1
"""When things are billed; to post what lies ahead, Tryton wants a confirmation."""


class Write(msgspec.Struct, frozen=True):
    """One write, ready to be made."""

    send: Callable[[], Awaitable[Any]]
    find: Callable[[], Awaitable[Any]]
    """What is there of it, None when nothing or only a part is."""


class Platform(msgspec.Struct, frozen=True):
    """An account of a platform that nobody else uses, and what makes it fail."""

    port: Any
    faults: Faults
    writing: str
    """A regular expression of the paths of calls that may change something."""
    refusal: int
    """The status of an error that means no."""
    count: Callable[[], Awaitable[Mapping[str, int]]]
    """How many records there are of each kind."""
    given: Mapping[str, Any] = {}
    """Ids of what was there before."""
    varying: str = "(?!)"
    """A regular expression of what is another in every account, such as ids where all share one server."""
    keep: Callable[[CustomerDetails], Awaitable[str]] | None = None
    """Keeps a customer by hand, as finance does, and answers its id."""


Prepare = Callable[[Platform], Awaitable[Write]]
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, which takes no time to load: what is on loopback speaks no TLS."""


class Silence:
    """An ASGI middleware that notices calls that are kept waiting: whoever does it waits for the caller to go."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.begun: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        """By the number that `Patience` gives a call."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whole = False

        async def noticed() -> Message:
            nonlocal whole
            if whole:
                self.begun[dict(scope["headers"]).get(b"x-call", b"").decode()].set()
            message = await receive()
            whole = not message.get("more_body")
            return message

        await self._app(scope, noticed, send)


class Patience(httpx.AsyncBaseTransport):
    """Waits as long as a call takes, however slow the machine is, but for one that is kept waiting not a moment."""

    def __init__(self, silence: Silence) -> None:
        self._silence, self._sockets = silence, httpx.AsyncHTTPTransport(verify=PLAIN)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["x-call"] = call = secrets.token_hex(4)
        answer = asyncio.create_task(self._sockets.handle_async_request(request))
        silence = asyncio.create_task(self._silence.begun[call].wait())
        await asyncio.wait({answer, silence}, return_when=asyncio.FIRST_COMPLETED)
        silence.cancel()
        if not answer.done():
            answer.cancel()
            raise httpx.ReadTimeout("", request=request)
        return answer.result()

    async def aclose(self) -> None:
        await self._sockets.aclose()


def patient(client: Any, silence: Silence) -> None:
    """Have a platform's client wait by what is noticed rather than by the clock."""
    client._http._client._transport = Patience(silence)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


# --- Salesforce and Certinia, in one org ---------------------------------------------------------------------------
@asynccontextmanager
async def org(adapter: Callable[[OrgClient], Any]) -> AsyncIterator[Platform]:
    """An org with a won deal."""
    sandbox = create_salesforce(State())
    async with serve(silence := Silence(sandbox)) as address:
        client = OrgClient(OrgSettings(url=address.url, client_id="sandbox", client_secret="sandbox"))
        patient(client, silence)

        async def count() -> dict[str, int]:
            kinds = ("pse__Proj__c", "pse__Project_Task__c", "pse__Milestone__c", "Tollway_Project_Rate__c")
            return {
                kind: len([row async for row in client.query(f"SELECT Id FROM {kind}", Row, kind)]) for kind in kinds
            }

        account = await client.create("Account", {"Name": "Northwind GmbH", "CurrencyIsoCode": "EUR"})
        deal = await client.create(
            "Opportunity",
            {
                "Name": "Data platform",
                "AccountId": account,
                "StageName": "Closed Won",
                "CloseDate": "2025-11-14",
                "CurrencyIsoCode": "EUR",
                "Tollway_Legal_Entity__c": "DE01",
            },
        )
        given = {"account": account, "deal": deal, "org": client}
        yield Platform(adapter(client), sandbox, "/sobjects/|/composite", 400, count, given)
        await client.close()


class Row(msgspec.Struct):
    """A record of which only the id counts."""

    Id: str


async def report_progress(platform: Platform) -> Write:
    crm, deal = platform.port, platform.given["deal"]
    wanted = DealProgress(deal_id=deal, project_number=f"PRJ-{deal}", project_status="Active")

    async def told() -> DealProgress | None:
        said = await crm.find_progress(deal)
        return said if said and said.project_status == "Active" else None

    return Write(lambda: crm.report_progress(wanted), told)


def psa_project(platform: Platform) -> ProjectDetails:
    deal = platform.given["deal"]
    return ProjectDetails(
        number=f"PRJ-{deal}",
        deal_id=deal,
        account_id=platform.given["account"],
        name="Data platform",
        legal_entity="DE01",
        currency="EUR",
        contract_type=ContractType.TIME_AND_MATERIALS,
        value=eur("48000"),
        start=dt.date(2025, 12, 1),
        end=dt.date(2026, 3, 31),
        dimensions=Dimensions(service_line="DATA", cost_centre="CC10"),
    )


async def create_psa_project(platform: Platform) -> Write:
    psa, wanted = platform.port, psa_project(platform)
    return Write(lambda: psa.create_project(wanted), lambda: psa.find_project(wanted.number))


async def set_plan(platform: Platform) -> Write:
    psa, number = platform.port, (await platform.port.create_project(psa_project(platform))).number
    wanted = ProjectPlan(
        project_number=number,
        tasks=["Design", "Build"],
        milestones=[
            ContractMilestone(id="a10ak0000000002AAA", name="Design", amount=eur("18000"), due=dt.date(2026, 1, 31)),
            ContractMilestone(id="a10ak0000000001AAA", name="Go-live", amount=eur("30000"), due=dt.date(2026, 3, 31)),
        ],
        rates=[ContractRate(role="Architect", hourly=eur("210.50"))],
    )
    return Write(lambda: psa.set_plan(wanted), lambda: _whole(psa.find_plan(number), lambda plan: plan == wanted))


async def cancel_project(platform: Platform) -> Write:
    psa, number = platform.port, (await platform.port.create_project(psa_project(platform))).number
    return Write(
        lambda: psa.cancel_project(number), lambda: _whole(psa.find_project(number), lambda project: project.closed)
    )


async def mark_billed(platform: Platform) -> Write:
    psa, wanted = platform.port, await _two_weeks(platform)
    return Write(
        lambda: psa.mark_billed(wanted),
        lambda: _whole(psa.find_billed("INV-1"), lambda billed: len(billed.items) == len(wanted.items)),
    )


async def unmark_billed(platform: Platform) -> Write:
    psa, wanted = platform.port, await _two_weeks(platform)
    await psa.mark_billed(wanted)

    async def unmarked() -> list[str] | None:
        work = await psa.project_work(wanted.items[0].project_number)
        free = [item.description for item in work.items if not item.invoice_number]
        return free if len(free) == len(wanted.items) else None

    return Write(lambda: psa.unmark_billed(wanted), unmarked)


async def _two_weeks(platform: Platform) -> BilledItems:
    """Two approved timecards and the invoice that is to bill them."""
    number = (await platform.port.create_project(psa_project(platform))).number
    card = {
        "Name": "TCH-1",
        "pse__Project__r": {"Tollway_External_Id__c": number},
        "CurrencyIsoCode": "EUR",
        "pse__Start_Date__c": "2025-12-01",
        "pse__End_Date__c": "2025-12-07",
        "pse__Monday_Hours__c": 8,
        "pse__Bill_Rate__c": 150,
        "pse__Billable__c": True,
        "pse__Status__c": "Approved",
    }
    items = [
        BillableItem(
            id=f"time:{await platform.given['org'].create('pse__Timecard_Header__c', card)}",
            kind=WorkKind.TIME,
            project_number=number,
            description="A week",
            quantity=Decimal(8),
            unit_price=eur("150"),
            amount=eur("1200"),
            on=dt.date(2025, 12, 7),
        )
        for _ in range(2)
    ]
    return BilledItems(invoice_number="INV-1", items=items)


async def report_billing(platform: Platform) -> Write:
    psa, number = platform.port, (await platform.port.create_project(psa_project(platform))).number
    wanted = ProjectBilling(project_number=number, invoice_status="open", invoiced=eur("1200"), paid=eur("0"))
    return Write(lambda: psa.report_billing(wanted), lambda: _whole(psa.find_billing(number), lambda it: it == wanted))


# --- NetSuite ------------------------------------------------------------------------------------------------------
CODES: dict[str, Any] = {
    "legal_entities": {"DE01": {"subsidiary": "4"}},
    "items": {"time": "1", "milestone": "2"},
    "terms": {"30": "2"},
    "departments": {"IMP": "2"},
    "classes": {"IMP": "2"},
    "closed_project_status": "1",
}
BOOKS = {
    "customer": "customer",
    "project": "job",
    "invoice": "transaction",
    "plan": "customrecord_tollway_billing_plan",
    "schedule": "customrecord_tollway_revenue_schedule",
}


@asynccontextmanager
async def books() -> AsyncIterator[Platform]:
    """An empty NetSuite account."""
    sandbox = create_netsuite(State())
    async with serve(silence := Silence(sandbox)) as address:
        token = dict.fromkeys(("consumer_key", "consumer_secret", "token_id", "token_secret"), "sandbox")
        tables = {"platform": "netsuite", "account": "TSTDRV0000001", "url": address.url, **CODES, **token}
        erp = build_netsuite("books", tables, Shared())
        approving = build_netsuite("books", {**tables, "approve_invoices": True}, Shared())
        patient(erp._client, silence)
        patient(approving._client, silence)

        async def count() -> dict[str, int]:
            query = "SELECT COUNT(*) AS n FROM {}"
            rows = {name: await erp._client.query(query.format(kind), Counted, name) for name, kind in BOOKS.items()}
            return {name: row.n for name, [row] in rows.items()}

        async def keep(wanted: CustomerDetails) -> str:
            by_hand = {"companyName": wanted.name, "subsidiary": {"id": "4"}, "isPerson": False}
            made = await erp._client._send("POST", "/services/rest/record/v1/customer", "a customer", body=by_hand)
            return str(made.headers["location"].rpartition("/")[2])

        given = {"account": "0015g00000AcmeAAA", "approving": approving}
        yield Platform(erp, sandbox, "/record/", 403, count, given, keep=keep)
        await erp.close()
        await approving.close()


# --- Tryton, for real ----------------------------------------------------------------------------------------------
TRYTON_WRITING = (
    r"^/rpc/(?!wizard\..+\.(create|delete)$).+\.(?!(read|search|search_read|search_count|on_change|login)$)[a-z_]+$"
)
"""All but what reads, and what begins and ends a wizard, which does its work when it is executed."""
TRYTON_NUMBER = r"\b(INV|CN)-DE-\d+-\d+"
TRYTON_RECORDS = (
    *("party.party", "party.identifier", "project.work"),
    *("account.invoice", "account.invoice.line", "account.move"),
)
SESSIONS: dict[str, str] = {}
"""The session that was opened last at each address: a login takes a server longer than all that a test does then."""


class Door:
    """A way to a real Tryton on which faults lie in wait, for calls told apart by the method that they name."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=PLAIN)
        self.faults = Faults(self._forward, _tryton_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = b""
            while (message := await receive()).get("more_body"):
                body += message["body"]
            body += message["body"]
            named = {"path": f"/rpc/{json.loads(body)['method']}", "state": {"body": body}}
            await self.faults(scope | named, receive, send)

    async def _forward(self, scope: Scope, _: Receive, send: Send) -> None:
        kept = [(name, value) for name, value in scope["headers"] if name in (b"authorization", b"content-type")]
        answer = await self._http.post(scope["raw_path"].decode(), content=scope["state"]["body"], headers=kept)
        headers = [(b"content-type", answer.headers.get("content-type", "").encode())]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content, "more_body": False})

    async def close(self) -> None:
        await self._http.aclose()


def _tryton_error(status: int) -> tuple[int, dict[str, str], bytes]:
    """What Tryton refuses for a reason it answers with success."""
    refusal = json.dumps({"id": 0, "error": ["UserError", ["The period is closed.", "", None]]})
    return status, {"content-type": "application/json"}, refusal.encode() if status == httpx.codes.OK else b"{}"


@asynccontextmanager
async def tryton_books(tables: dict[str, Any]) -> AsyncIterator[Platform]:
    """A company in the Tryton that all tests share, for an account that is new in it."""
    door, own = Door(tables["url"]), secrets.token_hex(6)
    async with serve(silence := Silence(door)) as address:
        entities = {"DE01": tables["legal_entities"]["DE"]}
        erp = build_tryton("books", tables | {"url": address.url, "legal_entities": entities}, Shared())
        client = erp._account.client
        patient(client, silence)
        client._authorization = SESSIONS.get(tables["url"], "")
        company = await client.company("DE01")

        async def count() -> dict[str, int]:
            asked = {"company": company, "context": {"active_test": False}}
            return {kind: await client.call(f"model.{kind}.search_count", [], **asked) for kind in TRYTON_RECORDS}

        async def keep(wanted: CustomerDetails) -> str:
            by_hand = {"name": wanted.name, "code": f"{own}-F"}
            return str((await client.call("model.party.party.create", [by_hand], company=company))[0])

        before = await count()

        async def counted() -> dict[str, int]:
            return {kind: number - before[kind] for kind, number in (await count()).items()}

        given = {"account": f"001{own}"}
        yield Platform(erp, door.faults, TRYTON_WRITING, 200, counted, given, f"{own}|{TRYTON_NUMBER}", keep)
        SESSIONS[tables["url"]] = client._authorization
        await erp.close()
        await door.close()


# --- The writes of an ERP ------------------------------------------------------------------------------------------
def customer(platform: Platform) -> CustomerDetails:
    return CustomerDetails(
        account_id=platform.given["account"],
        legal_entity="DE01",
        name="Acme Robotics GmbH",
        currency="EUR",
        payment_days=30,
        billing_address=Address(street="Hafenstr. 1", city="Hamburg", postal_code="20457", country="DE"),
        tax_registration="DE136695976",
        billing_email="ap@acme.example",
    )


async def create_customer(platform: Platform) -> Write:
    erp, wanted = platform.port, customer(platform)
    return Write(lambda: erp.create_customer(wanted), lambda: erp.find_customer(wanted.legal_entity, wanted.account_id))


async def link_customer(platform: Platform) -> Write:
    erp, wanted = platform.port, customer(platform)
    assert platform.keep
    kept = await platform.keep(wanted)
    return Write(
        lambda: erp.link_customer(kept, wanted), lambda: erp.find_customer(wanted.legal_entity, wanted.account_id)
    )


def erp_project(platform: Platform) -> ProjectDetails:
    account = platform.given["account"]
    return ProjectDetails(
        number=f"PRJ-{account}",
        deal_id=account.replace("001", "006", 1),
        account_id=account,
        name="Warehouse automation",
        legal_entity="DE01",
        currency="EUR",
        contract_type=ContractType.FIXED_FEE,
        value=eur("2000"),
        start=dt.date(NEXT_YEAR, 1, 1),
        end=dt.date(NEXT_YEAR, 6, 30),
        dimensions=Dimensions(service_line="IMP", cost_centre="IMP"),
    )


async def create_erp_project(platform: Platform) -> Write:
    erp, wanted = platform.port, erp_project(platform)
    await erp.create_customer(customer(platform))
    return Write(lambda: erp.create_project(wanted), lambda: erp.find_project(wanted.legal_entity, wanted.number))


async def close_project(platform: Platform) -> Write:
    erp, project = platform.port, await _with_project(platform)
    entity, number = project.legal_entity, project.number
    return Write(
        lambda: erp.close_project(entity, number),
        lambda: _whole(erp.find_project(entity, number), lambda found: found.closed),
    )


async def set_billing_plan(platform: Platform) -> Write:
    erp, project = platform.port, await _with_project(platform)
    lines = [
        BillingPlanLine(
            id=f"{project.number}-BP-{n}", description=f"Part {n}", amount=eur("1000"), due=dt.date(2026, n, 28)
        )
        for n in (1, 2)
    ]
    wanted = BillingPlan(
        project_number=project.number,
        legal_entity=project.legal_entity,
        currency="EUR",
        contract_type=project.contract_type,
        lines=lines,
    )
    finding = lambda: erp.find_billing_plan(project.legal_entity, project.number)  # noqa: E731 - two of its kind
    return Write(lambda: erp.set_billing_plan(wanted), lambda: _whole(finding(), lambda plan: plan.lines == lines))


async def set_revenue_schedule(platform: Platform) -> Write:
    erp, project = platform.port, await _with_project(platform)
    periods = [RevenuePeriod(month=dt.date(2026, n, 1), amount=eur("1000")) for n in (1, 2)]
    wanted = RevenueSchedule(
        project_number=project.number, legal_entity=project.legal_entity, currency="EUR", periods=periods
    )
    finding = lambda: erp.find_revenue_schedule(project.legal_entity, project.number)  # noqa: E731 - two of its kind
    return Write(lambda: erp.set_revenue_schedule(wanted), lambda: _whole(finding(), lambda it: it.periods == periods))


def invoice(project: ProjectDetails) -> InvoiceDetails:
    return InvoiceDetails(
        reference=f"{project.number}-001",
        legal_entity=project.legal_entity,
        account_id=project.account_id,
        project_number=project.number,
        currency="EUR",
        date=dt.date(NEXT_YEAR, 6, 30),
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
                unit_price=eur("100.00"),
                amount=eur("750.00"),
            )
        ],
    )


async def create_invoice(platform: Platform) -> Write:
    erp, wanted = platform.port, invoice(await _with_project(platform))
    return Write(lambda: erp.create_invoice(wanted), lambda: erp.find_invoice(wanted.legal_entity, wanted.reference))


async def post_invoice(platform: Platform) -> Write:
    erp, wanted = platform.port, invoice(await _with_project(platform))
    await erp.create_invoice(wanted)
    finding = lambda: erp.find_invoice(wanted.legal_entity, wanted.reference)  # noqa: E731 - two of its kind
    return Write(
        lambda: erp.post_invoice(wanted.legal_entity, wanted.reference),
        lambda: _whole(finding(), lambda it: it.status is not InvoiceStatus.DRAFT),
    )


async def cancel_invoice(platform: Platform) -> Write:
    erp = platform.given.get("approving", platform.port)
    wanted = invoice(await _with_project(platform))
    await erp.create_invoice(wanted)
    finding = lambda: erp.find_invoice(wanted.legal_entity, wanted.reference)  # noqa: E731 - two of its kind
    return Write(
        lambda: erp.cancel_invoice(wanted.legal_entity, wanted.reference),
        lambda: _whole(finding(), lambda it: it.status is InvoiceStatus.CANCELLED),
    )


async def credit_invoice(platform: Platform) -> Write:
    erp, wanted = platform.port, invoice(await _with_project(platform))
    entity, reference = wanted.legal_entity, wanted.reference
    await erp.create_invoice(wanted)
    await erp.post_invoice(entity, reference)
    return Write(
        lambda: erp.credit_invoice(entity, reference, "The wrong purchase order."),
        lambda: erp.find_credit_note(entity, reference),
    )


async def _with_project(platform: Platform) -> ProjectDetails:
    wanted = erp_project(platform)
    await platform.port.create_customer(customer(platform))
    await platform.port.create_project(wanted)
    return wanted


async def _whole(finding: Awaitable[Any], is_whole: Callable[[Any], bool]) -> Any:
    """What is found, unless it is not all that was wanted."""
    found = await finding
    return found if found is not None and is_whole(found) else None


class Counted(msgspec.Struct):
    """An answer to how many."""

    n: int


PLATFORMS: Mapping[str, Callable[..., AbstractAsyncContextManager[Platform]]] = {
    "crm/salesforce": lambda: org(SalesforceCrm),
    "psa/certinia": lambda: org(CertiniaPsa),
    "erp/netsuite": books,
    "erp/tryton": tryton_books,
}
REAL = {"erp/tryton": "tryton_tables"}
"""The platforms that are no sandbox, and the fixture that says how they are reached."""
WRITES: Mapping[str, Mapping[str, Prepare]] = {
    "crm": {"report_progress": report_progress},
    "psa": {
        "create_project": create_psa_project,
        "set_plan": set_plan,
        "cancel_project": cancel_project,
        "mark_billed": mark_billed,
        "unmark_billed": unmark_billed,
        "report_billing": report_billing,
    },
    "erp": {
        "create_customer": create_customer,
        "link_customer": link_customer,
        "create_project": create_erp_project,
        "close_project": close_project,
        "set_billing_plan": set_billing_plan,
        "set_revenue_schedule": set_revenue_schedule,
        "create_invoice": create_invoice,
        "post_invoice": post_invoice,
        "cancel_invoice": cancel_invoice,
        "credit_invoice": credit_invoice,
    },
}
SILENT = {("erp/netsuite", "post_invoice")}
"""Writes that ask the platform for nothing: an invoice that needs no approval is posted as it is created."""
REFUSED = {("erp/tryton", "set_revenue_schedule")}
"""Writes that a platform has nothing for, and refuses unasked; its capabilities say so."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for them every write of every platform."""
    if "operation" in metafunc.fixturenames:
        writes = [(where, what) for where in PLATFORMS for what in WRITES[where.split("/")[0]]]
        cases = [
            pytest.param(where, what, id=f"{where}.{what}", marks=[pytest.mark.real_erp] if where in REAL else [])
            for where, what in writes
            if (where, what) not in REFUSED
        ]
        metafunc.parametrize(("platform_name", "operation"), cases)


@pytest.fixture
def account(platform_name: str, request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[Platform]]:
    """Opens an account of the platform."""
    if platform_name in REAL:
        return partial(PLATFORMS[platform_name], request.getfixturevalue(REAL[platform_name]))
    return PLATFORMS[platform_name]


@pytest.fixture
def opened(
    account: Callable[[], AbstractAsyncContextManager[Platform]], platform_name: str, operation: str
) -> Callable[[], AbstractAsyncContextManager[tuple[Platform, Write]]]:
    """Opens an account of the platform in which the write is about to be made."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[tuple[Platform, Write]]:
        async with account() as platform:
            write = await WRITES[platform_name.split("/", maxsplit=1)[0]][operation](platform)
            platform.faults.calls.clear()
            yield platform, write

    return opening


@pytest.fixture
def silent(platform_name: str, operation: str) -> bool:
    """Whether the write has nothing to do."""
    return (platform_name, operation) in SILENT


@pytest.fixture
def registered() -> Mapping[str, set[str]]:
    """The writes of each domain that the suite runs, and the platforms it runs them on."""
    return {domain: set(writes) for domain, writes in WRITES.items()} | {"platforms": set(PLATFORMS)}
