"""Finance v1 over v2: an amount was a decimal in its object's currency, the state of an invoice a word of NetSuite's.

NetSuite was the first ERP that was connected. Its words are those of SuiteTalk's `TransactionStatus`, where an invoice
that is paid in part is open.
"""

import re
from collections.abc import Sequence
from typing import Any

from gateway.versions.base import OperationChange, VersionChange, answered_body
from tollway.problems import ContractDrift

STATES = {
    "draft": "pendingApproval",
    "open": "open",
    "partly_paid": "open",
    "paid": "paidInFull",
    "cancelled": "voided",
}
INVOICE = ("id", "reference", "legal_entity", "number", "project_number", "currency", "date", "due", "changed_at")
STATEMENT = ("deal_id", "project_number", "account_id", "status")
PLAN = ("project_number", "legal_entity", "currency", "contract_type")
LINE = ("id", "description", "due")
SCHEDULE = ("project_number", "legal_entity", "currency")
PERIOD = ("month",)
ACCEPTED = ("process_id",)
"""The fields that are the same in both; whatever v2 gains is none of v1's."""
OF_INVOICE = ("net", "tax", "total", "paid")
OF_STATEMENT = ("value", "delivered", "billed", "unbilled", "invoiced", "paid")
"""The amounts."""
_AMOUNT = "|".join({*OF_INVOICE, *OF_STATEMENT, "amount"})
_IN_AMOUNT = re.compile(rf"/({_AMOUNT})/amount")
_IN_CURRENCY = re.compile(rf"(?:/(?:lines|periods)/[0-9]+)?/(?:{_AMOUNT})/currency")
Object = dict[str, Any]


def invoice(newer: Object) -> Object:
    """An invoice, its amounts in its own currency."""
    amounts = _decimals(newer, OF_INVOICE, newer["currency"])
    return _same(newer, INVOICE) | {"status": STATES[newer["status"]]} | amounts


def statement(newer: Object) -> Object:
    """A statement, which has had no currency of its own since its amounts have theirs."""
    currency = newer["value"]["currency"]
    older = _same(newer, STATEMENT) | {"currency": currency} | _decimals(newer, OF_STATEMENT, currency)
    if "invoices" in newer:
        older["invoices"] = [invoice(one) for one in newer["invoices"]]
    return older


def billing_plan(newer: Object) -> Object:
    """A billing plan, its lines' amounts in its currency."""
    return _same(newer, PLAN) | {"lines": [_part(line, LINE, newer["currency"]) for line in newer["lines"]]}


def revenue_schedule(newer: Object) -> Object:
    """A revenue schedule, its months' amounts in its currency."""
    return _same(newer, SCHEDULE) | {"periods": [_part(one, PERIOD, newer["currency"]) for one in newer["periods"]]}


def accepted(newer: Object) -> Object:
    """Work that was taken on."""
    return _same(newer, ACCEPTED)


def pointer(newer: str) -> str:
    """Where v1 has what v2 has at a JSON pointer."""
    return _IN_CURRENCY.sub("/currency", _IN_AMOUNT.sub(r"/\1", newer))


def _same(newer: Object, fields: Sequence[str]) -> Object:
    return {field: newer[field] for field in fields if field in newer}


def _part(newer: Object, fields: Sequence[str], currency: str) -> Object:
    return _same(newer, fields) | _decimals(newer, ("amount",), currency)


def _decimals(newer: Object, fields: Sequence[str], currency: str) -> dict[str, str]:
    """The amounts of an object as decimals in one currency; raises ContractDrift when one is in another."""
    strange = [field for field in fields if newer[field]["currency"] != currency]
    if strange:
        raise ContractDrift(
            f"Not every amount is in {currency} ({', '.join(strange)}), which /finance/v1 cannot tell; ask /finance/v2."
        )
    return {field: newer[field]["amount"] for field in fields}


CHANGE = VersionChange(
    older="/finance/v1",
    newer="/finance/v2",
    contract="experience/finance.v1.yaml",
    operations={
        "getDealStatement": OperationChange(answer=answered_body(statement), pointer=pointer),
        "getProjectStatement": OperationChange(answer=answered_body(statement), pointer=pointer),
        "getBillingPlan": OperationChange(answer=answered_body(billing_plan), pointer=pointer),
        "getRevenueSchedule": OperationChange(answer=answered_body(revenue_schedule), pointer=pointer),
        "getInvoice": OperationChange(answer=answered_body(invoice), pointer=pointer),
        "runBilling": OperationChange(answer=answered_body(accepted)),
    },
)
