"""Idempotency and audit of gateways that are processes of their own, on one PostgreSQL."""

import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import select

from tollway.issuer import ClientRegistration, client_secret, create_issuer
from tollway.storage import open_database
from tollway.storage.tables import audit

SCRIPT = Path(__file__).with_name("order_gateway.py")
ISSUER = "http://127.0.0.1:8080"
ORDER = {"id": "O-1"}
LEASE = 2.0


class Firm(msgspec.Struct):
    """The gateways' common ground."""

    folder: Path
    storage_url: str
    stack: AsyncExitStack
    token: str = ""

    async def start(self) -> tuple[asyncio.subprocess.Process, httpx.AsyncClient]:
        """Another gateway, and a client of it."""
        process, url = await self.stack.enter_async_context(_running(self.folder, self.storage_url))
        client = await self.stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
        if not self.token:
            credentials = ("shop", client_secret(self.folder / "state", "shop"))
            form = {"grant_type": "client_credentials"}
            self.token = (await client.post("/oauth2/token", data=form, auth=credentials)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {self.token}"
        return process, client

    def calls(self) -> list[str]:
        """What the service was asked, over all processes."""
        return (self.folder / "calls").read_text("utf-8").split()

    def hold(self) -> None:
        """Let the service take until `let_go`."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        (self.folder / "hold").unlink()


@asynccontextmanager
async def _running(folder: Path, storage_url: str):
    command = (sys.executable, SCRIPT, folder, storage_url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 40)).decode().strip()
        assert url, "the gateway ended instead of serving"
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def firm(tmp_path, postgres_url):
    """A database and an issuer."""
    create_issuer(tmp_path / "state", ISSUER, "tollway", (ClientRegistration(id="shop", scopes=["sales:write"]),))
    async with AsyncExitStack() as stack:
        yield Firm(tmp_path, postgres_url, stack)


async def order(client: httpx.AsyncClient, key: str = "k-1", **changes) -> httpx.Response:
    return await client.post("/sales/v1/orders", json=ORDER | changes, headers={"idempotency-key": f'"{key}"'})


async def test_of_fifty_at_two_gateways_one_is_carried_out(firm) -> None:
    """Fifty same requests at once over two processes reach the service once; the others are told so or replayed."""
    (_, one), (_, other) = await firm.start(), await firm.start()
    answers = await asyncio.gather(*(order((one, other)[number % 2]) for number in range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    assert firm.calls() == ["O-1"]
    assert set(statuses) <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len([answer for answer in made if "idempotent-replayed" not in answer.headers]) == 1
    assert {answer.content for answer in made} == {made[0].content}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:tollway:problem:idempotency-key-in-use"
            assert answer.headers["retry-after"] == "1"
    assert (await order(other)).headers["idempotent-replayed"] == "true"
    await _check_audit(firm, statuses[409])


async def _check_audit(firm: Firm, refused: int) -> None:
    database = await open_database(firm.folder, firm.storage_url)
    async with database.transaction() as connection:
        kept = Counter((await connection.execute(select(audit.c.outcome))).scalars())
    await database.close()
    assert (kept["done"], kept["refused"], kept["replayed"]) == (1, refused, 50 - refused)


async def test_an_answer_outlives_its_gateway(firm) -> None:
    """After the only gateway was killed and another started, the answer is replayed to the byte."""
    process, client = await firm.start()
    first = await order(client)
    process.kill()
    _, client = await firm.start()
    again = await order(client)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["idempotency-key-expires"] == first.headers["idempotency-key-expires"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["correlation-id"] != first.headers["correlation-id"]
    assert firm.calls() == ["O-1"]


async def test_another_payload_is_refused_everywhere(firm) -> None:
    """A key that one gateway knows is refused with another payload by the other."""
    (_, one), (_, other) = await firm.start(), await firm.start()
    await order(one)
    answer = await order(other, id="O-2")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:tollway:problem:idempotency-key-reused")
    assert firm.calls() == ["O-1"]


async def test_a_killed_gateways_request_is_completed_by_a_repetition(firm) -> None:
    """A gateway killed between claim and answer holds its key for the lease; then the same request is completed."""
    (process, one), (_, other) = await firm.start(), await firm.start()
    firm.hold()
    lost = asyncio.create_task(order(one))
    for _ in range(200):
        if not firm.calls():
            await asyncio.sleep(0.05)
    killed = asyncio.get_running_loop().time()
    process.kill()
    with pytest.raises(httpx.HTTPError):
        await lost
    firm.let_go()
    assert (await order(other)).status_code == 409
    assert (await order(other, id="O-2")).status_code == 422
    while (answer := await order(other)).status_code == 409:
        assert asyncio.get_running_loop().time() - killed < 20
        await asyncio.sleep(0.1)
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers
    assert asyncio.get_running_loop().time() - killed > LEASE / 2
    assert (await order(other)).content == answer.content
    assert firm.calls() == ["O-1", "O-1"]


async def test_a_gateway_that_lives_keeps_its_key(firm) -> None:
    """A request that takes several leases is renewed by its gateway, and nobody else carries it out."""
    (_, one), (_, other) = await firm.start(), await firm.start()
    firm.hold()
    slow = asyncio.create_task(order(one))
    await asyncio.sleep(2 * LEASE)
    assert (await order(other)).status_code == 409
    firm.let_go()
    assert (await slow).status_code == 201
    assert firm.calls() == ["O-1"]
