"""What of a project's work is billed, and what must not be."""

import datetime as dt

import pytest

from process_apis.invoice_generation.billable import invoice_details, unbilled
from tollway.canonical.case import Category
from tollway.canonical.work import ProjectWork, WorkKind
from tollway.problems import Rejected

THROUGH = dt.date(2026, 2, 28)
DATE = dt.date(2026, 3, 1)


def work(*items, closed: bool = False) -> ProjectWork:
    return ProjectWork(project_number="PRJ-DEAL-1", closed=closed, items=list(items))


@pytest.mark.parametrize(("kind", "billed"), [("time_and_materials", WorkKind.TIME), ("fixed_fee", WorkKind.MILESTONE)])
def test_each_contract_type_is_billed_by_its_own_kind_of_work(make_contract, make_item, kind, billed):
    """Hours under a fixed fee and milestones beside hours cost nothing extra."""
    items = [make_item(1, kind=WorkKind.TIME), make_item(2, kind=WorkKind.MILESTONE)]
    assert [item.kind for item in unbilled(make_contract(kind), work(*items), THROUGH)] == [billed]


def test_work_is_billed_up_to_and_including_the_day(make_contract, make_item):
    """Work of the run's last day is billed, work of the day after waits."""
    items = [make_item(1, on=THROUGH), make_item(2, on=THROUGH + dt.timedelta(days=1))]
    assert unbilled(make_contract("time_and_materials"), work(*items), THROUGH) == items[:1]


def test_what_an_invoice_carries_is_not_billed_again(make_contract, make_item):
    """An item with an invoice number is left out, whatever else is wrong with it."""
    billed = make_item(1, "-5.00", "EUR", invoice_number="INV1")
    assert unbilled(make_contract("time_and_materials"), work(billed), THROUGH) == []


def test_work_on_a_closed_project_is_refused(make_contract, make_item):
    """Approved but unbilled work on a closed project is a case for delivery, with every item and its price."""
    items = [make_item(1), make_item(2, "800.00")]
    with pytest.raises(Rejected) as refusal:
        unbilled(make_contract("time_and_materials"), work(*items, closed=True), THROUGH)
    assert refusal.value.category == Category.PROJECT_CLOSED
    assert "Consultant, week 1 (1600.00 USD); Consultant, week 2 (800.00 USD)" in refusal.value.detail


def test_a_closed_project_without_unbilled_work_has_nothing_to_bill(make_contract, make_item):
    """A closed project whose work is all billed is no trouble."""
    items = [make_item(1, invoice_number="INV1")]
    assert unbilled(make_contract("time_and_materials"), work(*items, closed=True), THROUGH) == []


def test_work_in_another_currency_is_refused(make_contract, make_item):
    """An item priced in another currency than the contract's is refused and names both."""
    with pytest.raises(Rejected) as refusal:
        unbilled(make_contract("time_and_materials"), work(make_item(1), make_item(2, currency="EUR")), THROUGH)
    assert refusal.value.category == Category.CURRENCY_MISMATCH
    assert refusal.value.detail == "Consultant, week 2 is priced in EUR, the contract in USD."


@pytest.mark.parametrize("amount", ["0.00", "-0.01"])
def test_work_without_a_price_is_refused(make_contract, make_item, amount):
    """An item that costs nothing or less cannot be billed."""
    with pytest.raises(Rejected) as refusal:
        unbilled(make_contract("time_and_materials"), work(make_item(1, amount)), THROUGH)
    assert refusal.value.category == Category.CONTRACT_MISMATCH
    assert refusal.value.detail == f"Consultant, week 1 has the price {amount} USD: it cannot be billed."


def test_an_invoice_has_a_line_per_item(make_contract, make_item):
    """The invoice carries the contract's terms, and each item with its own id, quantity, price and amount."""
    contract = make_contract("time_and_materials", purchase_order="PO-9")
    items = [make_item(1), make_item(2, "800.00")]
    invoice = invoice_details(contract, "PRJ-DEAL-1-001", items, DATE)
    assert (invoice.reference, invoice.date, invoice.payment_days) == ("PRJ-DEAL-1-001", DATE, 45)
    assert (invoice.account_id, invoice.purchase_order, invoice.cost_centre) == ("ACC-1", "PO-9", "CC-ADV")
    assert [(line.source_id, line.quantity, line.unit_price, line.amount) for line in invoice.lines] == [
        (item.id, item.quantity, item.unit_price, item.amount) for item in items
    ]
