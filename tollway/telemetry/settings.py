"""The table `[telemetry]` of the configuration."""

from typing import Annotated

import msgspec

from tollway.strict import Strict


class TelemetrySettings(Strict):
    """By what the gateway can be watched."""

    otlp_endpoint: str = ""
    """The base URL of a receiver of OTLP over HTTP, such as `http://collector:4318`; empty sends no spans."""
    otlp_headers: dict[str, str] = {}
    """Headers that the receiver asks for, such as its key."""
    sampling: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.05
    """The share of traces begun here that is recorded; a caller that brings a trace has decided for it."""
    access_log: str = ""
    """`stdout`, or the file to which a line is added for every request; empty writes none."""
    metrics_host: str = "127.0.0.1"
    """The address on which `/metrics` answers: one that only who collects metrics can reach."""
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """Its port, the same for all workers on a machine; 0 serves none."""
    metrics_clients: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 200
    """How many clients of a product are counted by name, those that come first; the others are one, `other`."""
