"""Customer onboarding: from a won deal to a checked contract and an ERP customer."""

from typing import Protocol

from tollway.canonical.casework import Correction, CustomerChoice
from tollway.canonical.contract import Contract
from tollway.canonical.customer import Customer
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

    async def correct(self, correction: Correction) -> Readiness:
        """Lay edits over a deal until it changes in the CRM, and tell what would be missing still; raises Invalid."""
        ...

    async def choose_customer(self, choice: CustomerChoice) -> Customer:
        """Remember which of several ERP customers the account is; raises Invalid or Conflict when it cannot be."""
        ...
