"""An API of many routes: the status of an invoice, once for each of many areas."""

from litestar import get
from litestar.handlers import HTTPRouteHandler

from bench.gateway.invoices import INVOICE, PREFIX, InvoiceStatus, get_invoice
from tollway.canonical.record import Identifier


def paths(count: int) -> list[str]:
    """Where the invoice is, in each area."""
    return [f"{_area(number)}/{INVOICE.id}" for number in range(count)]


def handlers(count: int) -> list[HTTPRouteHandler]:
    """The operation of each area."""
    return [_handler(number) for number in range(count)]


def _area(number: int) -> str:
    return f"{PREFIX}/area-{number}/invoices"


def _handler(number: int) -> HTTPRouteHandler:
    @get(_area(number) + "/{invoice_id:str}", operation_id=f"getInvoice{number}", opt=dict(get_invoice.opt))
    async def get_one(invoice_id: Identifier) -> InvoiceStatus:  # noqa: ARG001 - every id is of the same invoice
        """An invoice and where it stands."""
        return INVOICE

    return get_one
