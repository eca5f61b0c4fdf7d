"""What must not grow: memory over a million requests, and the cost of a request over clients and routes."""

import os
import random
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from bench.gateway import stack
from bench.gateway.apps import Application, opened
from bench.gateway.in_process import GET, POST, Call, Caller, settle
from bench.gateway.invoices import INVOICE, PREFIX, InvoiceStatus, get_invoice
from bench.gateway.workspace import CONTRACT, Workspace
from tollway.canonical.record import Identifier

REQUESTS = 1_000_000
_PARTS = 10
FEW, MANY = (10, 10), (10_000, 500)
"""Clients and routes."""
_REPEATS = 5
_REQUESTS_A_REPEAT = 10_000
_AT_ONCE = 50
"""Requests at a time, as on as many connections."""
MOST_GROWTH = 1.05
"""What counts as flat: the allocator's own movement stays below it."""
MOST_COST = 1.2


class Scale(msgspec.Struct):
    """The last line."""

    memory_mb: list[float]
    """Resident memory after each tenth of the requests."""
    memory_growth: float
    """Of the last to the second of them."""
    few_us: float
    many_us: float
    scale_cost: float
    """What a request costs with many clients and routes, to one with few."""


async def measure(workspace: Workspace, redis_url: str) -> Scale:
    """Both checks, in this process."""
    memory = await _memory(workspace, redis_url)  # first: what the other check leaves would hide growth
    samples = await _costs(workspace, redis_url)
    return Scale(
        memory_mb=memory,
        memory_growth=round(memory[-1] / memory[1], 3),
        few_us=round(median(sample[0] for sample in samples), 1),
        many_us=round(median(sample[1] for sample in samples), 1),
        scale_cost=round(median(more / less for less, more in samples), 3),
    )


def missed(scale: Scale) -> list[str]:
    """What grew."""
    found = []
    if scale.memory_growth > MOST_GROWTH:
        found.append(f"memory grew to {scale.memory_growth} times over {REQUESTS} requests")
    if scale.scale_cost > MOST_COST:
        found.append(f"a request costs {scale.scale_cost} times with {MANY[0]} clients and {MANY[1]} routes")
    return found


async def _costs(workspace: Workspace, redis_url: str) -> list[tuple[float, float]]:
    """What a request costs with few and with many, in turn."""
    async with AsyncExitStack() as exits:
        few, many = [await _caller(workspace, redis_url, exits, *size) for size in (FEW, MANY)]
        for caller in (few, many):
            await caller.cost(_REQUESTS_A_REPEAT, _AT_ONCE)
        settle()
        samples = []
        for _ in range(_REPEATS):
            pair = {caller: await caller.cost(_REQUESTS_A_REPEAT, _AT_ONCE) for caller in random.sample((few, many), 2)}
            samples.append((pair[few], pair[many]))
    return samples


async def _memory(workspace: Workspace, redis_url: str) -> list[float]:
    routes = workspace.routes("memory", stack.product(stack.POLICIES, CONTRACT))
    application = Application(folder=str(workspace.folder), routes=str(routes), redis_url=redis_url)
    resident = []
    async with opened(application) as app:
        caller = Caller(app, [workspace.bearer(f"client-{number}") for number in range(20)], (GET, GET, GET, POST))
        for _ in range(_PARTS):
            await caller.cost(REQUESTS // _PARTS)
            resident.append(round(_resident(), 1))
    return resident


async def _caller(workspace: Workspace, redis_url: str, exits: AsyncExitStack, clients: int, routes: int) -> Caller:
    """Calls of so many clients to so many routes of one API."""
    name = f"scale-{routes}"
    handlers = [_handler(number) for number in range(routes)]
    workspace.contract(name, handlers)
    file = workspace.routes(name, stack.product(stack.POLICIES, f"{name}.v1.yaml"))
    application = Application(folder=str(workspace.folder), routes=str(file), redis_url=redis_url)
    app = await exits.enter_async_context(opened(application, handlers))
    calls = [Call("GET", f"{_area(number)}/{INVOICE.id}") for number in range(routes)]
    return Caller(app, [workspace.bearer(f"client-{number}") for number in range(clients)], calls)


def _area(number: int) -> str:
    return f"{PREFIX}/area-{number}/invoices"


def _handler(number: int) -> HTTPRouteHandler:
    @get(_area(number) + "/{invoice_id:str}", operation_id=f"getInvoice{number}", opt=dict(get_invoice.opt))
    async def get_one(invoice_id: Identifier) -> InvoiceStatus:  # noqa: ARG001 - every id is of the same invoice
        """An invoice and where it stands."""
        return INVOICE

    return get_one


def _resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
