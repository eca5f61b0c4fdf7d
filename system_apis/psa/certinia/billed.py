"""Writes an invoice's number onto what it bills, and takes it off again; what another invoice bills stays as it is."""

from collections.abc import Iterable
from typing import Any

from system_apis.psa.certinia import models
from system_apis.psa.certinia.queries import MILESTONE, SOBJECTS
from system_apis.salesforce_platform.batches import query_together, require, update_all
from system_apis.salesforce_platform.client import OrgClient
from system_apis.salesforce_platform.rows import select
from system_apis.salesforce_platform.soql import is_record_id, quote_all
from tollway.canonical.work import BillableItem, BilledItems
from tollway.problems import NotFound, Rejected

ALREADY_BILLED = "already_billed"
_MARKS = ("pse__Billed__c", "pse__Invoiced__c")


async def write_invoice(org: OrgClient, billed: BilledItems) -> None:
    """Mark what is not marked yet; raises NotFound, or Rejected with what another invoice carries."""
    wanted = _by_sobject(billed.items)
    rows = await _rows(org, wanted)
    _check(billed.invoice_number, wanted, rows)
    for sobject, present in rows.items():
        values = _values(sobject, billed.invoice_number)
        unmarked = {row.Id: values for row in present if not row.Tollway_Invoice_Number__c}
        require(sobject, await update_all(org, sobject, unmarked))


async def erase_invoice(org: OrgClient, billed: BilledItems) -> None:
    """Take the number off what carries it; what is gone or on another invoice is none of its business."""
    for sobject, present in (await _rows(org, _by_sobject(billed.items))).items():
        values = dict.fromkeys(_values(sobject, billed.invoice_number)) | dict.fromkeys(_MARKS, False)
        marked = {row.Id: values for row in present if row.Tollway_Invoice_Number__c == billed.invoice_number}
        require(sobject, await update_all(org, sobject, marked))


async def _rows(org: OrgClient, wanted: dict[str, list[str]]) -> dict[str, list[models.Billed]]:
    queries = {
        sobject: (f"{select(models.Billed, sobject)} WHERE Id IN {quote_all(ids)}", models.Billed)
        for sobject, ids in wanted.items()
    }
    return await query_together(org, queries) if queries else {}


def _by_sobject(items: Iterable[BillableItem]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for item in items:
        record_id = item.id.removeprefix(f"{item.kind}:")
        if not is_record_id(record_id):
            raise NotFound(f"There is no {item.kind} {record_id} in Certinia.")
        wanted.setdefault(SOBJECTS[item.kind], []).append(record_id)
    return wanted


def _check(number: str, wanted: dict[str, list[str]], rows: dict[str, list[models.Billed]]) -> None:
    present = {row.Id: row for kind in rows.values() for row in kind}
    if missing := [record_id for ids in wanted.values() for record_id in ids if record_id not in present]:
        raise NotFound(f"Certinia no longer has {', '.join(missing)}, which invoice {number} bills.")
    others = [row for row in present.values() if row.Tollway_Invoice_Number__c not in (None, "", number)]
    if others:
        named = ", ".join(f"{row.Name} (invoice {row.Tollway_Invoice_Number__c})" for row in others)
        raise Rejected(f"Invoice {number} bills what has been billed already: {named}.", category=ALREADY_BILLED)


def _values(sobject: str, number: str) -> dict[str, Any]:
    """Certinia's own marks beside Tollway's, so that its billing leaves the work alone."""
    values = {"Tollway_Invoice_Number__c": number} | dict.fromkeys(_MARKS, True)
    return values | {"pse__Invoice_Number__c": number} if sobject == MILESTONE else values
