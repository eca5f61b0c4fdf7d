"""Counters, gauges and histograms by label: plain lists of numbers, so that counting is one addition."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

Labels = tuple[str, ...]
Kind = Literal["counter", "gauge", "histogram"]
Merge = Literal["sum", "livesum", "livemax", "max"]
"""How the values of several workers become one; those of ended workers count unless it begins with `live`."""
OTHER = "other"
"""Stands for the label values of what has no series of its own."""
MOST_SERIES = 5_000


class Family(msgspec.Struct, kw_only=True):
    """All series of one metric."""

    name: str
    about: str
    labels: Labels
    """The names of the labels."""
    merge: Merge = "sum"
    bounds: tuple[float, ...] = ()
    """The upper bounds of a histogram's buckets."""
    folded: frozenset[str] = frozenset()
    """The labels that become `other` in whatever is new once there are `most` series."""
    most: int = MOST_SERIES
    values: dict[Labels, list[float]] = {}

    @property
    def kind(self) -> Kind:
        """What Prometheus calls it."""
        return "histogram" if self.bounds else "counter" if self.merge == "sum" else "gauge"

    def series(self, labels: Labels = ()) -> list[float]:
        """The numbers counted by these label values, to be changed in place; the hottest paths keep them."""
        found = self.values.get(labels)
        if found is None:
            if len(self.values) >= self.most:
                labels = tuple(
                    OTHER if name in self.folded else value for name, value in zip(self.labels, labels, strict=True)
                )
            found = self.values.setdefault(labels, [0.0] * (len(self.bounds) + 2 if self.bounds else 1))
        return found


class Counter(Family):
    """Counts what happens; it never falls."""

    def add(self, labels: Labels = (), amount: float = 1.0) -> None:
        """Count once more, or `amount` times."""
        self.series(labels)[0] += amount


class Gauge(Family):
    """Tells how something stands now."""

    def set(self, labels: Labels, value: float) -> None:
        """Note how it stands."""
        self.series(labels)[0] = value


class Histogram(Family):
    """Counts by size: in each series one number for every bucket, one for what is larger, and the sum."""

    def observe(self, labels: Labels, value: float) -> None:
        """Count a value."""
        numbers = self.series(labels)
        numbers[bisect_left(self.bounds, value)] += 1
        numbers[-1] += value


F = TypeVar("F", bound=Family)


class Metrics:
    """The metrics of this process; asking for one of the same name again gives the same one."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def counter(
        self,
        name: str,
        about: str,
        labels: Labels = (),
        *,
        folded: Iterable[str] | None = None,
        most: int = MOST_SERIES,
    ) -> Counter:
        """A counter, named without `tollway_` and `_total`; `folded` are the labels callers can fill, unsaid all."""
        kept = frozenset(labels if folded is None else folded)
        return self._kept(Counter(name=name, about=about, labels=labels, folded=kept, most=most))

    def gauge(
        self,
        name: str,
        about: str,
        labels: Labels = (),
        *,
        merge: Merge = "livesum",
        folded: Iterable[str] | None = None,
        most: int = MOST_SERIES,
    ) -> Gauge:
        """A gauge, named without `tollway_`; ValueError when it would be merged as counters are."""
        if merge == "sum":
            raise ValueError(f"the gauge {name} cannot go on counting what ended workers stood at")
        kept = frozenset(labels if folded is None else folded)
        return self._kept(Gauge(name=name, about=about, labels=labels, merge=merge, folded=kept, most=most))

    def histogram(self, name: str, about: str, labels: Labels, bounds: tuple[float, ...]) -> Histogram:
        """A histogram, named without `tollway_`."""
        return self._kept(Histogram(name=name, about=about, labels=labels, bounds=bounds, folded=frozenset(labels)))

    def families(self) -> list[Family]:
        """Every metric there is now."""
        return list(self._families.values())

    def _kept(self, made: F) -> F:
        known = self._families.setdefault(made.name, made)
        if type(known) is not type(made) or (known.labels, known.merge, known.bounds) != (
            made.labels,
            made.merge,
            made.bounds,
        ):
            raise ValueError(f"the metric {made.name} is already there in another form")
        return known
