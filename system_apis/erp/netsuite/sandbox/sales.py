"""What the account works out on invoices and credit memos: defaults, amounts, tax, due date.

Sources: SuiteTalk REST Web Services Records Guide, "Invoice" (fields with and without SuiteTax; the account has legacy
tax, so a line has taxCode, taxRate1, tax1Amt and grossAmt as in the SOAP record); NetSuite Help, "Tax Codes", "Nexus"
(the default code of a line follows the subsidiary's nexus), "Payment Terms" (due date = date + days until net due),
"Invoice Approval" (an account that routes invoices holds them back from the books until they are approved).
"""

import datetime as dt
from decimal import Decimal

from system_apis.erp.netsuite.sandbox.entities import currencies_of, customer_of, subsidiaries_of
from system_apis.erp.netsuite.sandbox.errors import invalid_value, missing_values, user_error
from system_apis.erp.netsuite.sandbox.money import ZERO, amount, share
from system_apis.erp.netsuite.sandbox.records import Document, Records
from system_apis.erp.netsuite.sandbox.seed import default_tax_codes

NOT_POSTED = {"1": "Pending Approval", "3": "Rejected"}
"""What an invoice is while its approval status keeps it from the books."""


def complete_header(records: Records, customer: Document, document: Document, prefix: str) -> Document:
    """A transaction with number, date, period, subsidiary and currency; the last two must be the customer's own."""
    today = records.today().isoformat()
    defaults = {
        "tranDate": today,
        "subsidiary": customer["subsidiary"],
        "currency": customer["currency"],
        "exchangeRate": "1",
    }
    completed = defaults | document
    if completed["subsidiary"] not in subsidiaries_of(records, customer):
        raise invalid_value(completed["subsidiary"], "subsidiary", "subsidiary")
    if completed["currency"] not in currencies_of(customer):
        raise invalid_value(completed["currency"], "currency", "currency")
    if "tranId" not in completed:
        completed["tranId"] = f"{prefix}{records.state.next_number(f'number:{prefix}', 1001)}"
    if "postingPeriod" in document:
        return completed
    return completed | {"postingPeriod": _open_period(records, completed["tranDate"])}


def _open_period(records: Records, date: str) -> str:
    """The accounting period a date falls into, which has to be open; the words of the refusal are the sandbox's own."""
    for found in records.all("accountingPeriod").values():
        if found["startDate"] <= date <= found["endDate"] and not (found["closed"] or found["arLocked"]):
            return str(found["id"])
    raise user_error("The transaction date you specified is not within the date range of an open accounting period.")


def complete_invoice(records: Records, before: Document | None, document: Document) -> Document:
    """An invoice with everything the account adds."""
    customer = customer_of(records, document["entity"])
    invoice = complete_header(records, customer, document, "INV")
    if "terms" in customer:
        invoice.setdefault("terms", customer["terms"])
    if "dueDate" not in invoice or _due_date_follows(before, document):
        invoice["dueDate"] = _due_date(records, invoice)
    invoice = with_totals(records, customer, invoice)
    return settle(invoice, amount(invoice.get("amountPaid")))


def settle(invoice: Document, paid: Decimal) -> Document:
    """An invoice of which `paid` has been paid or credited."""
    remaining = amount(invoice["total"]) - paid
    decided = NOT_POSTED.get(invoice.get("approvalStatus", ""))
    status = decided or ("Paid In Full" if remaining <= ZERO else "Open")
    return invoice | {"amountPaid": str(paid), "amountRemaining": str(remaining), "status": status}


def with_totals(records: Records, customer: Document, document: Document) -> Document:
    """A sale with its lines' amounts and taxes and their sums."""
    if not document.get("item"):
        raise user_error("You must enter at least one line item for this transaction.")
    lines = [_line(records, customer, document, line) | {"line": number} for number, line in _numbered(document)]
    subtotal = sum((amount(line["amount"]) for line in lines), ZERO)
    tax = sum((amount(line["tax1Amt"]) for line in lines), ZERO)
    sums = {"subtotal": str(subtotal), "taxTotal": str(tax), "total": str(subtotal + tax)}
    return document | sums | {"item": lines}


def _numbered(document: Document) -> list[tuple[int, Document]]:
    """Lines with their numbers, which they keep for life."""
    last = max((int(line.get("line", 0)) for line in document["item"]), default=0)
    numbered = []
    for line in document["item"]:
        last += 0 if "line" in line else 1
        numbered.append((int(line.get("line", last)), line))
    return numbered


def _line(records: Records, customer: Document, document: Document, line: Document) -> Document:
    completed = {"quantity": "1"} | line
    if "amount" not in completed:
        if "rate" not in completed:
            raise missing_values(["Amount"])
        completed["amount"] = str(amount(Decimal(completed["quantity"]) * Decimal(completed["rate"])))
    net = amount(completed["amount"])
    code = completed.get("taxCode") or _default_tax_code(records, customer, document)
    rate = (records.get("salesTaxItem", code) or {}).get("rate", "0") if code else "0"
    tax = share(net, rate)
    if code:
        completed["taxCode"] = code
    return completed | {"amount": str(net), "taxRate1": rate, "tax1Amt": str(tax), "grossAmt": str(net + tax)}


def _default_tax_code(records: Records, customer: Document, document: Document) -> str | None:
    if not customer.get("taxable", True):
        return None
    if "taxItem" in customer:
        return str(customer["taxItem"])
    country = (records.get("subsidiary", document["subsidiary"]) or {}).get("country", "")
    wanted = default_tax_codes().get(country)
    codes = records.all("salesTaxItem").values()
    return next((found["id"] for found in codes if found["itemId"] == wanted), None)


def _due_date_follows(before: Document | None, document: Document) -> bool:
    """Whether a change of date or terms moves a due date that nobody set anew."""
    if before is None or before.get("dueDate") != document.get("dueDate"):
        return False
    return any(before.get(name) != document.get(name) for name in ("terms", "tranDate"))


def _due_date(records: Records, invoice: Document) -> str:
    days = int((records.get("term", invoice.get("terms", "")) or {}).get("daysUntilNetDue", 0))
    return (dt.date.fromisoformat(invoice["tranDate"]) + dt.timedelta(days=days)).isoformat()
