"""What this process tells about itself: logs, traces, metrics and who called what."""

from tollway.telemetry.logging import configure_logging

__all__ = ["configure_logging"]
