"""Compares our processes with bare DBOS in paired, shuffled rounds; then looks at what must not grow."""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from bench.engine import bulk
from bench.engine.stage import Stage
from bench.engine.tasks import Measure, Task
from bench.gateway import postgres
from bench.gateway.processes import CORES, Processes

MEGABYTE = 1_000_000
AIMS = {
    "share_sqlite": "≥ 0.8",
    "share_postgres": "≥ 0.8",
    "memory_growth": "≤ 1.1",
    "parked_cpu": "≤ 0.01",
    "history_cost": "≤ 1.2",
}


class Figures(msgspec.Struct, kw_only=True):
    """The last line; medians over the rounds, None for what was not measured."""

    share_sqlite: float | None = None
    """Processes per second, ours to bare DBOS."""
    cpu_share_sqlite: float | None = None
    """Processor time per process, bare DBOS to ours."""
    effects_share_sqlite: float | None = None
    """As `share_sqlite`, with an effect in every step."""
    share_postgres: float | None = None
    cpu_share_postgres: float | None = None
    effects_share_postgres: float | None = None
    two_workers: float | None = None
    """Processes per second, two workers to one."""
    queued_per_second: float | None = None
    memory_growth: float | None = None
    """Resident memory at the end of working a long queue to that when it had begun."""
    parked_cpu: float | None = None
    """What parked processes add to an idle worker, in cores."""
    history_cost: float | None = None
    """Processor time per process, worker and PostgreSQL, on a long history to that on an empty one."""
    rounds: int
    cores: int


