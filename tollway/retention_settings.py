"""How long history is kept."""

from typing import Annotated

import msgspec

from tollway.strict import Strict

Days = Annotated[float, msgspec.Meta(ge=0)]


class RetentionSettings(Strict):
    """How long the step-by-step history of a process is kept once it came to its end; effects and audit stay."""

    days: Days = 90.0
    processes: dict[str, Days] = {}
    """Other numbers of days, by the name of the process."""
