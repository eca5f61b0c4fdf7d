"""How durable processes are worked on."""

from typing import Annotated

import msgspec

from tollway.strict import Strict


class EngineSettings(Strict):
    """What a worker of the durable engine does."""

    drain_seconds: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    """Seconds that steps under way have to end when a worker is told to stop, such as a write that an ERP takes its
    time for; fewer than whoever stops it waits before it kills."""
