"""The values that the platform works out itself whenever a record is saved.

Sources: 'Object Reference' of Contact, User, Opportunity (Amount: the sum of its products when it has any, then an
update of it is ignored; StageName controls IsClosed, IsWon, Probability and ForecastCategory), OpportunityLineItem,
PricebookEntry and Task; 'Create Custom Fields: Name' (a custom object's empty name becomes its id). Of Certinia's
formulas only those whose name states them are worked out; the others stay empty.
"""

from collections.abc import Callable

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.schema import SObjectType

STAGES = {
    "Prospecting": (10.0, "Pipeline"),
    "Qualification": (10.0, "Pipeline"),
    "Needs Analysis": (20.0, "Pipeline"),
    "Value Proposition": (50.0, "Pipeline"),
    "Id. Decision Makers": (60.0, "Pipeline"),
    "Perception Analysis": (70.0, "Pipeline"),
    "Proposal/Price Quote": (75.0, "Pipeline"),
    "Negotiation/Review": (90.0, "Pipeline"),
    "Closed Won": (100.0, "Closed"),
    "Closed Lost": (0.0, "Omitted"),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Rule = Callable[[Org, Record | None, Record, Record], None]


def complete(org: Org, sobject: SObjectType, before: Record | None, record: Record, values: Record) -> None:
    """Fill in what follows from the rest of the record; `values` is what the caller set."""
    if sobject.custom and record.get("Name") is None:
        record["Name"] = record["Id"]
    rule = RULES.get(sobject.name)
    if rule:
        rule(org, before, record, values)


def settle(org: Org, sobject: SObjectType, record: Record) -> None:
    """Bring the records up to date that follow from one that was just saved or deleted."""
    if sobject.name != "OpportunityLineItem":
        return
    before = org.get("Opportunity", record["OpportunityId"])
    if before is None or before["IsDeleted"]:
        return
    after = before | {"SystemModstamp": org.now(), "LastModifiedDate": org.now()}
    _opportunity(org, before, after, {})
    org.write(org.schema.types["Opportunity"], after)


def _person(_org: Org, _before: Record | None, record: Record, _values: Record) -> None:
    record["Name"] = " ".join(filter(None, (record.get("FirstName"), record["LastName"])))


def _opportunity(org: Org, before: Record | None, record: Record, values: Record) -> None:
    stage = record["StageName"]
    if before is None or before.get("StageName") != stage:
        probability, category = STAGES.get(stage, (None, None))
        for name, value in (("Probability", probability), ("ForecastCategoryName", category)):
            if values.get(name) is None and value is not None:
                record[name] = value
    record["IsWon"] = stage == "Closed Won"
    record["IsClosed"] = stage in ("Closed Won", "Closed Lost")
    lines = _lines(org, record["Id"])
    record["HasOpportunityLineItem"] = bool(lines)
    if lines:
        record["Amount"] = sum(line.get("TotalPrice") or 0.0 for line in lines)
        record["TotalOpportunityQuantity"] = sum(line["Quantity"] for line in lines)
    if record.get("Amount") is not None and record.get("Probability") is not None:
        record["ExpectedRevenue"] = round(record["Amount"] * record["Probability"] / 100, 2)
    else:
        record["ExpectedRevenue"] = None


def _lines(org: Org, opportunity: str) -> list[Record]:
    found = org.find(org.schema.types["OpportunityLineItem"], "OpportunityId", opportunity)
    return [line for line in found if not line["IsDeleted"]]


def _line_item(org: Org, _before: Record | None, record: Record, values: Record) -> None:
    entry = org.get("PricebookEntry", record["PricebookEntryId"]) or {}
    opportunity = org.get("Opportunity", record["OpportunityId"]) or {}
    if entry.get("CurrencyIsoCode") != opportunity.get("CurrencyIsoCode"):
        message = "field integrity exception: PricebookEntryId (pricebook entry currency code does not match "
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message + "opportunity currency code)", ["PricebookEntryId"])
    record["CurrencyIsoCode"] = opportunity["CurrencyIsoCode"]
    quantity = record["Quantity"]
    if values.get("TotalPrice") is not None:
        record["UnitPrice"] = record["TotalPrice"] / quantity if quantity else 0.0
    elif record.get("UnitPrice") is not None:
        record["TotalPrice"] = round(record["UnitPrice"] * quantity, 2)
    else:
        raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", ["UnitPrice"])
    product = org.get("Product2", entry["Product2Id"]) or {}
    record["Product2Id"], record["ProductCode"] = entry["Product2Id"], product.get("ProductCode")
    record["ListPrice"] = entry["UnitPrice"]
    record["Name"] = f"{opportunity['Name']} {product.get('Name', '')}".strip()


def _pricebook_entry(org: Org, before: Record | None, record: Record, _values: Record) -> None:
    product = org.get("Product2", record["Product2Id"]) or {}
    record["Name"], record["ProductCode"] = product.get("Name"), product.get("ProductCode")
    book = org.get("Pricebook2", record["Pricebook2Id"]) or {}
    if before is None and not book.get("IsStandard") and not _has_standard_price(org, record):
        raise ApiError("STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product", [])


def _has_standard_price(org: Org, record: Record) -> bool:
    for entry in org.find(org.schema.types["PricebookEntry"], "Product2Id", record["Product2Id"]):
        book = org.get("Pricebook2", entry["Pricebook2Id"]) or {}
        if book.get("IsStandard") and entry["CurrencyIsoCode"] == record["CurrencyIsoCode"] and not entry["IsDeleted"]:
            return True
    return False


def _task(_org: Org, _before: Record | None, record: Record, _values: Record) -> None:
    record["IsClosed"] = record.get("Status") == "Completed"
    record["IsHighPriority"] = record.get("Priority") == "High"


def _timecard(_org: Org, _before: Record | None, record: Record, _values: Record) -> None:
    record["pse__Total_Hours__c"] = sum(record.get(f"pse__{day}_Hours__c") or 0.0 for day in DAYS)


def _project_task(_org: Org, _before: Record | None, record: Record, _values: Record) -> None:
    for edge in ("Start", "End", "Actual_Start", "Actual_End"):
        moment = record.get(f"pse__{edge}_Date_Time__c")
        record[f"pse__{edge}_Date__c"] = moment[:10] if moment else None


RULES: dict[str, Rule] = {
    "Contact": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "OpportunityLineItem": _line_item,
    "PricebookEntry": _pricebook_entry,
    "Task": _task,
    "pse__Timecard_Header__c": _timecard,
    "pse__Project_Task__c": _project_task,
}
