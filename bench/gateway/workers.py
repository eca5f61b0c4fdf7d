"""Runs the measured applications as `tollway serve --workers` does, in a worker process for each core."""

import sys
from functools import partial
from pathlib import Path

import msgspec

from bench.gateway.apps import Application, opened
from bench.gateway.processes import CORES, Processes
from gateway.http1 import server as gateway_server
from tollway.http import server

ROOT = Path(__file__).parents[2]


def start(processes: Processes, name: str, application: Application, port: int) -> int:
    """The id of the process whose children are the workers."""
    described = msgspec.json.encode(application).decode()
    command = (sys.executable, "-m", "bench.gateway.workers", str(port), described)
    return processes.start(name, port, command, cwd=ROOT)


def main() -> None:
    """Serve until told to end; the arguments are the port and what is to run."""
    _, port, described = sys.argv
    application = msgspec.json.decode(described, type=Application)
    serve_by_workers = gateway_server.serve_by_workers if application.routes else server.serve_by_workers
    serve_by_workers(partial(opened, application), "127.0.0.1", int(port), CORES)


if __name__ == "__main__":
    main()
