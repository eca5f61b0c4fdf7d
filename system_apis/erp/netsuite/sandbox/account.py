"""The operations on records that the REST service offers, each one transaction of the state.

Sources: SuiteTalk REST Web Services API Guide, "Creating a Record Instance", "Updating a Record Instance", "Using the
Upsert Operation", "Deleting a Record Instance", "Transforming Records"; SuiteScript Error Codes, "This record cannot be
deleted because it has dependent records". The words for a transformation that does not exist are the sandbox's own.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from system_apis.erp.netsuite.sandbox import entities, payments, sales
from system_apis.erp.netsuite.sandbox.catalog import RecordType
from system_apis.erp.netsuite.sandbox.errors import NetSuiteError, user_error
from system_apis.erp.netsuite.sandbox.incoming import merge
from system_apis.erp.netsuite.sandbox.money import ZERO, amount
from system_apis.erp.netsuite.sandbox.records import Document, Records


class Rules(msgspec.Struct, frozen=True):
    """What the account does around saving a record of a type; `before` is None for a new record."""

    complete: Callable[[Records, Document | None, Document], Document]
    """Fills in and checks; its answer is what is stored."""
    saved: Callable[[Records, Document | None, Document], None] = lambda _records, _before, _after: None
    """Lets other records follow."""
    removed: Callable[[Records, Document], None] = lambda _records, _document: None


RULES: dict[str, Rules] = {
    "customer": Rules(entities.complete_customer, entities.customer_saved, entities.customer_removed),
    "customerSubsidiaryRelationship": Rules(entities.complete_relationship),
    "job": Rules(entities.complete_job),
    "invoice": Rules(sales.complete_invoice),
    "creditMemo": Rules(
        payments.complete_credit_memo,
        payments.applied,
        lambda records, document: payments.applied(records, document, None),
    ),
    "customerPayment": Rules(
        payments.complete_payment,
        payments.applied,
        lambda records, document: payments.applied(records, document, None),
    ),
}
_PLAIN = Rules(lambda _records, _before, document: document)
_DEFAULTED_FIRST = ("job", "customer")
"""Types whose mandatory fields may be filled from a related record before they are checked."""
_TRANSFORMATIONS = {("invoice", "customerPayment"), ("invoice", "creditMemo")}


class Account:
    """Creates, changes and deletes records by the rules of their types."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def create(self, kind: RecordType, changes: Document) -> Document:
        """A new record."""
        with self.records.state.transaction():
            completed = self._complete(kind, None, merge(kind, {}, changes, []))
            created = self.records.insert(kind, completed)
            self._rules(kind).saved(self.records, None, created)
        return created

    def update(self, kind: RecordType, before: Document, changes: Document, replaced: list[str]) -> Document:
        """A changed record; the lines of `replaced` sublists (in lower case) are all dropped first."""
        with self.records.state.transaction():
            completed = self._complete(kind, before, merge(kind, before, changes, replaced))
            after = self.records.replace(kind, before, completed)
            self._rules(kind).saved(self.records, before, after)
        return after

    def upsert(self, kind: RecordType, external_id: str, changes: Document, replaced: list[str]) -> Document:
        """The record of an external id, created or changed."""
        before = self.records.by_external_id(kind, external_id)
        changes = {"externalId": external_id} | changes
        return self.create(kind, changes) if before is None else self.update(kind, before, changes, replaced)

    def delete(self, kind: RecordType, document: Document) -> None:
        """Remove a record that no other one needs."""
        if self._is_needed(kind, document["id"]):
            raise user_error("This record cannot be deleted because it has dependent records.")
        with self.records.state.transaction():
            self._rules(kind).removed(self.records, document)
            self.records.remove(kind, document)

    def transform(self, source: RecordType, document: Document, target: RecordType, changes: Document) -> Document:
        """A new record that continues `document`: a payment of an invoice, or a credit memo that takes it back."""
        if (source.name, target.name) not in _TRANSFORMATIONS:
            detail = f"Record type '{source.name}' cannot be transformed to '{target.name}'."
            raise NetSuiteError(detail, "INVALID_REQUEST")
        base: Document = {name: document[name] for name in ("subsidiary", "currency", "exchangeRate")}
        base["apply"] = payments.pays(document)
        customer = entities.customer_of(self.records, document["entity"])
        if target.name == "customerPayment":
            base |= {"customer": customer["id"]}
        else:
            copied = ("entity", "job", "department", "class", "location", "memo", "item")
            base |= {name: document[name] for name in copied if name in document} | {"createdFrom": document["id"]}
        if "apply" in changes:
            base.pop("apply")
        return self.create(target, base | changes)

    def shown(self, kind: RecordType, document: Document) -> Document:
        """A record with what the account works out when it is looked at: a customer's balances."""
        if kind.name != "customer":
            return document
        jobs = {job["id"] for job in self.records.all("job").values() if job.get("parent") == document["id"]}
        entities_of_it = jobs | {document["id"]}
        invoices = [found for found in self.records.all("invoice").values() if found["entity"] in entities_of_it]
        memos = [found for found in self.records.all("creditMemo").values() if found["entity"] in entities_of_it]
        paid = [found for found in self.records.all("customerPayment").values() if found["customer"] == document["id"]]
        today = self.records.today().isoformat()
        balance = _total(invoices, "total") - _total(memos, "total") - _total(paid, "payment")
        overdue = _total([invoice for invoice in invoices if invoice["dueDate"] < today], "amountRemaining")
        return document | {"balance": str(balance), "overdueBalance": str(overdue), "unbilledOrders": "0"}

    def _complete(self, kind: RecordType, before: Document | None, document: Document) -> Document:
        complete = self._rules(kind).complete
        if kind.name in _DEFAULTED_FIRST:
            document = complete(self.records, before, document)
            entities.require(kind, document)
            return document
        entities.require(kind, document)
        return complete(self.records, before, document)

    def _rules(self, kind: RecordType) -> Rules:
        return RULES.get(kind.name, _PLAIN)

    def _is_needed(self, kind: RecordType, identity: str) -> bool:
        for other in self.records.types.values():
            if other.name == "customerSubsidiaryRelationship":
                continue
            body = [name for name, field in other.fields.items() if kind.name in field.to]
            lines = {
                sublist: [name for name, field in fields.items() if kind.name in field.to]
                for sublist, fields in other.sublists.items()
            }
            for document in self.records.all(other.name).values():
                if any(document.get(name) == identity for name in body):
                    return True
                for sublist, names in lines.items():
                    if any(line.get(name) == identity for line in document.get(sublist, []) for name in names):
                        return True
        return False


def _total(documents: list[Document], name: str) -> Decimal:
    return sum((amount(document[name]) for document in documents), ZERO)
