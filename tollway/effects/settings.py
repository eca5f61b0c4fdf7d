"""The settings of effects."""

from typing import Annotated

import msgspec

from tollway.strict import Strict

Pauses = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0, le=3600)], ...], msgspec.Meta(min_length=1, max_length=20)]


class EffectSettings(Strict):
    """How it is made certain that every write to a platform happens once."""

    read_back_after: Pauses = (0.3, 1.0, 3.0)
    """The pauses in seconds before each look at a platform that did not answer. After the last look absence counts, so
    their sum must exceed the time that a platform takes to finish and to show what it was sent."""
    read_back_after_of: dict[str, Pauses] = {}
    """The same for one kind of effect, the first word of its identity: `invoice = [1, 5, 30]`."""
    lease_seconds: Annotated[float, msgspec.Meta(ge=1, le=600)] = 10.0
    """How long a worker that died or hangs keeps others from an effect that it was sending."""
