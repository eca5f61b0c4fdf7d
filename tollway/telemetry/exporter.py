"""Sends spans to a receiver of OTLP over HTTP, such as an OpenTelemetry collector."""

import http.client
import random
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog

from tollway.problems import StartupError
from tollway.telemetry.answered import Answered
from tollway.telemetry.otlp import request_of, resource_of

TIMEOUT = 5.0
_TRIES = 4
_TO_BE_REPEATED = (429, 502, 503, 504)
_OK = 200
_WARN_EVERY = 100
log = structlog.get_logger()


class Exporter:
    """Keeps one connection, used by one thread; what the receiver will not take is dropped and counted."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], exported: list[float], dropped: list[float]) -> None:
        """`endpoint` is the setting `telemetry.otlp_endpoint`; raises StartupError when it is no HTTP address."""
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise StartupError("The setting telemetry.otlp_endpoint is wrong: it begins with http:// or https://.")
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname, address.port, timeout=TIMEOUT)
        self._path = f"{address.path.rstrip('/')}/v1/traces"
        self._headers = {"content-type": "application/x-protobuf", **headers}
        self._exported = exported
        self._dropped = dropped
        self._closing = threading.Event()
        self._failures = 0
        self._resource = resource_of(
            {
                "service.name": "gateway",
                "service.namespace": "tollway",
                "service.version": version("tollway"),
                "service.instance.id": str(uuid.uuid4()),
                "telemetry.sdk.language": "python",
            }
        )

    def export(self, spans: list[Answered]) -> None:
        """Send their spans, again after a pause when the receiver is away or asks for it."""
        body = request_of(spans, self._resource)
        for attempt in range(_TRIES):
            status, pause = self._post(body)
            if status == _OK:
                self._exported[0] += len(spans)
                self._failures = 0
                return
            if status and status not in _TO_BE_REPEATED:
                break
            longest = pause or 2**attempt * 0.25
            if self._closing.wait(longest * random.uniform(0.5, 1.0)):  # noqa: S311 - spreads the workers, no secret
                break
        self._dropped[0] += len(spans)
        if self._failures % _WARN_EVERY == 0:
            log.warning("spans were lost", spans=len(spans), status=status or "no answer")
        self._failures += 1

    def stop_repeating(self) -> None:
        """Try what is left only once: the process ends."""
        self._closing.set()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, body: bytes) -> tuple[int, float]:
        """The receiver's status, 0 for no answer, and the pause it asks for."""
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, 0.0
        pause = 0.0
        with suppress(ValueError):
            pause = min(30.0, float(answer.getheader("retry-after", "")))
        return answer.status, pause
