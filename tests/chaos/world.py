"""The installation that chaos befalls: workers on PostgreSQL and Redis, platforms behind wires that can be cut."""

import asyncio
import random
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from servers import FAKETIME, Disk, Postgres, Server, redis, tollway
from wire import Wire

from tollway.cli.catalogue import GATEWAY, SERVICES
from tollway.cli.installation import CLIENTS
from tollway.issuer import create_issuer
from tollway.sandboxes import Fault, serve
from tollway.service import create_service
from tollway.settings import Settings, load

ROOT = Path(__file__).parents[2]
PLATFORMS = ("salesforce", "netsuite")
START_SECONDS = 90


class World:
    """Everything there is, each part by its name."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.workers = [f"worker-{number}" for number in range(workers)]
        self.ports = {name: free_port() for name in (*self.workers, "issuer", "redis", *PLATFORMS)}
        self.wires = {name: Wire(self.ports[name]) for name in PLATFORMS}
        self.wire_ports = {name: free_port() for name in PLATFORMS}
        self.disk = Disk(folder / "disk")
        self.postgres = Postgres(folder, self.disk)
        self.redis = redis(folder, self.ports["redis"])
        self.config = folder / "tollway.toml"
        sample = (ROOT / "tollway.toml").read_text("utf-8")
        self.config.write_text(sample, "utf-8")
        (folder / "state").mkdir()
        self.variables = {
            "TOLLWAY_STORAGE__FOLDER": str(folder / "state"),
            "TOLLWAY_STORAGE__URL": self.postgres.url,
            "TOLLWAY_REDIS__URL": f"redis://127.0.0.1:{self.ports['redis']}",
            "TOLLWAY_IDENTITY__KEY": secrets.token_hex(24),
            "TOLLWAY_GATEWAY__ISSUER": self.url("issuer"),
            "TOLLWAY_POLLING__SECONDS": "2",
            "TOLLWAY_POLLING__OVERLAP_SECONDS": "60",
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode"),  # or each of them would compile for seconds
        }
        for name in PLATFORMS:
            self.variables[f"TOLLWAY_CONNECTIONS__{name.upper()}__URL"] = f"http://127.0.0.1:{self.wire_ports[name]}"
            self.variables[f"TOLLWAY_CONNECTIONS__{name.upper()}__TIMEOUT_SECONDS"] = "4"
        self.servers = {name: self._worker(name) for name in self.workers}

    @property
    def settings(self) -> Settings:
        """What people at the platforms read: the settings, without the wires."""
        direct = {f"TOLLWAY_CONNECTIONS__{name.upper()}__URL": self.url(name) for name in PLATFORMS}
        known = {name: value for name, value in self.variables.items() if name.startswith("TOLLWAY_")}
        return load(self.config, known | direct)

    def url(self, name: str) -> str:
        """Where a part answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    async def ready(self, name: str) -> None:
        """Wait until a worker says that it is ready, started again whenever it has ended."""
        async with httpx.AsyncClient(base_url=self.url(name), timeout=5) as http:
            for _ in range(START_SECONDS * 5):
                if not self.servers[name].alive:
                    await self.servers[name].start()
                try:
                    if (await http.get("/health/ready")).is_success:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.2)
        raise RuntimeError(f"{name} does not get ready; see {self.folder / name}.log.")

    async def befall(self, *faults: Fault) -> None:
        """Have these faults at all platforms, in the place of those before."""
        for name in PLATFORMS:
            async with httpx.AsyncClient(base_url=self.url(name)) as http:
                answer = await http.put("/__sandbox__/faults", content=msgspec.json.encode(faults))
                answer.raise_for_status()

    def _worker(self, name: str) -> Server:
        """A worker that hosts everything, with a clock that can be set."""
        clock = self.folder / f"{name}.clock"
        set_clock(clock, 0)
        faked = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # for old systems; on others waits end early, again and again
        }
        hosted = [GATEWAY, *SERVICES]
        where = ["--port", str(self.ports[name]), "--config", str(self.config)]
        given = self.variables | (faked if FAKETIME.exists() else {})
        return tollway(name, self.folder, ["serve", *hosted, *where], given)


def set_clock(clock: Path, seconds: float) -> None:
    """Have whoever reads this clock live so many seconds ahead of, or behind, everybody else."""
    clock.write_text(f"{seconds:+.1f}s\n")


def free_port() -> int:
    """A port nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@asynccontextmanager
async def running(folder: Path, workers: int) -> AsyncIterator[World]:
    """The world, until the block ends; nothing of it stays."""
    async with AsyncExitStack() as stack:
        world = World(folder, workers)
        stack.callback(world.disk.close)
        stack.push_async_callback(world.postgres.stop)
        await world.postgres.create()
        stack.push_async_callback(world.redis.stop)
        await world.redis.start()
        issuer = create_issuer(folder, world.url("issuer"), "tollway", CLIENTS)
        app = create_service("issuer", issuer.handlers, identity=None)
        await stack.enter_async_context(serve(app, port=world.ports["issuer"]))
        for name in PLATFORMS:
            kept = ["--port", str(world.ports[name]), "--folder", str(folder / "sandboxes")]
            sandbox = tollway(name, folder, ["sandbox", name, *kept], world.variables)
            stack.push_async_callback(sandbox.stop)
            await sandbox.start()
            await answering(world.url(name))
            await stack.enter_async_context(world.wires[name].served(world.wire_ports[name]))
        for name in world.workers:
            stack.push_async_callback(world.servers[name].stop)
        await world.ready(world.workers[0])  # and has left its byte code, and the tables, for the others
        await asyncio.gather(*map(world.ready, world.workers[1:]))
        yield world


async def answering(url: str) -> None:
    """Wait until a sandbox answers."""
    async with httpx.AsyncClient(base_url=url) as http:
        for _ in range(START_SECONDS * 5):
            try:
                (await http.get("/__sandbox__/calls")).raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
            else:
                return
    raise RuntimeError(f"The sandbox at {url} does not answer.")
