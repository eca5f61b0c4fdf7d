"""The table `[connections.<name>.quota]`: what a platform account may be asked for."""

from typing import Annotated, ClassVar

import msgspec

from tollway.settings import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class QuotaSettings(Table):
    """What all workers together may ask of a platform account, and when it is left alone."""

    assumed_concurrency: ClassVar[int | None] = None
    """The calls at once that every account of the platform has by its documentation, until it tells more."""

    concurrency: Count | None = None
    """The most calls at once; the platform may tell fewer. Unset is what it tells, or what its documentation does."""
    rate: str = ""
    """The most calls in any stretch of time, such as `190/10 seconds` or `500/30 seconds;3000/hour`."""
    daily: Count | None = None
    """The calls of 24 hours at which we stop, on a platform that counts them; unset is where the platform does."""
    daily_pause_seconds: Seconds = 3600.0
    """How long nobody asks once they are used up, before a single call tries again."""
    ageing_seconds: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """After so long a waiting call counts as of the next higher priority."""
    longest_wait_seconds: Seconds = 20.0
    """How long a call waits for its turn before it is told to come again later."""
    failures_in_a_row: Count = 5
    """Calls that got no answer or an error of the platform's own, with no other between, that open the circuit."""
    open_seconds: Seconds = 5.0
    """How long an open circuit lets nothing through; each time that the call which then tries fails, twice as long."""
    longest_open_seconds: Seconds = 300.0
    """The most this becomes."""

    def __post_init__(self) -> None:
        """Raise ValueError for a rate that cannot be read."""
        self.windows()

    def windows(self) -> tuple[tuple[int, int], ...]:
        """The amount and the seconds of each stretch of time in `rate`."""
        if not self.rate:
            return ()
        from tollway.limits.notation import parse  # noqa: PLC0415 - few accounts need its library

        return tuple((window.amount, window.seconds) for window in parse(self.rate))
