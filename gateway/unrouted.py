"""Tells of what no API product answers: the catalog's pages, unknown paths, and what nobody could read."""

import time

import msgspec

from tollway.context import RequestContext
from tollway.problems import ProblemError
from tollway.telemetry.answered import Answered
from tollway.telemetry.telemetry import Telemetry

_MOST_PATH = 2048


class Call(msgspec.Struct, frozen=True):
    """What is known of a request that reaches no product; of one that could not be read, next to nothing."""

    address: str
    method: str = ""
    path: str = ""


class Unrouted:
    """Counts such requests, and has them in the access log with all others."""

    def __init__(self, telemetry: Telemetry) -> None:
        metrics, log = telemetry.metrics, telemetry.access_log
        self._requests = metrics.counter("unrouted_requests", "Requests beside the API products.", ("status",))
        self._unread = metrics.counter("requests_unread", "Requests that could not be read.", ("problem",))
        self._log = log.put if log else None

    def answered(self, call: Call, ids: RequestContext, status: int, seconds: float) -> None:
        """Tell of a page, or of a path that is not there."""
        self._requests.add((str(status),))
        self._write(call, ids, status, seconds, "")

    def unread(self, call: Call, ids: RequestContext, problem: ProblemError) -> None:
        """Tell of a request of which nobody knows whose it would have been."""
        self._unread.add((problem.kind,))
        self._write(call, ids, problem.status, 0.0, problem.kind)

    def _write(self, call: Call, ids: RequestContext, status: int, seconds: float, problem: str) -> None:
        if self._log is None:
            return
        self._log(
            Answered(
                began=time.time() - seconds,
                seconds=seconds,
                ids=ids,
                product="",
                method=call.method,
                path=call.path[:_MOST_PATH],
                status=status,
                address=call.address,
                problem=problem,
            )
        )
