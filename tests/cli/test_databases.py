"""Which services need a database, and what comes with it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace
from sqlalchemy import func, select

from tollway.cli.databases import database_for
from tollway.idempotency.claims import Claim
from tollway.idempotency.store import KeyStore
from tollway.problems import StartupError
from tollway.settings import Settings
from tollway.storage import open_database
from tollway.storage.tables import idempotency_keys


@pytest.fixture
async def stack():
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def with_policies(settings: Settings, tmp_path: Path):
    """Settings whose routes have these policies."""

    def make(*names: str) -> Settings:
        product = {"name": "sales", "prefix": "/sales/v1", "service": "sales", "contract": "experience/sales.v1.yaml"}
        routes = {"products": [product | {"policies": [{name: {}} for name in ("correlation", *names)]}]}
        path = tmp_path / "routes.yaml"
        path.write_text(yaml.safe_dump(routes), "utf-8")
        return replace(settings, gateway=replace(settings.gateway, routes=str(path)))

    return make


async def test_a_gateway_that_keeps_nothing_has_no_database(with_policies, stack) -> None:
    """Without a policy that writes anything down, the gateway needs no PostgreSQL."""
    assert await database_for(["gateway", "sales"], with_policies(), stack, embedded=False) is None


@pytest.mark.parametrize("policy", ["audit", "idempotency"])
async def test_a_gateway_that_keeps_something_asks_for_it(with_policies, stack, policy) -> None:
    """In the distributed form a gateway with such a policy does not start without the setting."""
    with pytest.raises(StartupError, match=r"storage\.url is missing: gateway"):
        await database_for(["gateway"], with_policies(policy), stack, embedded=False)


async def test_expired_keys_are_swept_from_the_start(with_policies, stack) -> None:
    """The gateway's database comes with the sweeper of its keys."""
    settings = with_policies("idempotency")
    before = await open_database(settings.folder, "")
    await KeyStore(before)._claims.submit(Claim(id="1", fingerprint="f", lease=-1, keep_for=-1))
    await before.close()
    database = await database_for(["gateway"], settings, stack, embedded=True)
    for _ in range(100):
        async with database.transaction() as connection:
            left = (await connection.execute(select(func.count()).select_from(idempotency_keys))).scalar_one()
        if left:
            await asyncio.sleep(0.05)
    assert left == 0
