"""Reconciliation of many invoices: rows per second, and the most memory that it takes.

What is measured is the durable process itself, on SQLite, with its pages read over the real faces and remotes of every
service, in one process. Behind them stand systems of ours that make up their answers instead of platforms: how fast a
platform answers is not measured. A few disagreements are planted; the run must find exactly those.
"""

import argparse
import asyncio
import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

import msgspec
import structlog
from made_up_firm import MadeUpFirm, host
from made_up_records import LEGAL_ENTITY
from rich.console import Console
from rich.table import Table

from tollway.canonical.reconciliation import Outcome, Reconciliation, ReconciliationOrder
from tollway.cases import Cases
from tollway.cli.reconciliation import ReconciliationParts
from tollway.effects import Effects
from tollway.engine import Engine
from tollway.http.services import Services
from tollway.identity import Identity
from tollway.settings import Settings, load
from tollway.storage import Database, open_database

ROOT = Path(__file__).parents[1]
PATIENCE = 3_600


class Figures(msgspec.Struct):
    """The last line."""

    rows_per_second: float
    peak_mb: float
    invoices: int
    rows: int
    seconds: float
    base_mb: float
    planted: int
    found: int


async def main(invoices: int) -> Figures:
    """Compare so many invoices with the work, projects and deals that they belong to."""
    firm = MadeUpFirm(invoices, dt.datetime.now(dt.UTC).date())
    with tempfile.TemporaryDirectory() as folder:
        database = await open_database(Path(folder), "")
        services = Services(Identity("a key of thirty-two letters or more"))
        host(services, firm)
        try:
            return await _measure(_settings(folder), services, database, firm)
        finally:
            await database.close()


async def _measure(settings: Settings, services: Services, database: Database, firm: MadeUpFirm) -> Figures:
    cases, parts = Cases(database), ReconciliationParts(settings, services, database)
    engine = Engine(cases, [parts.process(cases, Effects(database), lambda: engine)])
    await engine.launch(settings.folder, "", "bench")
    try:
        port, base, began = parts.port(cases, engine), _peak_mb(), time.perf_counter()
        order = ReconciliationOrder(start=firm.first_day, end=firm.today)
        run = await port.start("bench", order)
        await engine.wait(run.process_id, PATIENCE)
        seconds = time.perf_counter() - began
        done = await port.run(run.id)
        assert done
        assert done.finished_at
        found = await port.findings(run.id, "")
        assert {one.drift_id for one in found.items if one.outcome is Outcome.CONFIRMED} == firm.planted
        return _figures(done, firm, seconds, base)
    finally:
        await engine.close()


def _figures(done: Reconciliation, firm: MadeUpFirm, seconds: float, base: float) -> Figures:
    rows = sum(source.rows for source in done.sources)
    return Figures(
        rows_per_second=round(rows / seconds, 1),
        peak_mb=round(_peak_mb(), 1),
        invoices=firm.invoices,
        rows=rows,
        seconds=round(seconds, 1),
        base_mb=round(base, 1),
        planted=len(firm.planted),
        found=done.found,
    )


def _settings(folder: str) -> Settings:
    variables = {
        "TOLLWAY_STORAGE__FOLDER": folder,
        "TOLLWAY_RECONCILIATION__SETTLE_SECONDS": "0",
    }
    settings = load(ROOT / "tollway.toml", variables)
    entity = next(iter(settings.legal_entities.values()))
    # Without repairs every drift becomes a case, which needs no other process.
    reconciliation = msgspec.structs.replace(settings.reconciliation, repair=())
    return msgspec.structs.replace(settings, legal_entities={LEGAL_ENTITY: entity}, reconciliation=reconciliation)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _show(figures: Figures) -> None:
    table = Table("Figure", "Value", "Aim")
    aims = {"peak_mb": "≤ 200"}
    for name, value in msgspec.structs.asdict(figures).items():
        table.add_row(name.replace("_", " "), str(value), aims.get(name, ""))
    Console().print(table)
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--invoices", type=int, default=100_000)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    _show(asyncio.run(main(arguments.parse_args().invoices)))
