"""Child processes of the test bed: run to their end, or kept until a block ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tollway.problems import StartupError

STOP_SECONDS = 20
"""How long a child may take to stop before it is killed."""
LOG_TAIL = 1500
"""How many characters of a failing child's output the error quotes."""


def environment(**extra: str) -> dict[str, str]:
    """Our own environment without the settings that would steer PostgreSQL, Tryton or Python elsewhere."""
    foreign = ("PG", "TRYTON", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | extra


async def run(
    *command: str | Path, env: Mapping[str, str], given: bytes = b"", user: int | None = None, group: int | None = None
) -> bytes:
    """Run a command to its end, with `given` as its input, and return what it printed.

    Raises StartupError with the end of its error output when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(env),
        cwd="/",
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )
    try:
        output, errors = await process.communicate(given)
    finally:
        await _stop(process, signal.SIGTERM)
    if process.returncode:
        said = (errors or output).decode(errors="replace")[-LOG_TAIL:].strip()
        raise StartupError(f"{Path(command[0]).name} ended with {process.returncode}: {said}")
    return output


@asynccontextmanager
async def running(
    *command: str | Path,
    env: Mapping[str, str],
    log: Path,
    stop_with: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    group: int | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Keep a command running until the block ends; what it prints goes to `log`."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env),
            cwd="/",
            # Control-C reaches a whole session at once; these are stopped in their order instead.
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    try:
        yield process
    finally:
        await _stop(process, stop_with)


def ensure_alive(process: asyncio.subprocess.Process, name: str, log: Path) -> None:
    """Raise StartupError with the end of its log when a process that should run has ended."""
    if process.returncode is not None:
        said = log.read_text(errors="replace")[-LOG_TAIL:].strip()
        raise StartupError(f"{name} ended with {process.returncode} while it started: {said}")


async def _stop(process: asyncio.subprocess.Process, stop_with: signal.Signals) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(stop_with)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
