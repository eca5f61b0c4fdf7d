"""The servers of a run: started in sessions of their own, so that only the run ends them, by their ids."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 5.0
_START_SECONDS = 40.0
CORES = len(os.sched_getaffinity(0))


class Processes:
    """Everything that was started, ended when the block ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would leave some of them behind
        self.end(*self._started)

    def start(
        self,
        name: str,
        port: int,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        user: int | None = None,
    ) -> int:
        """Run a command until it listens on `port`; answers its id. Raises RuntimeError with its last words."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the commands are the bench's own
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                cwd=cwd or self._folder, user=user, env={**os.environ, "HOME": str(self._folder)},
            )  # fmt: skip
        self._started[name] = process
        deadline = time.monotonic() + _START_SECONDS
        while not _listening(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.05)
        return process.pid

    def end(self, *names: str) -> None:
        """End these, the last first; those that do not listen are killed with all they started."""
        ending = [self._started.pop(name) for name in reversed(names)]
        for process in ending:
            process.terminate()
        deadline = time.monotonic() + _PATIENCE
        for process in ending:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def found(program: str) -> str | None:
    """Where a program is: among those that came as wheels, on the path, or where servers are kept."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
    return shutil.which(program, path=places)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
