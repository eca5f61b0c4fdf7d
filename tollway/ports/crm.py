"""The CRM, system of record of accounts, deals and contract terms."""

from typing import Protocol

from tollway.canonical.change_event import ChangeEvents
from tollway.canonical.deal import Deal, DealProgress
from tollway.canonical.listing import DealPage, Span
from tollway.canonical.record import Changes, Cursor


class Crm(Protocol):
    """Reads deals, and tells the account team how they are going."""

    async def deal(self, deal_id: str) -> Deal:
        """The deal as it is now, with account, lines, milestones and rates; raises NotFound."""
        ...

    async def won_deals(self, cursor: Cursor) -> Changes:
        """Deals in a won stage that changed after the cursor, oldest first."""
        ...

    async def won_deal_events(self, position: str, wait: int) -> ChangeEvents:
        """What the platform tells by itself of deals being won, behind a position, within `wait` seconds.

        The same may be told again. Raises Conflict where it is set up to tell nothing.
        """
        ...

    async def deal_standings(self, span: Span, after: str) -> DealPage:
        """A page of won deals behind the place `after`: those won in the span, and all that have a project."""
        ...

    async def report_progress(self, progress: DealProgress) -> None:
        """Write project and billing status onto the deal; setting the same values again changes nothing."""
        ...

    async def find_progress(self, deal_id: str) -> DealProgress | None:
        """What the deal says of project and billing now."""
        ...
