"""History: where what was written came from, and everything that happened to a deal."""

from typing import Protocol

from tollway.canonical.lineage import Lineage
from tollway.canonical.timeline import Timeline


class History(Protocol):
    """Tells what happened."""

    async def lineage(self, object_type: str, object_id: str, field: str) -> Lineage | None:
        """Where the fields of an object came from; `field` narrows to those there and below, empty means all."""
        ...

    async def deal(self, deal_id: str, cursor: str, limit: int) -> Timeline | None:
        """A page of the deal's timeline, from the cursor of the page before; None when nothing is known of it."""
        ...

    async def process(self, process_id: str) -> Timeline:
        """What belongs to one process, the latest thousand entries."""
        ...
