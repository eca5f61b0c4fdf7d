"""What must not grow: memory over a million requests, and the cost of a request over clients and routes."""

import os
import random
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import msgspec

from bench.gateway import areas, stack
from bench.gateway.apps import Application, opened
from bench.gateway.in_process import GET, POST, Call, Caller, settle
from bench.gateway.spread import FEW, MANY, Spread
from bench.gateway.workspace import CONTRACT, Workspace

REQUESTS = 1_000_000
_PARTS = 10
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
    """Microseconds of processor per request with few clients and routes, over all server processes."""
    many_us: float
    scale_cost: float
    """What a request costs with many, to one with few."""
    scale_rate: float
    """Requests a second with few, to those with many."""
    in_process: list[float]
    """Microseconds with few and with many in one process, without sockets, and their ratio."""


async def measure(workspace: Workspace, redis_url: str, spread: Spread) -> Scale:
    """Memory in this process, and what a request costs here, besides what it costs in servers."""
    memory = await _memory(workspace, redis_url)  # first: what the other check leaves would hide growth
    samples = await _costs(workspace, redis_url)
    return Scale(
        memory_mb=memory,
        memory_growth=round(memory[-1] / memory[1], 3),
        few_us=round(median(each.cpu for each in spread.few), 1),
        many_us=round(median(each.cpu for each in spread.many), 1),
        scale_cost=round(spread.ratio(lambda measure: measure.cpu), 3),
        scale_rate=round(1 / spread.ratio(lambda measure: measure.rate), 3),
        in_process=[
            round(median(sample[0] for sample in samples), 1),
            round(median(sample[1] for sample in samples), 1),
            round(median(more / less for less, more in samples), 3),
        ],
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
    workspace.contract(name, areas.handlers(routes))
    file = workspace.routes(name, stack.product(stack.POLICIES, f"{name}.v1.yaml"))
    application = Application(folder=str(workspace.folder), routes=str(file), redis_url=redis_url, areas=routes)
    app = await exits.enter_async_context(opened(application))
    calls = [Call("GET", path) for path in areas.paths(routes)]
    return Caller(app, [workspace.bearer(f"client-{number}") for number in range(clients)], calls)


def _resident() -> float:
    """Megabytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
