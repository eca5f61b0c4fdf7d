"""What each policy adds to a request: the gateway in this process, with one policy more from step to step."""

import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median

import msgspec

from bench.gateway.apps import Application, opened
from bench.gateway.in_process import Caller, settle
from bench.gateway.stack import POLICIES, product
from bench.gateway.workspace import CONTRACT, OPEN_CONTRACT, Workspace

_WARM_UP = 300
_REQUESTS = 500
_REPEATS = 21


class Cost(msgspec.Struct, frozen=True):
    """What one part adds to a GET."""

    name: str
    added: float
    """Processor µs."""


async def measure(workspace: Workspace, redis_url: str) -> list[Cost]:
    """The bare service, what the gateway adds without a policy, and then each policy: medians over shuffled repeats."""
    async with AsyncExitStack() as exits:
        steps = await _steps(workspace, redis_url, exits)
        for _, caller in steps:
            await caller.cost(_WARM_UP)
        settle()
        samples: dict[str, list[float]] = {name: [] for name, _ in steps}
        for _ in range(_REPEATS):
            for name, caller in random.sample(steps, len(steps)):
                samples[name].append(await caller.cost(_REQUESTS))
    # Each step against the one before it in the same repeat: what the machine does else hits both.
    costs, before = [], [0.0] * _REPEATS
    for name, series in samples.items():
        costs.append(Cost(name, median(now - then for now, then in zip(series, before, strict=True))))
        before = series
    return costs


async def _steps(workspace: Workspace, redis_url: str, exits: AsyncExitStack) -> Sequence[tuple[str, Caller]]:
    bare = Application(folder=str(workspace.folder))
    service = await exits.enter_async_context(opened(bare))
    steps = [("service bare", Caller(service, [workspace.signed()]))]
    for count in range(len(POLICIES) + 1):
        policies = POLICIES[:count]
        names = [name for policy in policies for name in policy]
        contract = CONTRACT if "scopes" in names else OPEN_CONTRACT
        routes = workspace.routes(f"step-{count}", product(policies, contract))
        application = msgspec.structs.replace(bare, routes=str(routes), redis_url=redis_url)
        app = await exits.enter_async_context(opened(application))
        steps.append((names[-1] if names else "gateway without policies", Caller(app, [workspace.bearer()])))
    return steps