def main() -> None:
    """Measure, and end everything that was started for it, however that ends."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The bench was ended."))
    with tempfile.TemporaryDirectory(prefix="tollway-bench-") as folder, Processes(Path(folder)) as processes:
        try:
            stage = Stage(Path(folder), postgres.start(processes, Path(folder)))
            figures = _measure(stage, chosen)
        except KeyboardInterrupt:
            sys.exit("Interrupted; everything that was started has ended.")
        except (RuntimeError, subprocess.SubprocessError) as error:
            sys.exit(str(error))
    print(msgspec.json.encode(figures).decode())


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(prog="bench.engine", description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--processes", type=int, default=200, help="of each kind in each round")
    arguments.add_argument("--queued", type=int, default=10_000, help="processes in the queue")
    arguments.add_argument("--seconds", type=int, default=40, help="how long that queue is worked")
    arguments.add_argument("--parked", type=int, default=1000)
    arguments.add_argument("--history", type=int, default=1_000_000, help="finished processes")
    return arguments.parse_args()


def _measure(stage: Stage, chosen: argparse.Namespace) -> Figures:
    figures = Figures(rounds=chosen.rounds, cores=CORES)
    table = Table("Database", "Kind", "Processes/s", "CPU ms per process")
    for database, run in (("sqlite", stage.sqlite), ("postgres", stage.postgresql)):
        series = _rounds(run, chosen, database)
        for kind, measures in series.items():
            cpu = median(one.cpu / one.processes for one in measures) * 1000
            table.add_row(database, kind, f"{median(map(_rate, measures)):.1f}", f"{cpu:.1f}")
        setattr(figures, f"share_{database}", _share(series, "ours", "bare", _rate))
        setattr(figures, f"cpu_share_{database}", _share(series, "bare", "ours", _cpu))
        setattr(figures, f"effects_share_{database}", _share(series, "effects", "bare", _rate))
    console = Console()
    console.print(table)
    figures.two_workers = _two_workers(stage, chosen)
    figures.queued_per_second, figures.memory_growth = _long_queue(stage, chosen)
    figures.parked_cpu = _parked(stage, chosen)
    figures.history_cost = _history(stage, chosen)
    summary = Table("Figure", "Measured", "Aim")
    for name, value in msgspec.structs.asdict(figures).items():
        summary.add_row(name, str(value), AIMS.get(name, ""))
    console.print(summary)
    return figures


def _rounds(run: Callable[[Task], Measure], chosen: argparse.Namespace, database: str) -> dict[str, list[Measure]]:
    series: dict[str, list[Measure]] = {"bare": [], "ours": [], "effects": []}
    for number in range(1, chosen.rounds + 1):
        _say(f"{database}: round {number} of {chosen.rounds}")
        for kind in random.sample(list(series), len(series)):
            series[kind].append(run(Task(kind=kind, folder="", processes=chosen.processes)))
    return series


def _two_workers(stage: Stage, chosen: argparse.Namespace) -> float:
    _say("two workers against one, through the queue")
    rates: dict[int, list[float]] = {1: [], 2: []}
    for workers in random.sample([1, 1, 2, 2], 4):
        drain = Task(kind="drain", folder="", seconds=chosen.seconds / 4)
        measures = stage.together([drain] * workers, _queue(stage, chosen.queued))
        rates[workers].append(sum(map(_rate, measures)))
    return round(median(rates[2]) / median(rates[1]), 2)


def _long_queue(stage: Stage, chosen: argparse.Namespace) -> tuple[float, float]:
    _say(f"{chosen.queued:,} in the queue")
    url = _queue(stage, chosen.queued)
    worked = stage.postgresql(Task(kind="drain", folder="", seconds=chosen.seconds), url)
    early = worked.memory[len(worked.memory) // 4]
    _say(f"memory {early / MEGABYTE:.0f} MB, at the end {worked.memory[-1] / MEGABYTE:.0f} MB")
    return round(_rate(worked), 1), round(worked.memory[-1] / early, 3)


def _queue(stage: Stage, many: int) -> str:
    """The address of a database with a long queue."""
    url = stage.database()
    stage.postgresql(Task(kind="enqueue", folder="", processes=1, name="queued"), url)
    stage.execute(url, *bulk.copies("queued:0", many), *bulk.SETTLE)
    return url


def _parked(stage: Stage, chosen: argparse.Namespace) -> float:
    _say(f"{chosen.parked:,} parked")
    url = stage.database()
    stage.postgresql(Task(kind="ours", folder="", processes=1, name="parked"), url)
    idle = Task(kind="idle", folder="", seconds=10)
    without = [stage.postgresql(idle, url) for _ in range(2)]
    stage.execute(url, *bulk.copies("parked:0", chosen.parked), *bulk.cases("parked:0", chosen.parked), *bulk.SETTLE)
    among = [stage.postgresql(idle, url) for _ in range(2)]
    cores = [min(one.cpu / one.seconds for one in measured) for measured in (without, among)]
    _say(f"an idle worker takes {cores[0]:.3f} cores, among parked processes {cores[1]:.3f}")
    return round(max(0.0, cores[1] - cores[0]), 4)


def _history(stage: Stage, chosen: argparse.Namespace) -> float:
    _say(f"{chosen.history:,} finished processes in the history: this takes a while to load")
    empty, full = stage.database(), stage.database()
    for url in (empty, full):
        stage.postgresql(Task(kind="ours", folder="", processes=1, name="first"), url)
    stage.execute(full, *bulk.copies("first:0", chosen.history), *bulk.SETTLE)
    costs: dict[str, list[float]] = {empty: [], full: []}
    for number in range(chosen.rounds):
        for url in random.sample([empty, full], 2):
            task = Task(kind="ours", folder="", processes=chosen.processes, name=f"round{number}")
            measured, servers = stage.with_servers(task, url)
            costs[url].append((measured.cpu + servers) / measured.processes)
    return round(median(more / less for more, less in zip(costs[full], costs[empty], strict=True)), 3)


def _share(series: dict[str, list[Measure]], one: str, other: str, of: Callable[[Measure], float]) -> float:
    pairs = zip(series[one], series[other], strict=True)
    return round(median(of(first) / of(second) for first, second in pairs), 3)


def _rate(measure: Measure) -> float:
    return measure.processes / measure.seconds


def _cpu(measure: Measure) -> float:
    return measure.cpu / measure.processes


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
