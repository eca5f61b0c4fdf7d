"""What a request costs with many clients and routes, to one with few: over all server processes, as the peers' do."""

import random
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from bench.gateway import areas, load, stack, workers
from bench.gateway.apps import Application
from bench.gateway.load import Measure, Operation
from bench.gateway.processes import Processes, free_port
from bench.gateway.valkey import Counter
from bench.gateway.workspace import Workspace

FEW, MANY = (10, 10), (10_000, 500)
"""Clients and routes."""
_WARM_UP = 15
"""Seconds in which each worker meets each client: a token's signature is verified when it is first seen."""
_TURNS = 3
"""How often in a round each is loaded for a short while: a machine that is slower for half a minute is so for both."""
_LEAD_IN = 4
"""Seconds before each measure, in which a load that has paused for a few comes to its steady state again."""


class Spread(msgspec.Struct, frozen=True):
    """What became of few and many, a pair for each turn of the rounds."""

    few: Sequence[Measure]
    many: Sequence[Measure]

    def ratio(self, of: Callable[[Measure], float]) -> float:
        """The median over the turns of a figure of many to the one of few."""
        return median(of(many) / of(few) for few, many in zip(self.few, self.many, strict=True))


def measure(
    workspace: Workspace, processes: Processes, counter: Counter, rounds: int, seconds: int, say: Callable[[str], None]
) -> Spread:
    """Load both in turn; RuntimeError ends it."""
    loads = {size: _start(workspace, processes, counter, *size) for size in (FEW, MANY)}
    say("warming up few and many clients and routes")
    for operation, servers in loads.values():
        load.run(operation, _WARM_UP, servers)
    measured: dict[tuple[int, int], list[Measure]] = {size: [] for size in loads}
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        for size in (size for _ in range(_TURNS) for size in random.sample(list(loads), len(loads))):
            operation, servers = loads[size]
            load.run(operation, _LEAD_IN, servers)
            measured[size].append(load.run(operation, seconds, servers))
    return Spread(measured[FEW], measured[MANY])


def _start(
    workspace: Workspace, processes: Processes, counter: Counter, clients: int, routes: int
) -> tuple[Operation, tuple[int, ...]]:
    """A gateway with so many routes, what is asked of it, and the processes that answer."""
    name, port = f"spread-{routes}", free_port()
    workspace.contract(name, areas.handlers(routes))
    file = workspace.routes(name, stack.product(stack.POLICIES, f"{name}.v1.yaml"))
    application = Application(folder=str(workspace.folder), routes=str(file), redis_url=counter.url, areas=routes)
    process = workers.start(processes, name, application, port)
    bearers = [workspace.bearer(f"client-{number}")["authorization"] for number in range(clients)]
    operation = Operation(
        "GET", f"http://127.0.0.1:{port}/", {},
        tokens=workspace.write(f"{name}.tokens", "\n".join(bearers)),
        paths=workspace.write(f"{name}.paths", "\n".join(areas.paths(routes))),
    )  # fmt: skip
    return operation, (process, *counter.processes)
