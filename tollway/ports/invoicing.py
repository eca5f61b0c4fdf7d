"""Invoice generation: from approved work to posted invoices."""

from typing import Protocol

from tollway.canonical.invoice import Invoice
from tollway.canonical.statement import Accepted, BillingRun, Statement


class Invoicing(Protocol):
    """Bills what is billable, and states what has been."""

    async def run(self, run: BillingRun) -> Accepted:
        """Bill the project's unbilled work through a day, each item once."""
        ...

    async def give_up(self, process_id: str) -> None:
        """Release what a parked run claimed, for a later run to bill; raises Conflict when its invoice exists."""
        ...

    async def statement(self, project_number: str) -> Statement:
        """What is delivered, billed, unbilled and paid; raises NotFound."""
        ...

    async def invoice(self, reference: str) -> Invoice | None:
        """The invoice with this reference, as the ERP has it now."""
        ...
