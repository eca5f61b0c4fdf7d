"""The table of a run, and its last line."""

from collections.abc import Sequence
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from bench.gateway.load import Measure
from bench.gateway.placements import Placement
from bench.gateway.policy_costs import Cost
from bench.gateway.rounds import Series, difference, ratio

ENVOY = "envoy_jwt"
AIMS = {
    "get_vs_envoy": "≥ 2.2",
    "post_vs_envoy": "≥ 1.8",
    "cpu_vs_envoy": "≤ 0.45",
    "get_vs_nginx": "≥ 1.5",
    "policies_us": "≤ 40",
    "network_vs_envoy": "≥ 0.77",
    "tracing_cost": "≤ 0.15",
}


class Figures(msgspec.Struct, kw_only=True):
    """The last line; None for what was not measured."""

    get_vs_envoy: float | None
    post_vs_envoy: float | None
    cpu_vs_envoy: float | None
    """Processor time per GET, ours to theirs."""
    get_vs_nginx: float | None
    policies_us: float | None
    """Processor µs that the gateway adds to a GET of the bare service, from the same rounds."""
    policies_in_process_us: float
    """The same without a server around it."""
    network_vs_envoy: float | None
    post_durable_vs_envoy: float | None
    """POST with durable idempotency and audit, which Envoy has not."""
    tracing_cost: float | None
    """Share of the throughput that tracing every request costs."""
    rounds: int
    seconds: int
    cores: int


def figures(series: Series, costs: Sequence[Cost], *, rounds: int, seconds: int, cores: int) -> Figures:
    """What the rounds say, as medians of per-round ratios."""
    traced = _ratio(series, "traced", "gateway")
    policies = difference(series, ("gateway", "GET"), ("service", "GET"), _cpu)
    return Figures(
        get_vs_envoy=_ratio(series, "gateway", ENVOY),
        post_vs_envoy=_ratio(series, "gateway", ENVOY, "POST"),
        cpu_vs_envoy=_rounded(ratio(series, ("gateway", "GET"), (ENVOY, "GET"), _cpu)),
        get_vs_nginx=_ratio(series, "gateway", "nginx"),
        policies_us=policies and round(policies, 1),
        policies_in_process_us=round(sum(cost.added for cost in costs[1:]), 1),
        network_vs_envoy=_ratio(series, "network", ENVOY),
        post_durable_vs_envoy=_ratio(series, "durable", ENVOY, "POST"),
        tracing_cost=_rounded(None if traced is None else 1 - traced),
        rounds=rounds,
        seconds=seconds,
        cores=cores,
    )


def show(placements: Sequence[Placement], series: Series, costs: Sequence[Cost], found: Figures) -> None:
    """Print the tables and the last line."""
    console = Console()
    table = Table("Placement", "", "requests/s", "CPU µs", "p50 ms", "p99 ms", title="Medians of the rounds")
    for placement in placements:
        for method in placement.methods:
            measures = series[placement.name, method]
            table.add_row(placement.words, method, *(f"{median(map(figure, measures)):,.{digits}f}"
                          for figure, digits in ((_rate, 0), (_cpu, 0), (_p50, 1), (_p99, 1))))  # fmt: skip
    console.print(table)
    table = Table("Added to the request", "CPU µs", title="One GET in one process, without a server around it")
    for cost in costs:
        table.add_row(cost.name, f"{cost.added:.1f}")
    console.print(table)
    table = Table("Figure", "Value", "Aim")
    for name, value in msgspec.structs.asdict(found).items():
        table.add_row(name, "not measured" if value is None else str(value), AIMS.get(name, ""))
    console.print(table)
    print(msgspec.json.encode(found).decode())


def _ratio(series: Series, ours: str, theirs: str, method: str = "GET") -> float | None:
    return _rounded(ratio(series, (ours, method), (theirs, method), _rate))


def _rounded(value: float | None) -> float | None:
    return value if value is None else round(value, 3)


def _rate(measure: Measure) -> float:
    return measure.rate


def _cpu(measure: Measure) -> float:
    return measure.cpu


def _p50(measure: Measure) -> float:
    return measure.p50


def _p99(measure: Measure) -> float:
    return measure.p99
