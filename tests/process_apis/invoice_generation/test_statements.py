"""How a contract's money stands, as systems of record say."""

from decimal import Decimal

import pytest

from process_apis.invoice_generation.statements import state
from tollway.canonical.invoice import InvoiceStatus
from tollway.canonical.work import ProjectWork, WorkKind

DRAFT, OPEN, PARTLY, PAID, CANCELLED = (
    InvoiceStatus.DRAFT,
    InvoiceStatus.OPEN,
    InvoiceStatus.PARTLY_PAID,
    InvoiceStatus.PAID,
    InvoiceStatus.CANCELLED,
)
NO_WORK = ProjectWork(project_number="PRJ-DEAL-1", closed=False)


@pytest.mark.parametrize(
    ("invoices", "status"),
    [
        ([], "not_billed"),
        ([("100000.00", DRAFT)], "not_billed"),
        ([("100000.00", CANCELLED)], "not_billed"),
        ([("60000.00", OPEN)], "partly_billed"),
        ([("60000.00", OPEN), ("40000.00", DRAFT)], "partly_billed"),
        ([("99999.99", OPEN)], "partly_billed"),
        ([("60000.00", OPEN), ("40000.00", OPEN)], "billed"),
        ([("100000.01", OPEN)], "billed"),
        ([("60000.00", PAID)], "partly_paid"),
        ([("60000.00", PAID), ("40000.00", OPEN)], "partly_paid"),
        ([("100000.00", PARTLY, "1.00")], "partly_paid"),
        ([("60000.00", PAID), ("40000.00", PAID)], "paid"),
        ([("60000.00", PAID), ("40000.00", PAID), ("5.00", CANCELLED)], "paid"),
    ],
)
def test_the_status_follows_from_what_is_posted_and_paid(make_contract, make_invoice, invoices, status):
    """Only posted invoices count, and the contract's value tells whether they are all there is to bill."""
    made = [make_invoice(place, *said) for place, said in enumerate(invoices, 1)]
    assert state(make_contract(), NO_WORK, made).status == status


def test_sums_are_taken_from_work_and_posted_invoices(make_contract, make_item, make_invoice):
    """Delivered is approved work of the billable kind; billed is net, invoiced and paid with tax; drafts count not."""
    items = [make_item(1), make_item(2, "800.00", invoice_number="INV1"), make_item(3, kind=WorkKind.MILESTONE)]
    work = ProjectWork(project_number="PRJ-DEAL-1", closed=False, items=items)
    invoices = [
        make_invoice(1, "800.00", PAID, paid="880.00"),
        make_invoice(2, "100.00", PARTLY, paid="10.00"),
        make_invoice(3, "500.00", DRAFT),
        make_invoice(4, "700.00", CANCELLED),
    ]
    statement = state(make_contract("time_and_materials"), work, invoices)
    sums = (statement.delivered, statement.billed, statement.unbilled, statement.invoiced, statement.paid)
    assert [money.amount for money in sums] == [
        Decimal(amount) for amount in ("2400.00", "900.00", "1500.00", "990.00", "890.00")
    ]
    assert statement.invoices == invoices
    assert (statement.deal_id, statement.project_number) == ("DEAL-1", "PRJ-DEAL-1")


def test_more_billed_than_delivered_is_a_negative_rest(make_contract, make_invoice):
    """What was billed ahead shows as less than nothing unbilled, not as zero."""
    statement = state(make_contract(), NO_WORK, [make_invoice(1, "60000.00")])
    assert statement.unbilled.amount == Decimal("-60000.00")
