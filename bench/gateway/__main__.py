"""Runs the comparison, or with `--scale` what must not grow: memory over requests, cost over clients and routes."""

import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import uvloop

from bench.gateway import checks, load, policy_costs, postgres, report, rounds, scale, spread, valkey
from bench.gateway.placements import Placements
from bench.gateway.processes import CORES, Processes, found
from bench.gateway.valkey import Counter
from bench.gateway.workspace import Workspace
from tollway.telemetry import configure_logging

LONGEST = 45
"""Seconds of one load: the identity that callers of the bare service send is good for a minute."""


def main() -> None:
    """Measure, and end everything that was started for it, however that ends."""
    chosen = _arguments()
    configure_logging("people")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The bench was ended."))
    with tempfile.TemporaryDirectory(prefix="tollway-bench-") as folder, Processes(Path(folder)) as processes:
        workspace = Workspace.make(Path(folder))
        try:
            counter = Counter() if chosen.memory_limits else valkey.start(processes, workspace.folder)
            if chosen.scale:
                _scale(workspace, processes, counter, chosen)
            else:
                _compare(workspace, processes, counter, chosen)
        except KeyboardInterrupt:
            sys.exit("Interrupted; everything that was started has ended.")
        except (RuntimeError, subprocess.SubprocessError) as error:
            sys.exit(str(error))


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(prog="bench.gateway", description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5, help="how long each load takes")
    arguments.add_argument("--memory-limits", action="store_true", help="count limits in each worker by itself")
    arguments.add_argument("--scale", action="store_true", help="only see that memory and cost do not grow")
    chosen = arguments.parse_args()
    if chosen.rounds < 1 or not 1 <= chosen.seconds <= LONGEST:
        arguments.error(f"at least one round, and from 1 to {LONGEST} seconds")
    if found("wrk") is None:
        arguments.error(load.HINT)
    return chosen


def _compare(workspace: Workspace, processes: Processes, counter: Counter, chosen: argparse.Namespace) -> None:
    store = postgres.start(processes, workspace.folder)
    placements = Placements(workspace, processes, counter)
    compared, skipped = placements.all()
    if store:
        compared.append(placements.durable(store))
    else:
        skipped.append("Idempotency and audit are left out: PostgreSQL's binaries cannot be run from where they are.")
    for line in skipped:
        _say(line)
    _say("checking that every placement answers right, and that limits, tokens and contracts are enforced")
    for placement in compared:
        checks.answers(placement)
    checks.policies(compared[0])
    checks.limits(placements)
    series = rounds.run(compared, chosen.rounds, chosen.seconds, _say)
    _say("measuring what each policy adds")
    costs = uvloop.run(policy_costs.measure(workspace, counter.url))
    figures = report.figures(series, costs, rounds=chosen.rounds, seconds=chosen.seconds, cores=CORES)
    report.show(compared, series, costs, figures)


def _scale(workspace: Workspace, processes: Processes, counter: Counter, chosen: argparse.Namespace) -> None:
    measured = spread.measure(workspace, processes, counter, chosen.rounds, chosen.seconds, _say)
    _say(f"{scale.REQUESTS:,} requests in this process: a few minutes")
    figures = uvloop.run(scale.measure(workspace, counter.url, measured))
    print(msgspec.json.encode(figures).decode())
    if missed := scale.missed(figures):
        sys.exit("; ".join(missed))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
