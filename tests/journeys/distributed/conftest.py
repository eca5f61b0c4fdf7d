"""An installation whose services, sandboxes and issuer are processes of their own, on PostgreSQL."""

import asyncio
import datetime as dt
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
import pytest_asyncio

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.canonical.statement import DealOverview
from tollway.cli.catalogue import SERVICES
from tollway.cli.demo.callers import Caller
from tollway.cli.demo.deals import DemoDeal
from tollway.cli.demo.finance import NetSuiteFinance
from tollway.cli.demo.people import People
from tollway.cli.installation import CLIENTS
from tollway.cli.tryton_server.postgres import Postgres
from tollway.cli.tryton_server.processes import ensure_alive, environment, running
from tollway.issuer import client_secret, create_issuer
from tollway.sandboxes import serve
from tollway.sandboxes.faults import Fault
from tollway.service import create_service
from tollway.settings import Settings, load

T = TypeVar("T")
ROOT = Path(__file__).parents[3]
PATIENCE = 120.0
"""Seconds to wait for what should happen by itself."""
LEISURE = 0.5
"""Seconds between two looks at what takes its time."""
REPLICA = "customer-onboarding-2"
"""A second process of the service whose name is in front."""
SECRET = secrets.token_hex(16)
"""What Tollway shows the platforms, and what must never be seen in a log."""


