"""Serves `/metrics` to Prometheus, on a port of its own that no caller of the gateway reaches."""

import socket
import threading
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, Metric, make_wsgi_app
from prometheus_client.registry import Collector

from tollway.problems import StartupError
from tollway.telemetry.metrics import Family, Metrics
from tollway.telemetry.workers import WorkerMetrics

PREFIX = "tollway_"
_MOST_SECONDS = 10


class MetricsEndpoint:
    """Answers `GET /metrics` for all workers of the machine, from a thread; each worker listens on the same port."""

    def __init__(self, metrics: Metrics, folder: Path, host: str, port: int) -> None:
        """`folder` is where the workers find one another; raises StartupError when it or the port cannot be used."""
        self._workers = WorkerMetrics(metrics, folder)
        registry = CollectorRegistry()
        registry.register(_Merged(self._workers))
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            self._workers.close()
            raise StartupError(
                f"The setting telemetry.metrics_port: {port} on {host} cannot be used ({error.strerror})."
            ) from error
        self._server.set_app(_only_metrics(make_wsgi_app(registry)))
        threading.Thread(target=self._server.serve_forever, name="metrics endpoint", daemon=True).start()

    def close(self) -> None:
        """Answer no more, and leave what was counted to the workers that go on."""
        self._server.shutdown()
        self._server.server_close()
        self._workers.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_port = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # WSGIServer would ask the name service for the host's full name first, which may take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = _MOST_SECONDS

    def log_message(self, *_: Any) -> None:
        """Say nothing about scrapes."""


def _only_metrics(metrics: Any) -> Any:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"There is /metrics here.\n"]

    return app


class _Merged(Collector):
    """The metrics of all workers, in the words of the Prometheus library."""

    def __init__(self, workers: WorkerMetrics) -> None:
        self._workers = workers

    def describe(self) -> list[Metric]:
        """None ahead of time: they come as policies are used."""
        return []

    def collect(self) -> list[Metric]:
        return [_metric(family) for family in self._workers.merged()]


def _metric(family: Family) -> Metric:
    name = PREFIX + family.name
    metric = Metric(name, family.about, family.kind)
    for values, numbers in sorted(family.values.items()):
        labels = dict(zip(family.labels, values, strict=True))
        if not family.bounds:
            metric.add_sample(f"{name}_total" if family.kind == "counter" else name, labels, numbers[0])
            continue
        counts = list(accumulate(numbers[:-1]))
        for bound, count in zip((*map(repr, family.bounds), "+Inf"), counts, strict=True):
            metric.add_sample(f"{name}_bucket", labels | {"le": bound}, count)
        metric.add_sample(f"{name}_count", labels, counts[-1])
        metric.add_sample(f"{name}_sum", labels, numbers[-1])
    return metric
