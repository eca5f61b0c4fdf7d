"""Invoices, tax, payments and credit memos."""

import pytest


@pytest.fixture
async def acme(api):
    await api.put("customer/eid:ACME", companyName="Acme Ltd", subsidiary={"id": "3"}, terms={"id": "2"})
    await api.put("job/eid:WORK", companyName="Work", parent={"externalId": "ACME"})


async def invoice(api, *lines, external_id="I-1", **fields):
    body = {"entity": {"externalId": "WORK"}, "tranDate": "2026-01-31"} | fields
    await api.put(f"invoice/eid:{external_id}", **body, item={"items": list(lines)})
    return await api.record(f"invoice/eid:{external_id}", expandSubResources="true")


async def test_the_account_works_out_amounts_tax_and_due_date(api, acme):
    """Line amounts and taxes are rounded to the penny, half up; the due date follows the terms."""
    made = await invoice(
        api,
        {"item": "1", "quantity": 3, "rate": 99.995, "custcol_tollway_source_id": "S-1"},
        {"item": "2", "amount": 0.13},
    )
    assert [(item["amount"], item["tax1Amt"], item["grossAmt"]) for item in made["item"]["items"]] == [
        (299.99, 60.0, 359.99),
        (0.13, 0.03, 0.16),
    ]
    assert (made["subtotal"], made["taxTotal"], made["total"]) == (300.12, 60.03, 360.15)
    assert (made["amountPaid"], made["amountRemaining"], made["status"]["id"]) == (0.0, 360.15, "Open")
    assert (made["dueDate"], made["terms"]["refName"], made["postingPeriod"]["refName"]) == (
        "2026-03-02",
        "Net 30",
        "Jan 2026",
    )
    assert made["tranId"].startswith("INV")
    assert made["item"]["items"][0]["taxCode"]["refName"] == "VAT:S-GB"


@pytest.mark.parametrize(("subsidiary", "total"), [("2", 108.75), ("3", 120.0), ("4", 119.0)])
async def test_tax_follows_the_nexus_of_the_subsidiary(api, subsidiary, total):
    """8.75 % in the US, 20 % in the UK, 19 % in Germany."""
    await api.put("customer/eid:C", companyName="C", subsidiary=subsidiary)
    made = await invoice(api, {"item": "1", "amount": 100}, entity={"externalId": "C"})
    assert made["total"] == total


async def test_a_line_may_name_its_tax_code(api, acme):
    """Zero-rated lines carry no tax, and neither do those of a customer that is not taxable."""
    assert (await invoice(api, {"item": "1", "amount": 100, "taxCode": {"id": "4"}}))["taxTotal"] == 0.0
    await api.put("customer/eid:ACME", taxable=False)
    assert (await invoice(api, {"item": "1", "amount": 100}, external_id="I-2"))["taxTotal"] == 0.0


async def test_subsidiary_and_currency_must_be_the_customers(api, acme):
    """Others are invalid values, until the customer gets them."""
    body = {"entity": {"externalId": "ACME"}, "item": {"items": [{"item": "1", "amount": 1}]}}
    text, _ = await api.refused("POST", "/record/v1/invoice", 400, json=body | {"subsidiary": {"id": "4"}})
    assert "Invalid Field Value 4 for the following field: subsidiary" in text
    text, _ = await api.refused("POST", "/record/v1/invoice", 400, json=body | {"currency": {"id": "3"}})
    assert "Invalid Field Value 3 for the following field: currency" in text
    await api.put("customer/eid:ACME", currencyList={"items": [{"currency": {"id": "3"}}]})
    relationship = {"entity": {"externalId": "ACME"}, "subsidiary": {"id": "4"}}
    await api("POST", "/record/v1/customerSubsidiaryRelationship", 204, json=relationship)
    await api("POST", "/record/v1/invoice", 204, json=body | {"currency": {"id": "3"}, "subsidiary": {"id": "4"}})


async def test_an_invoice_needs_a_line(api, acme):
    """An invoice without lines is refused in NetSuite's words."""
    text, _ = await api.refused("POST", "/record/v1/invoice", 400, json={"entity": {"externalId": "ACME"}})
    assert text.endswith("You must enter at least one line item for this transaction.")


async def test_payments_settle_invoices_and_can_be_taken_back(api, acme):
    """A part, then the rest; a deleted payment opens the invoice again."""
    made = await invoice(api, {"item": "1", "amount": 100})
    part = {"doc": {"id": made["id"]}, "apply": True, "amount": 20}
    payment = {"customer": {"externalId": "ACME"}, "payment": 20, "apply": {"items": [part]}}
    await api("POST", "/record/v1/customerPayment", 204, json=payment)
    assert (await api.record("invoice/eid:I-1"))["amountRemaining"] == 100.0
    rest = await api("POST", "/record/v1/invoice/eid:I-1/!transform/customerPayment", 204)
    paid = await api.record("invoice/eid:I-1")
    assert (paid["status"]["refName"], paid["amountPaid"], paid["amountRemaining"]) == ("Paid In Full", 120.0, 0.0)
    assert (await api.record("customer/eid:ACME"))["balance"] == 0.0
    await api("DELETE", f"/record/v1/customerPayment/{rest.headers['location'].rpartition('/')[2]}", 204)
    assert (await api.record("invoice/eid:I-1"))["status"]["id"] == "Open"
    customer = await api.record("customer/eid:ACME")
    assert (customer["balance"], customer["overdueBalance"]) == (100.0, 100.0)


async def test_a_payment_applies_no_more_than_it_brings(api, acme):
    """Nor more than is due."""
    made = await invoice(api, {"item": "1", "amount": 100})
    line = {"doc": {"id": made["id"]}, "amount": 50}
    body = {"customer": {"externalId": "ACME"}, "payment": 20, "apply": {"items": [line]}}
    text, _ = await api.refused("POST", "/record/v1/customerPayment", 400, json=body)
    assert text.endswith("You cannot apply more than your total payments.")
    body = {"customer": {"externalId": "ACME"}, "apply": {"items": [line | {"amount": 500}]}}
    assert (
        "for the following field: amount"
        in (await api.refused("POST", "/record/v1/customerPayment", 400, json=body))[0]
    )


async def test_a_credit_memo_takes_an_invoice_back(api, acme):
    """Transformed from the invoice, it settles it without a payment."""
    await invoice(api, {"item": "1", "amount": 100})
    created = await api("POST", "/record/v1/invoice/eid:I-1/!transform/creditMemo", 204)
    memo = await api.record(f"creditMemo/{created.headers['location'].rpartition('/')[2]}")
    assert (memo["total"], memo["applied"], memo["unapplied"]) == (120.0, 120.0, 0.0)
    assert memo["createdFrom"]["refName"].startswith("Invoice #INV")
    assert (await api.record("invoice/eid:I-1"))["status"]["id"] == "Paid In Full"
    assert (await api.refused("DELETE", "/record/v1/invoice/eid:I-1", 400))[0].endswith("dependent records.")
