"""The rounds: every placement and operation once in each, in an order drawn anew."""

import random
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from bench.gateway import load
from bench.gateway.invoices import BODY, INVOICE
from bench.gateway.load import Measure, Operation
from bench.gateway.placements import Placement

Series = Mapping[tuple[str, str], Sequence[Measure]]
"""What each placement and method did, round by round."""
_WARM_UP = 1


def run(placements: Sequence[Placement], rounds: int, seconds: int, say: Callable[[str], None]) -> Series:
    """Measure every placement `rounds` times, each time for `seconds` per operation; RuntimeError ends it."""
    work = [(placement, method) for placement in placements for method in placement.methods]
    say(f"warming up {len(work)} loads")
    for placement, method in work:
        load.run(_operation(placement, method), _WARM_UP, placement.processes)
    series: dict[tuple[str, str], list[Measure]] = defaultdict(list)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        for placement, method in random.sample(work, len(work)):
            measured = load.run(_operation(placement, method), seconds, placement.processes)
            series[placement.name, method].append(measured)
    return series


def ratio(
    series: Series, ours: tuple[str, str], theirs: tuple[str, str], of: Callable[[Measure], float]
) -> float | None:
    """The median over the rounds of a figure of ours to theirs; None when one was not measured."""
    pairs = list(zip(series.get(ours, ()), series.get(theirs, ()), strict=False))
    return median(of(mine) / of(other) for mine, other in pairs) if pairs else None


def difference(
    series: Series, ours: tuple[str, str], theirs: tuple[str, str], of: Callable[[Measure], float]
) -> float | None:
    """The median over the rounds of what ours has more of a figure than theirs."""
    pairs = list(zip(series.get(ours, ()), series.get(theirs, ()), strict=False))
    return median(of(mine) - of(other) for mine, other in pairs) if pairs else None


def _operation(placement: Placement, method: str) -> Operation:
    if method == "GET":
        return Operation(method, f"{placement.invoices}/{INVOICE.id}", placement.headers())
    keys = secrets.token_hex(8) if placement.keyed else ""
    return Operation(method, placement.invoices, placement.headers(), body=BODY.decode(), keys=keys)
