"""What payments and credit memos do to the invoices they are applied to.

Sources: SuiteTalk REST Web Services Records Guide, "Customer Payment" (apply lines are keyed by `doc`; an amount of
zero or `apply: false` takes a line back) and "Credit Memo"; the refusal to apply more than was paid is recorded from
live accounts. How NetSuite words an application beyond what is due is unread: it is refused as an invalid amount.
"""

from decimal import Decimal

from system_apis.erp.netsuite.sandbox.entities import customer_of
from system_apis.erp.netsuite.sandbox.errors import invalid_value, user_error
from system_apis.erp.netsuite.sandbox.money import ZERO, amount
from system_apis.erp.netsuite.sandbox.records import Document, Records
from system_apis.erp.netsuite.sandbox.sales import complete_header, settle, with_totals


def complete_payment(records: Records, before: Document | None, document: Document) -> Document:
    """A payment with what it applies; its amount defaults to just that."""
    customer = customer_of(records, document["customer"])
    payment = complete_header(records, customer, document, "PYMT")
    lines = _applications(records, customer, payment, before)
    applied = _sum(lines)
    total = amount(payment["payment"]) if "payment" in payment else applied
    return payment | {"payment": str(total), "apply": lines} | _split(total, applied)


def complete_credit_memo(records: Records, before: Document | None, document: Document) -> Document:
    """A credit memo with its amounts and what it applies."""
    customer = customer_of(records, document["entity"])
    memo = with_totals(records, customer, complete_header(records, customer, document, "CM"))
    lines = _applications(records, customer, memo, before)
    return memo | {"apply": lines} | _split(amount(memo["total"]), _sum(lines))


def applied(records: Records, before: Document | None, after: Document | None) -> None:
    """Move the invoices from what `before` paid of them to what `after` pays; None where there is no such version."""
    kind = records.type_of("invoice")
    paid_before, paid_after = _by_invoice(before), _by_invoice(after)
    for identity in dict.fromkeys([*paid_before, *paid_after]):
        invoice = records.get("invoice", identity)
        change = paid_after.get(identity, ZERO) - paid_before.get(identity, ZERO)
        if invoice is not None and change:
            records.replace(kind, invoice, settle(invoice, amount(invoice["amountPaid"]) + change))


def pays(invoice: Document) -> list[Document]:
    """The apply lines that settle an invoice in full, as a transformation writes them."""
    return [{"doc": invoice["id"], "apply": True, "amount": invoice["amountRemaining"]}]


def _applications(records: Records, customer: Document, document: Document, before: Document | None) -> list[Document]:
    """The lines in force, each with an amount; those that apply nothing are gone."""
    held = _by_invoice(before)
    lines = []
    for index, line in enumerate(document.get("apply", [])):
        path = f"apply.items[{index}]."
        invoice = records.get("invoice", line.get("doc", ""))
        if invoice is None or _foreign(records, invoice, customer, document):
            raise invalid_value(line.get("doc"), "doc", f"{path}doc")
        open_amount = amount(invoice["amountRemaining"]) + held.get(invoice["id"], ZERO)
        wanted = amount(line["amount"]) if "amount" in line else open_amount
        if not line.get("apply", True) or wanted == ZERO:
            continue
        if not ZERO < wanted <= open_amount:
            raise invalid_value(wanted, "amount", f"{path}amount")
        lines.append({"doc": invoice["id"], "apply": True, "amount": str(wanted)})
    return lines


def _foreign(records: Records, invoice: Document, customer: Document, document: Document) -> bool:
    other = customer_of(records, invoice["entity"])["id"] != customer["id"]
    return other or any(invoice[name] != document[name] for name in ("subsidiary", "currency"))


def _split(total: Decimal, used: Decimal) -> Document:
    if used > total:
        raise user_error("You cannot apply more than your total payments.")
    return {"applied": str(used), "unapplied": str(total - used)}


def _by_invoice(document: Document | None) -> dict[str, Decimal]:
    return {line["doc"]: amount(line["amount"]) for line in (document or {}).get("apply", [])}


def _sum(lines: list[Document]) -> Decimal:
    return sum((amount(line["amount"]) for line in lines), ZERO)
