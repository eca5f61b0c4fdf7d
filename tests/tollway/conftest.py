"""Processes to run an engine with."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tollway import context
from tollway.canonical.statement import BillingChange
from tollway.cases import Cases
from tollway.effects import Effects
from tollway.engine import Engine, Process, step, together


class Shop:
    """The steps of a process, which fail as they are told and note what they did."""

    def __init__(self, effects: Effects, number: str = "O-1") -> None:
        self._effects = effects
        self.order = BillingChange(project_number=number, trigger="test")
        self.id = f"order:{number}"
        self.did: list[str] = []
        self.wrong: dict[str, list[Exception]] = {}
        self.correlation: set[str] = set()
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    def _do(self, name: str) -> None:
        self.did.append(name)
        self.correlation.add(context.current().correlation_id)
        if self.wrong.get(name):
            raise self.wrong[name].pop(0)

    @step
    async def read(self, order: BillingChange) -> str:
        self._do("read")
        return f"terms {self.did.count('read')}"

    @step
    async def pay(self, order: BillingChange) -> str:
        async def send() -> str:
            self._do("pay")
            return f"paid {self.did.count('pay')}"

        return await self._effects.apply(f"payment:{order.project_number}", order, send, self._never, str)

    @step
    async def ship(self, order: BillingChange) -> str:
        if self.gate:
            self.waiting.set()
            await self.gate.wait()
        self._do("ship")
        return "shipped"

    @step
    async def slow(self) -> str:
        if self.gate:
            self.waiting.set()
            await self.gate.wait()
        else:
            await asyncio.sleep(0.2)
        self._do("slow")
        return "slow"

    @step
    async def quick(self) -> str:
        self._do("quick")
        return "quick"

    async def _never(self) -> None:
        return None

    async def fulfil(self, order: BillingChange) -> str:
        terms = await self.read(order)
        paid = await self.pay(order)
        return f"{terms}, {paid}, {await self.ship(order)}"

    async def side_by_side(self, order: BillingChange) -> str:
        done = await together(self.slow(), self.quick())
        return ", ".join([*done, await self.ship(order)])


@asynccontextmanager
async def opened(cases: Cases, folder: Path, url: str, shop_of: Callable[[str], Shop]):
    """An engine with processes over the same steps, those of the shop that an order is for."""

    async def fulfil(order: BillingChange) -> str:
        return await shop_of(order.project_number).fulfil(order)

    async def side_by_side(order: BillingChange) -> str:
        return await shop_of(order.project_number).side_by_side(order)

    processes = [
        Process(name="order", run=fulfil, subject=lambda order: order.project_number),
        Process(name="parallel", run=side_by_side, subject=lambda order: order.project_number),
        Process(name="only once", run=fulfil, subject=lambda order: order.project_number, once=True),
    ]
    engine = Engine(cases, processes)
    await engine.launch(folder, url, "tests")
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture(scope="session")
def open_engine():
    """Runs an engine until the block ends; there is one at a time."""
    return opened


@pytest.fixture(scope="session")
def make_shop() -> type[Shop]:
    """Makes the steps of an order's process."""
    return Shop
