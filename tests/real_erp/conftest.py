"""The real Tryton that every test in this folder talks to; the first start on a machine takes minutes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from system_apis.erp.tryton.client import TrytonClient
from system_apis.erp.tryton.settings import TrytonSettings
from tollway.cli.tryton_server import TrytonServer, tryton_server
from tollway.http.platforms import PlatformClient
from tollway.settings import convert

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and leave them out unless the command line asks for them with -m."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.real_erp)
            if not config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="needs the real Tryton: run with -m real_erp"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tryton(pytestconfig: pytest.Config) -> AsyncIterator[TrytonServer]:
    async with tryton_server(pytestconfig.rootpath / ".cache", tell=print) as server:
        yield server


@pytest.fixture
def tryton_settings(tables: dict[str, Any]) -> TrytonSettings:
    return convert(tables, TrytonSettings, "connections.tryton")


@pytest.fixture
def tables(tryton: TrytonServer) -> dict[str, Any]:
    """What the configuration says of the connection."""
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


@pytest_asyncio.fixture
async def client(tryton_settings: TrytonSettings) -> AsyncIterator[TrytonClient]:
    http = PlatformClient("Tryton", tryton_settings.url)
    yield TrytonClient(tryton_settings, http)
    await http.close()
