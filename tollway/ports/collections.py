"""Collections: invoice and payment status on its way back to those who sold and delivered."""

from typing import Protocol

from tollway.canonical.statement import Accepted, BillingChange


class Collections(Protocol):
    """Tells CRM and PSA how billing and payment stand."""

    async def billing_changed(self, change: BillingChange) -> Accepted:
        """Write the project's billing status to CRM and PSA, once per trigger."""
        ...
