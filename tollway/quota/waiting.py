"""A call that waits for its turn."""

import asyncio


class Waiting:
    """Sorted by who goes next."""

    __slots__ = ("admitted", "came", "handicap", "id", "until")

    def __init__(self, name: str, came: float, handicap: float, until: float, admitted: "asyncio.Future[bool]") -> None:
        """Times are the event loop's; `admitted` will tell whether the call is a probe."""
        self.id = name
        self.came = came
        self.handicap = handicap
        self.until = until
        self.admitted = admitted

    @property
    def was_admitted(self) -> bool:
        """Whether it is its turn."""
        return self.admitted.done() and not self.admitted.cancelled() and self.admitted.exception() is None

    def __lt__(self, other: "Waiting") -> bool:
        return self.came + self.handicap < other.came + other.handicap
