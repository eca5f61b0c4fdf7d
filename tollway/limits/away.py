"""What becomes of requests that nobody can count because Redis is away."""

from typing import Literal

from tollway.telemetry.metrics import Metrics

WhenAway = Literal["open", "closed"]


def uncounted(metrics: Metrics, product: str, policy: str, when_away: WhenAway) -> list[float]:
    """The number of a policy's requests that could not be counted, to be raised in place."""
    became = "admitted" if when_away == "open" else "refused"
    counter = metrics.counter(
        "limits_away", "Requests that could not be counted, and what became of them.", ("product", "policy", "became")
    )
    return counter.series((product, policy, became))
