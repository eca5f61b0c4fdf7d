"""The load of one operation on one placement, by wrk, and what came of it."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from bench.gateway import cpu
from bench.gateway.processes import found

HINT = "wrk is missing: `apt-get install wrk`, or build it from github.com/wg/wrk, and have it on the PATH."
CONNECTIONS = 64
_SCRIPT = Path(__file__).with_name("load.lua")


class Measure(msgspec.Struct, frozen=True):
    """What one placement did in one round."""

    rate: float
    """Requests a second."""
    cpu: float
    """Microseconds of processor per request, over all server processes."""
    p50: float
    """Milliseconds."""
    p99: float


class _Outcome(msgspec.Struct):
    """The last line of `load.lua`; times in microseconds."""

    requests: int
    microseconds: int
    failed: int
    broken: int
    p50: int
    p99: int


class Operation(msgspec.Struct, frozen=True):
    """What is asked for."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""
    keys: str = ""
    """What begins the idempotency key of each request; empty sends none."""
    tokens: Path | None = None
    """The file of access tokens of which one is drawn for each request, and with it one of the `paths`."""
    paths: Path | None = None


def run(operation: Operation, seconds: float, processes: Iterable[int]) -> Measure:
    """Load for so long; raises RuntimeError when one answer was missing or not the one that was hoped for."""
    wrk = found("wrk")
    if wrk is None:
        raise RuntimeError(HINT)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(_SCRIPT)]
    for name, value in operation.headers.items():
        command += ["-H", f"{name}: {value}"]
    environment = {"BENCH_METHOD": operation.method}
    if operation.body:
        environment["BENCH_BODY"] = operation.body
    if operation.keys:
        environment["BENCH_KEYS"] = operation.keys
    if operation.tokens and operation.paths:
        environment |= {"BENCH_TOKENS": str(operation.tokens), "BENCH_PATHS": str(operation.paths)}
    before = cpu.seconds(processes)
    done = subprocess.run(  # noqa: S603 - the command is the bench's own
        [*command, operation.url], env=os.environ | environment, capture_output=True, text=True, check=True,
        timeout=seconds + 30,
    )  # fmt: skip
    used = cpu.seconds(processes) - before
    outcome = msgspec.json.decode(done.stdout.rstrip().rpartition("\n")[2], type=_Outcome)
    if outcome.failed or outcome.broken or not outcome.requests:
        raise RuntimeError(f"{operation.method} {operation.url}: of {outcome.requests} answers {outcome.failed} were "
                           f"refusals or errors, and {outcome.broken} did not come.")  # fmt: skip
    return Measure(
        rate=outcome.requests / outcome.microseconds * 1e6,
        cpu=used / outcome.requests * 1e6,
        p50=outcome.p50 / 1000,
        p99=outcome.p99 / 1000,
    )
