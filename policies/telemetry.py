"""Tells of every request: how many, how long and with which outcome; a line of the access log and a span."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import ClassVar

from policies.base import GatewayRequest, GatewayResponse, Handler, PolicyResources
from tollway.contracts.published import Operation
from tollway.problems import ProblemError
from tollway.service import as_problem
from tollway.strict import Strict
from tollway.telemetry.answered import MOST_PATH, Answered
from tollway.telemetry.metrics import MOST_SERIES, OTHER, Metrics

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the buckets in which durations are counted."""
ANONYMOUS = "anonymous"
CALLER_WENT_AWAY = 499
"""What no answer was waited for counts as; others write this status into their logs, too."""
_STATUSES = [str(status) for status in range(1000)]
_MOST_HEADER = 256


class Telemetry(Strict):
    """Counts and measures the request until its answer begins; leaves the rest to the access log and the exporter."""

    after: ClassVar[tuple[str, ...]] = ()

    def wrap(self, following: Handler, resources: PolicyResources) -> Handler:
        count, report = _counting(resources), _reporting(resources)
        in_flight = resources.gateway.metrics.gauge(
            "requests_in_flight", "Requests that are being answered.", ("product",)
        ).series((resources.product,))

        def tell(request: GatewayRequest, status: int, problem: str, size: int | None) -> None:
            seconds = time.monotonic() - request.started
            try:
                operation = request.operation
            except ProblemError:  # the contract has no such path or method
                operation = None
            count(request, operation, status, seconds)
            if report is not None:
                report(request, operation, status, seconds, problem, size)

        async def handle(request: GatewayRequest) -> GatewayResponse:
            in_flight[0] += 1
            try:
                response = await following(request)
            except BaseException as error:
                tell(request, *_outcome(error), None)
                raise
            finally:
                in_flight[0] -= 1
            tell(request, response.status, "", len(response.body) if response.stream is None else None)
            return response

        return handle


def _outcome(error: BaseException) -> tuple[int, str]:
    """The status and the kind of problem that an exception is answered with."""
    if isinstance(error, Exception):
        problem = as_problem(error)
        return problem.status, problem.kind
    return CALLER_WENT_AWAY, "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__name__


class _Outcomes:
    """How many requests of a product came to what, and their time, by operation, client and status."""

    def __init__(self, metrics: Metrics, product: str, version: str) -> None:
        told_apart = ("product", "version", "operation", "client", "status")
        self.known: dict[tuple[str, str, int], _Numbers] = {}
        self._about = (product, version)
        self._requests = metrics.counter("requests", "Requests by their outcome.", told_apart, folded=("client",))
        self._seconds = metrics.counter(
            "request_seconds", "Time until answers began, of all requests together.", told_apart, folded=("client",)
        )
        self._durations = metrics.histogram(
            "request_duration_seconds", "Time until the answer began.", told_apart[:3], SECONDS
        )

    def open(self, operation: str, client: str, status: int) -> "_Numbers":
        """The numbers of what has none of its own; where there are too many, clients are no longer told apart."""
        if client != OTHER and len(self.known) >= MOST_SERIES:
            return self.known.get((operation, OTHER, status)) or self.open(operation, OTHER, status)
        labels = (*self._about, operation, client, _STATUSES[status])
        numbers = self.known[operation, client, status] = (
            self._requests.series(labels),
            self._seconds.series(labels),
            self._durations.series((*self._about, operation)),
        )
        return numbers


_Numbers = tuple[list[float], list[float], list[float]]
"""Of what came to the same: how many, their time, and the buckets of the operation."""


def _counting(resources: PolicyResources) -> Callable[[GatewayRequest, Operation | None, int, float], None]:
    """Counts requests, and sums their time, by all that tells them apart; the many buckets are by operation alone."""
    version = "v" + str(resources.contract.document.get("info", {}).get("version", "")).partition(".")[0]
    outcomes = _Outcomes(resources.gateway.metrics, resources.product, version)
    find, opened = outcomes.known.get, outcomes.open
    clients, most = resources.keep("telemetry", set[str]), resources.gateway.telemetry.clients

    def count(request: GatewayRequest, operation: Operation | None, status: int, seconds: float) -> None:
        client = request.caller.client if request.caller else ANONYMOUS
        if client not in clients:
            if len(clients) < most:
                clients.add(client)
            else:
                client = OTHER
        called = operation.id if operation else ""
        counted, taken, buckets = find((called, client, status)) or opened(called, client, status)
        counted[0] += 1
        taken[0] += seconds
        buckets[bisect_left(SECONDS, seconds)] += 1
        buckets[-1] += seconds

    return count


Report = Callable[[GatewayRequest, Operation | None, int, float, str, int | None], None]


def _reporting(resources: PolicyResources) -> Report | None:
    """Hands what is known of a request to the access log and, if its trace is recorded, to the exporter."""
    telemetry, product = resources.gateway.telemetry, resources.product
    log = telemetry.access_log.put if telemetry.access_log else None
    spans = telemetry.spans.put if telemetry.spans else None
    if log is None and spans is None:
        return None

    def report(
        request: GatewayRequest,
        operation: Operation | None,
        status: int,
        seconds: float,
        problem: str,
        size: int | None,
    ) -> None:
        ids = request.context
        sampled = spans is not None and ids.traceparent[-1] == "1"
        if log is None and not sampled:
            return
        caller, body, find = request.caller, request.body_so_far, request.headers.get
        answered = Answered(
            time.time() - seconds, seconds, ids, product, request.method, request.path[:MOST_PATH], status,
            operation.id if operation else "", operation.path if operation else "", caller.client if caller else "",
            request.address, problem, None if body is None else len(body), size, request.scheme,
            find(b"traceparent", b"")[:_MOST_HEADER], find(b"host", b"")[:_MOST_HEADER],
            find(b"user-agent", b"")[:_MOST_HEADER],
        )  # fmt: skip
        if log is not None:
            log(answered)
        if sampled and spans is not None:
            spans(answered)

    return report
