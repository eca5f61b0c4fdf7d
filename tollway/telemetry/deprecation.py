"""Who still calls a deprecated version: counted by client, for the report and for alerts."""

import time

from tollway.telemetry.metrics import Metrics

REQUESTS = "deprecated_requests"
LAST_REQUEST = "deprecated_last_request_timestamp_seconds"
SUNSET = "deprecated_sunset_timestamp_seconds"
ANONYMOUS = "anonymous"
_MOST_CLIENTS = 10_000


class DeprecatedUse:
    """Counts the requests to one deprecated product."""

    def __init__(self, metrics: Metrics, product: str) -> None:
        self._product = product
        labels = ("product", "client")
        self._requests = metrics.counter(
            REQUESTS, "Requests to deprecated versions.", labels, folded=("client",), most=_MOST_CLIENTS
        )
        self._last = metrics.gauge(
            LAST_REQUEST,
            "When a client last called a deprecated version.",
            labels,
            merge="max",
            folded=("client",),
            most=_MOST_CLIENTS,
        )
        self._sunset = metrics.gauge(
            SUNSET, "When a deprecated version ends; 0 while that is not decided.", ("product",)
        )

    def announce(self, sunset: float | None) -> None:
        """Tell when it ends, in seconds since 1970; None while that is not decided."""
        self._sunset.set((self._product,), sunset or 0.0)

    def count(self, client: str) -> None:
        """Count a request of an OAuth client; empty for a caller without a token."""
        labels = (self._product, client or ANONYMOUS)
        self._requests.series(labels)[0] += 1
        self._last.series(labels)[0] = time.time()
