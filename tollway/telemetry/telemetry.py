"""Everything by which the gateway can be watched, put together from the settings."""

from pathlib import Path
from typing import TYPE_CHECKING

from tollway.telemetry.access_log import AccessLog
from tollway.telemetry.answered import Answered
from tollway.telemetry.batches import Batches
from tollway.telemetry.exporter import Exporter
from tollway.telemetry.metrics import Metrics
from tollway.telemetry.settings import TelemetrySettings
from tollway.telemetry.trace_context import threshold

if TYPE_CHECKING:
    from tollway.telemetry.endpoint import MetricsEndpoint


class Telemetry:
    """Metrics, spans and access log of one worker; made in that worker, since a fork takes no threads along."""

    def __init__(self, settings: TelemetrySettings | None = None, folder: Path | None = None) -> None:
        """`folder` is that of the state, for the metrics of all workers; raises StartupError.

        Without settings it counts, and tells nobody.
        """
        settings = settings or TelemetrySettings()
        self.metrics = Metrics()
        self.clients = settings.metrics_clients
        """How many clients have series of their own."""
        self.threshold = threshold(settings.sampling)
        """What a new trace's id must not be below to be recorded."""
        self.access_log: Batches[Answered] | None = None
        self.spans: Batches[Answered] | None = None
        self._exporter: Exporter | None = None
        lost = self.metrics.counter("telemetry_dropped", "Spans and lines of the access log that were lost.", ("what",))
        if settings.access_log:
            log = AccessLog(settings.access_log)
            self.access_log = Batches("access log", log.write, lost.series(("access_log",)))
        if settings.otlp_endpoint:
            sent = self.metrics.counter("spans_exported", "Spans that the receiver took.").series()
            lost_spans = lost.series(("spans",))
            self._exporter = Exporter(settings.otlp_endpoint, settings.otlp_headers, sent, lost_spans)
            self.spans = Batches("spans", self._exporter.export, lost_spans, most=8192, full=2048, seconds=2.0)
        self._endpoint = _endpoint(self.metrics, settings, folder) if settings.metrics_port and folder else None

    def close(self) -> None:
        """Tell what has not been told yet, waiting a few seconds for it at most."""
        if self._exporter:
            self._exporter.stop_repeating()
        for batches in (self.access_log, self.spans):
            if batches:
                batches.close()
        if self._exporter:
            self._exporter.close()
        if self._endpoint:
            self._endpoint.close()


def _endpoint(metrics: Metrics, settings: TelemetrySettings, folder: Path) -> "MetricsEndpoint":
    from tollway.telemetry.endpoint import MetricsEndpoint  # noqa: PLC0415 - loads a library that others do without

    return MetricsEndpoint(metrics, folder / "telemetry", settings.metrics_host, settings.metrics_port)