class Processes:
    """The operating-system processes of one installation, and the people around it."""

    replica = REPLICA
    secret = SECRET
    services = (*SERVICES, REPLICA, "gateway")

    def __init__(self, folder: Path, storage_url: str, stack: AsyncExitStack, free_port: Callable[[], int]) -> None:
        self.folder = folder
        self.storage_url = storage_url
        self.key = secrets.token_hex(24)
        self.ports = {name: free_port() for name in (*self.services, "issuer", "salesforce", "netsuite")}
        self.children: dict[str, asyncio.subprocess.Process] = {}
        self._stack = stack
        self._config = folder / "tollway.toml"
        services = "".join(f'[services.{name}]\nurl = "{self.url(name)}"\n' for name in SERVICES)
        self._config.write_text((ROOT / "tollway.toml").read_text("utf-8") + services, "utf-8")
        self._variables = {
            "TOLLWAY_STORAGE__FOLDER": str(folder / "state"),
            "TOLLWAY_STORAGE__URL": storage_url,
            "TOLLWAY_IDENTITY__KEY": self.key,
            "TOLLWAY_GATEWAY__ISSUER": self.url("issuer"),
            "TOLLWAY_CONNECTIONS__SALESFORCE__URL": self.url("salesforce"),
            "TOLLWAY_CONNECTIONS__SALESFORCE__CLIENT_SECRET": SECRET,
            "TOLLWAY_CONNECTIONS__NETSUITE__URL": self.url("netsuite"),
            "TOLLWAY_CONNECTIONS__NETSUITE__CONSUMER_SECRET": SECRET,
            "TOLLWAY_CONNECTIONS__NETSUITE__TOKEN_SECRET": SECRET,
            "TOLLWAY_POLLING__SECONDS": "0.5",
            "TOLLWAY_POLLING__OVERLAP_SECONDS": "5",
        }

    @property
    def settings(self) -> Settings:
        """What every service reads."""
        return load(self._config, self._variables)

    def url(self, name: str) -> str:
        """Where a process answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def log(self, name: str) -> Path:
        """What a process printed."""
        return self.folder / f"{name}.log"

    async def sandbox(self, platform: str) -> None:
        """Start a platform's sandbox."""
        await self._run(platform, "sandbox", platform, "--port", str(self.ports[platform]), "--client-secret", SECRET)

    async def serve(self, name: str, host: str = "127.0.0.1") -> None:
        """Start a service."""
        where = ("--host", host, "--port", str(self.ports[name]), "--config", str(self._config))
        await self._run(name, "serve", name.removesuffix("-2"), *where)

    async def stop(self, name: str, by: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Tell a process to stop; answers its exit status and how many seconds it took."""
        began = time.monotonic()
        self.children[name].send_signal(by)
        return await self.children[name].wait(), time.monotonic() - began

    async def ready(self, *names: str) -> None:
        """Wait until services say they are ready."""
        for name in names:
            await self.answers(name, "/health/ready")

    async def answers(self, name: str, path: str = "/__sandbox__/calls") -> None:
        """Wait until a process answers that all is well."""
        said = ""
        async with httpx.AsyncClient(base_url=self.url(name)) as http:

            async def look() -> bool | None:
                nonlocal said
                ensure_alive(self.children[name], name, self.log(name))
                try:
                    answer = await http.get(path)
                except httpx.HTTPError as error:
                    said = repr(error)
                    return None
                said = answer.text
                return answer.is_success or None

            await until(f"{name} to answer", look, lambda: said)

    async def befall(self, platform: str, *faults: Fault) -> None:
        """Switch faults of a sandbox on, in the place of those before."""
        async with httpx.AsyncClient(base_url=self.url(platform)) as http:
            answer = await http.put("/__sandbox__/faults", content=msgspec.json.encode(faults))
            answer.raise_for_status()

    async def _run(self, name: str, *arguments: str) -> None:
        kept = {}
        if sys.dont_write_bytecode:  # each of them would compile the same modules for seconds
            kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}
        command = (sys.executable, "-m", "tollway.cli", *arguments)
        child = running(*command, env=environment(**self._variables, **kept), log=self.log(name))
        self.children[name] = await self._stack.enter_async_context(child)


class Firm:
    """The people of the firm, at the platforms and at the gateway."""

    def __init__(self, processes: Processes) -> None:
        settings, gateway, issuer = processes.settings, processes.url("gateway"), processes.url("issuer")
        self.org = OrgClient(read_settings("salesforce", settings.connections["salesforce"]))
        self.people = People(self.org, dt.datetime.now(dt.UTC).date())
        self.finance = NetSuiteFinance("netsuite", settings.connections["netsuite"])
        self.http = httpx.AsyncClient(base_url=gateway, timeout=30)
        self._issuer, self._folder = issuer, processes.folder
        self.sales, self.desk = (
            Caller(gateway, processes.folder, client, issuer) for client in ("sales-app", "operations-desk")
        )
        self.shown: list[str] = []
        """Secrets and tokens that callers have sent."""

    async def sell(self, deal: DemoDeal) -> str:
        """A deal is entered and won, and Salesforce calls; answers the opportunity's id."""
        opportunity = await self.people.open_deal(deal)
        await self.people.close_won(opportunity)
        event = {
            "event_id": secrets.token_hex(16),
            "opportunity_id": opportunity,
            "stage": "Closed Won",
            "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
            "organization_id": "00D000000000001",
        }
        await self.post("salesforce-flow", "/inbound/v1/salesforce/opportunity-closed-won", event)
        return opportunity

    async def post(self, client: str, path: str, body: Any) -> httpx.Response:
        """Post to the gateway with a new token of the client, and a new correlation id."""
        credentials = (client, client_secret(self._folder, client))
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post(f"{self._issuer}/oauth2/token", data=form, auth=credentials)
        token = answer.raise_for_status().json()["access_token"]
        self.shown += [credentials[1], token]
        headers = {"authorization": f"Bearer {token}", "correlation-id": secrets.token_hex(8)}
        headers |= {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
        return (await self.http.post(path, content=msgspec.json.encode(body), headers=headers)).raise_for_status()

    async def overview(self, deal_id: str) -> DealOverview:
        """What the sales API says of a deal."""
        return await self.sales.get(f"/sales/v1/deals/{deal_id}", DealOverview)

    async def active(self, deal_id: str) -> DealOverview:
        """Wait until the deal's project stands."""

        async def look() -> DealOverview | None:
            overview = await self.overview(deal_id)
            return overview if overview.stage == "active" else None

        return await until(f"deal {deal_id} to be active", look)

    async def paid(self, deal_id: str) -> DealOverview:
        """The deal's one invoice is paid; wait until the CRM knows."""

        async def billed() -> DealOverview | None:
            overview = await self.overview(deal_id)
            return overview if overview.statement and any(i.number for i in overview.statement.invoices) else None

        async def told() -> DealOverview | None:
            overview = await self.overview(deal_id)
            statement = overview.statement
            if statement is None or statement.paid != statement.invoiced:
                return None
            return overview if await self.people.sees_paid(deal_id, statement.paid.amount) else None

        statement = (await until(f"deal {deal_id} to be billed", billed)).statement
        assert statement is not None
        await self.finance.receive_payment(statement.invoices[0])
        return await until(f"deal {deal_id} to be paid", told)

    async def held(self) -> tuple[int, ...]:
        """Customers, ERP projects, PSA projects, invoices, paid invoices and duplicates, as the platforms count."""
        books, delivered = await self.finance.books(), await self.people.projects()
        return books.customers, books.projects, len(delivered), books.invoices, books.paid, books.duplicates

    async def until(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        """Look again and again; fails when nothing is found in time."""
        return await until(what, look)

    async def close(self) -> None:
        """Everybody logs out."""
        await self.http.aclose()
        for one in (self.org, self.finance, self.sales, self.desk):
            await one.close()


async def until(what: str, look: Callable[[], Awaitable[T | None]], known: Callable[[], str] = str) -> T:
    """Look again and again, less and less often; fails, with what is known, when nothing is found in time."""
    end, pause = time.monotonic() + PATIENCE, 0.1
    while time.monotonic() < end:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, LEISURE)
    raise AssertionError(f"waited in vain for {what} {known()}")


@asynccontextmanager
async def _issuer(processes: Processes) -> AsyncIterator[None]:
    """The development issuer, which nothing but a token endpoint tells from a real one."""
    issuer = create_issuer(processes.folder, processes.url("issuer"), "tollway", CLIENTS)
    app = create_service("issuer", issuer.handlers, identity=None)
    async with serve(app, port=processes.ports["issuer"]):
        yield


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def processes(
    postgres_cluster: Postgres, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> AsyncIterator[Processes]:
    """A whole installation that has started, two processes of one service in it; ends with its last test."""
    database = f"test_{secrets.token_hex(6)}"
    await postgres_cluster.tool("createdb", database)
    # The cluster asks for no password: it is there to be looked for in the logs.
    url = f"postgresql://postgres:{SECRET}@/{database}?host={postgres_cluster.environment['PGHOST']}"
    async with AsyncExitStack() as stack:
        made = Processes(tmp_path_factory.mktemp("distributed"), url, stack, free_port)
        await stack.enter_async_context(_issuer(made))
        await made.sandbox("salesforce")
        await made.answers("salesforce")  # and has left its byte code for the others
        await made.sandbox("netsuite")
        for name in made.services:
            await made.serve(name, "0.0.0.0" if name == "gateway" else "127.0.0.1")  # noqa: S104 - as in a cluster
        await made.ready(*made.services)
        yield made
        for child in made.children.values():  # all at once; the stack waits for them
            if child.returncode is None:
                child.terminate()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def firm(processes: Processes) -> AsyncIterator[Firm]:
    """The people around it."""
    opened = Firm(processes)
    yield opened
    await opened.close()
