"""`make bench-activation`: how long an activation takes over its critical path, and what a deal costs.

Every call to a sandbox is delayed by 50 ms, and the sandboxes run in processes of their own, as platforms do.

The critical path is the longest chain of platform calls of which each needs what the one before it answered:

1. read the deal                 its account and terms decide all that follows
2. look for the customer         in the ERP, by account, tax registration and name; needs the deal
3. create the customer           must not happen before the look has found none
4. create the ERP project        names its customer by the id that its creation answered
5. set billing plan or revenue schedule   each entry names the project
6. report project and status     to the CRM, which must not be told of a project that does not stand

The PSA's two calls (project, plan) depend on the deal only and run beside 4 and 5. No chain is longer: entries of the
plans need the project but not one another. Logging in is no part of it, since a connection logs in once, not per deal.
"""

import argparse
import asyncio
import datetime as dt
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import structlog
from rich.console import Console
from rich.table import Table

from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.settings import read_settings
from tollway.cli.demo.callers import Caller
from tollway.cli.demo.deals import DEALS, DemoDeal
from tollway.cli.demo.people import People
from tollway.cli.embedded import Embedded, embedded
from tollway.engine import ProcessEvent
from tollway.settings import Settings, load

DELAY_MS = 50
CHAIN = 6
"""Calls of the critical path, as listed above."""
ROOT = Path(__file__).parents[1]


class Figures(msgspec.Struct):
    """The last line."""

    ratio: float
    latency_ms: float
    critical_path_ms: float
    platform_calls: float
    cpu_seconds_per_deal: float
    deals: int


class ClosedWon(msgspec.Struct):
    """The Flow's callout."""

    event_id: str
    opportunity_id: str
    stage: str
    occurred_at: dt.datetime
    organization_id: str


class Activations:
    """Tells when each deal's activation has finished."""

    def __init__(self) -> None:
        self.finished: dict[str, asyncio.Future[float]] = {}

    def watch(self, event: ProcessEvent) -> None:
        """Told by the engine of everything that processes do."""
        waiting = self.finished.get(event.subject)
        if waiting is None or waiting.done():
            return
        if event.happened == "parked":
            waiting.set_exception(RuntimeError(event.detail))
        elif event.process == "project-activation" and event.happened == "finished":
            waiting.set_result(time.perf_counter())


async def main(deals: int) -> Figures:
    """Activate `deals` deals one after the other for the latency, and as many at once for the cost."""
    with tempfile.TemporaryDirectory() as folder:
        async with _sandboxes(Path(folder)) as urls, embedded(_settings(Path(folder), urls)) as running:
            return await _measure(running, urls, deals)


async def _measure(running: Embedded, urls: dict[str, str], deals: int) -> Figures:
    settings = running.installation.settings
    org = OrgClient(read_settings("salesforce", settings.connections["salesforce"]))
    people, flow = People(org, dt.datetime.now(dt.UTC).date()), Caller(running.url, settings.folder, "salesforce-flow")
    activations = Activations()
    assert running.installation.processes
    running.installation.processes.engine.watchers.append(activations.watch)
    ids = [await _won(people, place) for place in range(2 * deals + 2)]
    await _delay(urls, 0)
    for deal_id in ids[:2]:  # logs in, and learns what is learnt once
        await _activate(flow, activations, deal_id)
    await _delay(urls, DELAY_MS)
    latencies = [await _activate(flow, activations, deal_id) for deal_id in ids[2 : deals + 2]]
    before = await _calls(urls)
    cpu = time.process_time()
    await asyncio.gather(*(_activate(flow, activations, deal_id) for deal_id in ids[deals + 2 :]))
    spent, calls = time.process_time() - cpu, await _calls(urls) - before
    await _delay(urls, 0)
    await org.close()
    await flow.close()
    latency, path = statistics.median(latencies) * 1000, CHAIN * DELAY_MS
    return Figures(
        ratio=round(latency / path, 3),
        latency_ms=round(latency, 1),
        critical_path_ms=path,
        platform_calls=round(calls / deals, 1),
        cpu_seconds_per_deal=round(spent / deals, 3),
        deals=deals,
    )


async def _activate(flow: Caller, activations: Activations, deal_id: str) -> float:
    """Seconds from the callout to the active project."""
    finished = activations.finished[deal_id] = asyncio.get_running_loop().create_future()
    event = ClosedWon(f"bench-{deal_id}", deal_id, "Closed Won", dt.datetime.now(dt.UTC), "00D000000000001")
    began = time.perf_counter()
    await flow.post("/inbound/v1/salesforce/opportunity-closed-won", dict[str, Any], event)
    return await asyncio.wait_for(finished, 60) - began


async def _won(people: People, place: int) -> str:
    deal = DEALS[place % 4]
    numbered: DemoDeal = msgspec.structs.replace(
        deal, name=f"{deal.name} {place}", account=f"{deal.account} {place}", tax_registration=f"TAX-{place:05d}"
    )
    deal_id = await people.open_deal(numbered)
    await people.close_won(deal_id)
    return deal_id


def _settings(folder: Path, urls: dict[str, str]) -> Settings:
    overrides = {
        "TOLLWAY_STORAGE__FOLDER": str(folder / "state"),
        "TOLLWAY_GATEWAY__PORT": "0",
        "TOLLWAY_POLLING__SECONDS": "3600",
        "TOLLWAY_CONNECTIONS__NETSUITE__CONCURRENCY": "15",
    } | {f"TOLLWAY_CONNECTIONS__{name.upper()}__URL": url for name, url in urls.items()}
    return msgspec.structs.replace(load(ROOT / "tollway.toml", overrides), sandboxes={})


@asynccontextmanager
async def _sandboxes(folder: Path) -> AsyncIterator[dict[str, str]]:
    processes: list[subprocess.Popen[str]] = []
    try:
        urls = {}
        for platform in ("salesforce", "netsuite"):
            command = [sys.executable, "-m", "tollway.cli", "sandbox", platform, "--folder", str(folder)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220, S603 - started once
            processes.append(process)
            assert process.stdout
            said = await asyncio.to_thread(process.stdout.readline)
            urls[platform] = re.findall(r"http://\S+", said)[0]
        yield urls
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)


async def _delay(urls: dict[str, str], milliseconds: int) -> None:
    faults = [{"kind": "delay", "delay_ms": milliseconds}] if milliseconds else []
    async with httpx.AsyncClient() as client:
        for url in urls.values():
            (await client.put(f"{url}/__sandbox__/faults", json=faults)).raise_for_status()


async def _calls(urls: dict[str, str]) -> int:
    async with httpx.AsyncClient() as client:
        answers = [await client.get(f"{url}/__sandbox__/calls") for url in urls.values()]
    return sum(count for answer in answers for count in answer.json().values())


def _show(figures: Figures) -> None:
    table = Table("Figure", "Value", "Aim")
    aims = {"ratio": "≤ 1.3"}
    for name, value in msgspec.structs.asdict(figures).items():
        table.add_row(name.replace("_", " "), str(value), aims.get(name, ""))
    Console().print(table)
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--deals", type=int, default=20)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    _show(asyncio.run(main(arguments.parse_args().deals)))
