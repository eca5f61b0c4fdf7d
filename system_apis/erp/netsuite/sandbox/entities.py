"""What the account completes and checks when a customer or a project is saved.

Sources: SuiteTalk REST Web Services Records Guide, "Customer" and "Project"; NetSuite Help, "Multiple Currencies and
Customers" (primary currency and the currencies sublist), "Customer-Subsidiary Relationship"; the message about a second
customer of the same id is recorded from a live account. How NetSuite words the same for projects is unread: their ids
may repeat here.
"""

from system_apis.erp.netsuite.sandbox.catalog import RecordType
from system_apis.erp.netsuite.sandbox.errors import missing_values, user_error
from system_apis.erp.netsuite.sandbox.records import Document, Records

_RELATIONSHIP = "customerSubsidiaryRelationship"
_NAMES = "customerEntityId"
"""The index of customers by their entity id in lower case."""


def complete_customer(records: Records, before: Document | None, customer: Document) -> Document:
    """A customer with the values the account fills in; refuses one without a name or with another's id."""
    person = customer.get("isPerson", False)
    name = " ".join(customer[part] for part in ("firstName", "lastName") if customer.get(part))
    missing = [] if (name if person else customer.get("companyName")) else ["Name" if person else "Company Name"]
    if missing or "subsidiary" not in customer:
        raise missing_values(missing if "subsidiary" in customer else [*missing, "Primary Subsidiary"])
    subsidiary = records.get("subsidiary", customer.get("subsidiary", "")) or {}
    defaults: Document = {
        "isPerson": False,
        "isInactive": False,
        "taxable": True,
        "creditHoldOverride": "AUTO",
        "entityId": name if person else customer.get("companyName"),
        "currency": subsidiary.get("currency"),
    }
    completed = defaults | customer
    taken = records.state.get(_NAMES, completed["entityId"].lower())
    if taken and taken["id"] != (before or {}).get("id"):
        raise user_error(
            "A customer record with this ID already exists. "
            "You must enter a unique customer ID for each record you create."
        )
    return completed


def customer_saved(records: Records, before: Document | None, customer: Document) -> None:
    """Keep the index of ids and the primary subsidiary relationship in step."""
    if before and before["entityId"].lower() != customer["entityId"].lower():
        records.state.delete(_NAMES, before["entityId"].lower())
    records.state.put(_NAMES, customer["entityId"].lower(), {"id": customer["id"]})
    kind = records.type_of(_RELATIONSHIP)
    primary = next((found for found in _relationships(records, customer["id"]) if found["isPrimarySub"]), None)
    if primary is None:
        relationship = {"entity": customer["id"], "subsidiary": customer["subsidiary"], "isPrimarySub": True}
        records.insert(kind, relationship)
    elif primary["subsidiary"] != customer["subsidiary"]:
        records.replace(kind, primary, primary | {"subsidiary": customer["subsidiary"]})


def customer_removed(records: Records, customer: Document) -> None:
    """Forget what came with the customer."""
    records.state.delete(_NAMES, customer["entityId"].lower())
    for relationship in _relationships(records, customer["id"]):
        records.remove(records.type_of(_RELATIONSHIP), relationship)


def complete_relationship(_records: Records, _before: Document | None, relationship: Document) -> Document:
    """A further subsidiary of a customer; the primary one comes with the customer itself."""
    return {"isPrimarySub": False} | relationship


def complete_job(records: Records, _before: Document | None, job: Document) -> Document:
    """A project with the values its customer lends it."""
    customer = records.get("customer", job.get("parent", "")) or {}
    subsidiary = job.get("subsidiary") or customer.get("subsidiary")
    base = records.get("subsidiary", subsidiary or "") or {}
    defaults: Document = {
        "isInactive": False,
        "entityId": job.get("companyName"),
        "subsidiary": subsidiary,
        "currency": customer.get("currency") or base.get("currency"),
    }
    return {name: value for name, value in (defaults | job).items() if value is not None}


def customer_of(records: Records, entity: str) -> Document:
    """The customer that an entity on a transaction stands for: itself or the customer of the project."""
    customer = records.get("customer", entity)
    if customer is None:
        job = records.get("job", entity) or {}
        customer = records.get("customer", job.get("parent", "")) or job
    return customer


def subsidiaries_of(records: Records, customer: Document) -> set[str]:
    """The subsidiaries a customer may be billed by."""
    further = {found["subsidiary"] for found in _relationships(records, customer["id"])}
    return further | {customer["subsidiary"]}


def currencies_of(customer: Document) -> set[str]:
    """The currencies a customer may be billed in."""
    return {line["currency"] for line in customer.get("currencyList", [])} | {customer["currency"]}


def require(kind: RecordType, document: Document) -> None:
    """Refuse a record whose mandatory fields are empty, naming all of them as the form does."""
    missing = [field.label for name, field in kind.fields.items() if field.required and document.get(name) is None]
    for sublist, fields in kind.sublists.items():
        for line in document.get(sublist, []):
            missing += [field.label for name, field in fields.items() if field.required and line.get(name) is None]
    if missing:
        raise missing_values(missing)


def _relationships(records: Records, customer: str) -> list[Document]:
    return [found for found in records.all(_RELATIONSHIP).values() if found["entity"] == customer]
