"""Tells of what no API product answers: the catalog's pages, unknown paths, and what nobody could read."""

from tollway.telemetry.answered import Answered
from tollway.telemetry.telemetry import Telemetry


class Unrouted:
    """Counts such requests, and has them in the access log with all others."""

    def __init__(self, telemetry: Telemetry) -> None:
        metrics, log = telemetry.metrics, telemetry.access_log
        self._requests = metrics.counter("unrouted_requests", "Requests beside the API products.", ("status",))
        self._unread = metrics.counter("requests_unread", "Requests that could not be read.", ("problem",))
        self._log = log.put if log else None

    def answered(self, request: Answered) -> None:
        """Tell of a page, or of a path that is not there."""
        self._requests.add((str(request.status),))
        if self._log:
            self._log(request)

    def unread(self, request: Answered) -> None:
        """Tell of a request of which nobody knows whose it would have been."""
        self._unread.add((request.problem,))
        if self._log:
            self._log(request)
