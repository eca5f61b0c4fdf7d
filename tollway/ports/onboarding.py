"""Customer onboarding: from a won deal to a checked contract and an ERP customer."""

from typing import Protocol

from tollway.canonical.contract import Contract
from tollway.canonical.statement import Accepted, DealWon, Readiness


class Onboarding(Protocol):
    """Starts onboarding, and answers beforehand what is still missing."""

    async def deal_won(self, won: DealWon) -> Accepted:
        """Onboard the deal's customer, once however often it is said; a parked onboarding is tried again."""
        ...

    async def readiness(self, deal_id: str) -> Readiness:
        """What onboarding would find missing if the deal were won now; raises NotFound."""
        ...

    async def contract(self, deal_id: str) -> Contract:
        """The deal's terms as they are now, checked; raises Rejected with all that is wrong."""
        ...
