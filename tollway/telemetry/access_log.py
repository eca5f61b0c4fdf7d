"""The access log: a JSON object on a line for every request, without query, token or body."""

import datetime as dt
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tollway.problems import StartupError
from tollway.telemetry.answered import Answered

STDOUT = "stdout"
_AT_ONCE = 4096
"""Bytes that a pipe takes whole, whoever else writes to it: PIPE_BUF of Linux."""


class Line(msgspec.Struct, tag_field="event", tag="request", omit_defaults=True, gc=False):
    """An answered request, as the access log has it; what is not known is left out."""

    timestamp: str
    """When it came, in the form of ISO 8601."""
    correlation_id: str
    trace_id: str
    product: str
    method: str
    path: str
    status: int
    duration_us: int
    operation: str = ""
    client: str = ""
    address: str = ""
    problem: str = ""
    request_bytes: int | None = None
    response_bytes: int | None = None


class AccessLog:
    """Appends to stdout or to a file, which may be moved away at any time: the next lines begin a new one."""

    def __init__(self, where: str) -> None:
        """`where` is the setting `telemetry.access_log`; raises StartupError when it cannot be written to."""
        self._path = None if where == STDOUT else Path(where)
        self._encoder = msgspec.json.Encoder()
        try:
            self.write([])
        except OSError as error:
            raise StartupError(
                f"The setting telemetry.access_log names {where}, which cannot be written to: {error.strerror}."
            ) from error

    def write(self, requests: list[Answered]) -> None:
        """Append a line for each."""
        lines = self._encoder.encode_lines(list(_lines(requests)))
        if self._path is None:
            for part in _parts(lines):
                _write(sys.stdout.fileno(), part)
        else:
            with self._path.open("ab", buffering=0) as file:
                _write(file.fileno(), lines)


def _lines(requests: list[Answered]) -> Iterator[Line]:
    last, shown = -1, ""
    for one in requests:
        second = int(one.began)
        if second != last:  # what many share is written once
            last, shown = second, dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
        timestamp = "%s.%06dZ" % (shown, (one.began - second) * 1e6)  # noqa: UP031 - half the time of an f-string
        yield Line(
            timestamp, one.ids.correlation_id, one.ids.traceparent[3:35], one.product, one.method, one.path, one.status,
            round(one.seconds * 1e6), one.operation, one.client, one.address, one.problem, one.request_bytes,
            one.response_bytes,
        )  # fmt: skip


def _parts(text: bytes) -> Iterator[bytes]:
    """Whole lines, as many at a time as no other worker's can come between."""
    start = 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + _AT_ONCE) + 1 or text.find(b"\n", start) + 1
        yield text[start:end]
        start = end


def _write(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
