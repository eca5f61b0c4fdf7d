"""The CRM, system of record of accounts, deals and contract terms."""

from typing import Protocol

from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.record import Changes, Cursor


class Crm(Protocol):
    """Reads deals, and tells the account team how they are going."""

    async def deal(self, deal_id: str) -> Deal:
        """The deal as it is now, with account, lines, milestones and rates; raises NotFound."""
        ...

    async def won_deals(self, cursor: Cursor) -> Changes:
        """Deals in a won stage that changed after the cursor, oldest first."""
        ...

    async def report_progress(self, progress: DealProgress) -> None:
        """Write project and billing status onto the deal; setting the same values again changes nothing."""
        ...

    async def find_progress(self, deal_id: str) -> DealProgress | None:
        """What the deal says of project and billing now."""
        ...
