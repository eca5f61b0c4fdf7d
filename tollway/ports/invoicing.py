"""Invoice generation: from approved work to posted invoices."""

from typing import Protocol

from tollway.canonical.invoice import Invoice, InvoiceDetails
from tollway.canonical.listing import InvoiceDetailsPage, Span
from tollway.canonical.statement import Accepted, BillingRun, Statement


class Invoicing(Protocol):
    """Bills what is billable, and states what has been."""

    async def run(self, run: BillingRun) -> Accepted:
        """Bill the project's unbilled work through a day, each item once."""
        ...

    async def give_up(self, process_id: str) -> None:
        """Take back what a run brought about, and have it bring about nothing more; its work can be billed again."""
        ...

    async def cancel(self, reference: str, reason: str) -> Accepted:
        """Cancel an invoice that is not posted, or credit it, once; raises NotFound, or Conflict when it is paid."""
        ...

    async def statement(self, project_number: str) -> Statement:
        """What is delivered, billed, unbilled and paid; raises NotFound."""
        ...

    async def invoice(self, reference: str) -> Invoice | None:
        """The invoice with this reference, as the ERP has it now."""
        ...

    async def claimed_invoices(self, span: Span, after: str) -> InvoiceDetailsPage:
        """A page of the invoices for which work was claimed in the span, by reference, behind the place `after`."""
        ...

    async def claimed_of_project(self, project_number: str) -> list[InvoiceDetails]:
        """The invoices for which work of a project was claimed, by reference."""
        ...

    async def recollect(self, project_number: str) -> None:
        """Take invoices of which our records were lost back into them, where the PSA says what they bill."""
        ...
