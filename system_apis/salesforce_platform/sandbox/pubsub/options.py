"""What an org's event bus is set up with."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

RETENTION = dt.timedelta(hours=72)
KEEP_ALIVE_SECONDS = 270.0


class EventOptions(msgspec.Struct, frozen=True):
    """Where the Pub/Sub API is served, and what of."""

    port: int
    selected: Sequence[str] = ("Opportunity",)
    """The sObjects that are selected for Change Data Capture."""
    certificate: tuple[Path, Path] | None = None
    """Certificate and key, for TLS."""
    retention: dt.timedelta = RETENTION
    keep_alive: float = KEEP_ALIVE_SECONDS
    """Seconds of silence after which a subscriber is told how far the stream is."""
