"""Several gateways over one Valkey."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from tollway.http.services import Services
from tollway.limits.connection import SharedRates
from tollway.readiness import KEPT_SECONDS
from tollway.settings import RedisSettings


@pytest.fixture
async def make_client(make_gateway, identity, service, token):
    """Makes a client of a new gateway that counts at an address."""
    async with AsyncExitStack() as stack:

        async def make(url: str) -> httpx.AsyncClient:
            shared = SharedRates(RedisSettings(url=url, timeout=20))
            stack.push_async_callback(shared.close)
            services = Services(identity)
            services.host("sales", service)
            transport = httpx.ASGITransport(make_gateway(services, shared))
            headers = {"authorization": f"Bearer {token}"}
            client = httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)
            return await stack.enter_async_context(client)

        yield make


async def test_gateways_share_a_plan(redis_url, make_client) -> None:
    """A client that spreads its requests over two gateways gets what its plan allows once, not twice."""
    clients = [await make_client(redis_url) for _ in range(2)]
    answers = await asyncio.gather(*(clients[number % 2].get("/sales/v1/quotes/Q1") for number in range(70)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (50, 20)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["type"] == "urn:tollway:problem:quota-exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"minute";q=50;w=60'


async def test_readiness_tells_of_redis(valkey_server_factory, make_client) -> None:
    """A gateway whose Redis goes away says so, stays ready, and serves on."""
    server = valkey_server_factory()
    client = await make_client(f"redis://127.0.0.1:{server.port}")
    assert (await client.get("/health/ready")).json()["redis"] == "ok"
    server.stop()
    await asyncio.sleep(KEPT_SECONDS)
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["redis"].startswith("degraded: ")
    assert (await client.get("/sales/v1/quotes/Q1")).status_code == 200
