"""The rows of invoices, credit memos and payments.

Sources: NetSuite Records Catalog as used by public queries: `transaction` (type CustInvc, CustPymt, CustCred; an
invoice's status A is open, B paid in full, D pending approval, E rejected; foreigntotal, foreignamountpaid,
foreignamountunpaid), `transactionline`
(line 0 is the main line; what a sale credits is negative), `nexttransactionlinelink` and `previoustransactionlinelink`
(linktype Payment). Left out for want of a source: status and foreigntotal of payments and credit memos, netamount of
transactions in other than the subsidiary's currency.
"""

from collections.abc import Iterator
from decimal import Decimal

from system_apis.erp.netsuite.sandbox.catalog import RecordType
from system_apis.erp.netsuite.sandbox.entities import customer_of
from system_apis.erp.netsuite.sandbox.records import Document, Records
from system_apis.erp.netsuite.sandbox.sales import NOT_POSTED
from system_apis.erp.netsuite.sandbox.suiteql.cells import Columns, Row, cell, name_of, with_displays

TYPES = {"invoice": "CustInvc", "customerPayment": "CustPymt", "creditMemo": "CustCred"}
"""SuiteQL's types by the REST record's."""
TABLE, LINE_TABLE = "transaction", "transactionline"
LINK_TABLES = ("nexttransactionlinelink", "previoustransactionlinelink")

_LABELS = {"CustInvc": "Invoice", "CustPymt": "Payment", "CustCred": "Credit Memo"}
_STATUSES = {"Open": "A", "Paid In Full": "B", "Pending Approval": "D", "Rejected": "E"}
_INTEGER = "INTEGER"
_COLUMNS: Columns = dict.fromkeys(
    ("externalid", "type", "recordtype", "tranid", "trandate", "duedate", "status", "memo", "otherrefnum", "posting",
     "voided", "createddate", "lastmodifieddate", "custbody_tollway_reference", "custbody_tollway_project"),
    "TEXT",
) | dict.fromkeys(("id", "entity", "currency", "terms", "postingperiod", "customer__"), _INTEGER) | dict.fromkeys(
    ("exchangerate", "foreigntotal", "foreignamountpaid", "foreignamountunpaid", "posted__"), "REAL"
)  # fmt: skip
_LINE_COLUMNS: Columns = dict.fromkeys(
    ("transaction", "id", "uniquekey", "linesequencenumber", "item", "entity", "subsidiary", "department", "class",
     "location"),
    _INTEGER,
) | dict.fromkeys(("mainline", "taxline", "itemtype", "memo", "custcol_tollway_source_id"), "TEXT") | dict.fromkeys(
    ("quantity", "rate", "foreignamount", "netamount"), "REAL"
)  # fmt: skip
_LINK_COLUMNS: Columns = dict.fromkeys(("previousdoc", "previousline", "nextdoc", "nextline"), _INTEGER) | {
    "previoustype": "TEXT",
    "nexttype": "TEXT",
    "linktype": "TEXT",
    "foreignamount": "REAL",
    "lastmodifieddate": "TEXT",
}
_LINE_REFERENCES = {
    "item": ["serviceSaleItem"],
    "subsidiary": ["subsidiary"],
    "department": ["department"],
    "class": ["classification"],
    "location": ["location"],
    "entity": ["customer", "job"],
}
DEFINITIONS = {TABLE: _COLUMNS, LINE_TABLE: _LINE_COLUMNS} | dict.fromkeys(LINK_TABLES, _LINK_COLUMNS)
KEYS = [(TABLE, "id"), (LINE_TABLE, "transaction"), *((table, "nextdoc") for table in LINK_TABLES)]


def rows(records: Records, kind: RecordType, document: Document) -> Iterator[tuple[str, Row]]:
    """Every row a transaction gives, each with its table."""
    header = _header(records, kind, document)
    yield TABLE, header
    if "item" in document:
        yield from ((LINE_TABLE, row) for row in _lines(records, kind, document, header))
    for number, line in enumerate(document.get("apply", [])):
        link: Row = {
            "previousdoc": int(line["doc"]),
            "previousline": 0,
            "previoustype": "CustInvc",
            "nextdoc": header["id"],
            "nextline": number,
            "nexttype": header["type"],
            "linktype": "Payment",
            "foreignamount": float(line["amount"]),
            "lastmodifieddate": header["lastmodifieddate"],
        }
        yield from ((table, with_displays(link, {})) for table in LINK_TABLES)


def _header(records: Records, kind: RecordType, document: Document) -> Row:
    entity = document.get("entity") or document["customer"]
    code, posted = TYPES[kind.name], float(document.get("total") or document["payment"])
    row: Row = {
        name.lower(): cell(field, document.get(name))
        for name, field in kind.fields.items()
        if name.lower() in _COLUMNS and name != "status"
    }
    row |= {
        "id": int(document["id"]),
        "externalid": document.get("externalId"),
        "type": code,
        "recordtype": kind.name.lower(),
        "entity": int(entity),
        "posting": "T",
        "voided": "F",
        "customer__": int(customer_of(records, entity)["id"]),
        "posted__": posted,
    }
    shown = {
        "type": _LABELS[code],
        "entity": name_of(records, ["customer", "job"], entity),
        "currency": name_of(records, ["currency"], document["currency"]),
        "terms": name_of(records, ["term"], document.get("terms")),
        "postingperiod": name_of(records, ["accountingPeriod"], document.get("postingPeriod")),
    }
    if kind.name == "invoice":
        row |= {
            "status": _STATUSES[document["status"]],
            "posting": "F" if document["status"] in NOT_POSTED.values() else "T",
            "foreigntotal": posted,
            "foreignamountpaid": float(document["amountPaid"]),
            "foreignamountunpaid": float(document["amountRemaining"]),
        }
        shown["status"] = f"Invoice : {document['status']}"
    return with_displays(row, shown)


def _lines(records: Records, kind: RecordType, document: Document, header: Row) -> Iterator[Row]:
    """The main line, the item lines and the tax line; on an invoice the latter two are credits, hence negative."""
    sign = -1.0 if kind.name == "invoice" else 1.0
    subsidiary = records.get("subsidiary", document["subsidiary"]) or {}
    own_currency = subsidiary.get("currency") == document["currency"]

    def line(number: int, amount: float, **cells: object) -> Row:
        row: Row = {
            "transaction": header["id"],
            "id": number,
            "uniquekey": header["id"] * 1000 + number,
            "linesequencenumber": number,
            "mainline": "F",
            "taxline": "F",
            "entity": header["entity"],
            "subsidiary": int(document["subsidiary"]),
            "foreignamount": amount,
            "netamount": amount if own_currency else None,
        } | cells
        shown = {name: name_of(records, types, str(row.get(name))) for name, types in _LINE_REFERENCES.items()}
        return with_displays(row, shown)

    yield line(0, -sign * header["posted__"], mainline="T")
    for item in document["item"]:
        segments = {name: item.get(name) or document.get(name) for name in ("department", "class", "location")}
        yield line(
            int(item["line"]),
            sign * float(item["amount"]),
            item=int(item["item"]),
            itemtype="Service",
            memo=item.get("description"),
            quantity=sign * float(item["quantity"]),
            rate=float(item["rate"]) if "rate" in item else None,
            custcol_tollway_source_id=item.get("custcol_tollway_source_id"),
            **{name: int(value) for name, value in segments.items() if value},
        )
    if Decimal(document["taxTotal"]):
        last = max(int(item["line"]) for item in document["item"])
        yield line(last + 1, sign * float(document["taxTotal"]), taxline="T")
