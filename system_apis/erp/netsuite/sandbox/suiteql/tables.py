"""The tables and columns SuiteQL sees, and the rows each record gives them.

Sources: NetSuite Records Catalog as used by public queries: `customer` (balancesearch, overduebalancesearch,
unbilledorderssearch instead of the record's balances; subsidiaries through customersubsidiaryrelationship),
`transaction` (type CustInvc, CustPymt, CustCred; status A and B; foreigntotal, foreignamountpaid,
foreignamountunpaid), `transactionline` (line 0 is the main line; sales lines are negative), `nexttransactionlinelink`
and `previoustransactionlinelink` (linktype Payment), `item` (itemtype Service). Left out for want of a source:
status and foreigntotal of payments and credit memos, netamount of transactions in other than the subsidiary's currency.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from system_apis.erp.netsuite.sandbox.catalog import Field, RecordType
from system_apis.erp.netsuite.sandbox.records import Document, Records
from system_apis.erp.netsuite.sandbox.suiteql.dialect import DISPLAY
from system_apis.erp.netsuite.sandbox.suiteql.functions import to_internal

Row = dict[str, Any]
_NUMERIC = {"integer": "INTEGER", "ref": "INTEGER", "decimal": "REAL", "amount": "REAL", "percent": "REAL"}
_TYPES = {"invoice": "CustInvc", "customerPayment": "CustPymt", "creditMemo": "CustCred"}
_LABELS = {"CustInvc": "Invoice", "CustPymt": "Payment", "CustCred": "Credit Memo"}

_TRANSACTION_COLUMNS = {
    "id": "INTEGER", "externalid": "TEXT", "type": "TEXT", "recordtype": "TEXT", "tranid": "TEXT", "trandate": "TEXT",
    "duedate": "TEXT", "entity": "INTEGER", "currency": "INTEGER", "exchangerate": "REAL", "terms": "INTEGER",
    "postingperiod": "INTEGER", "status": "TEXT", "memo": "TEXT", "otherrefnum": "TEXT", "posting": "TEXT",
    "voided": "TEXT", "foreigntotal": "REAL", "foreignamountpaid": "REAL", "foreignamountunpaid": "REAL",
    "createddate": "TEXT", "lastmodifieddate": "TEXT", "custbody_tollway_reference": "TEXT",
    "custbody_tollway_project": "TEXT",
}  # fmt: skip
_LINE_COLUMNS = {
    "transaction": "INTEGER", "id": "INTEGER", "uniquekey": "INTEGER", "linesequencenumber": "INTEGER",
    "mainline": "TEXT", "taxline": "TEXT", "item": "INTEGER", "itemtype": "TEXT", "memo": "TEXT", "quantity": "REAL",
    "rate": "REAL", "foreignamount": "REAL", "netamount": "REAL", "entity": "INTEGER", "subsidiary": "INTEGER",
    "department": "INTEGER", "class": "INTEGER", "location": "INTEGER", "custcol_tollway_source_id": "TEXT",
}  # fmt: skip
_LINK_COLUMNS = {
    "previousdoc": "INTEGER", "previousline": "INTEGER", "previoustype": "TEXT", "nextdoc": "INTEGER",
    "nextline": "INTEGER", "nexttype": "TEXT", "linktype": "TEXT", "foreignamount": "REAL", "lastmodifieddate": "TEXT",
}  # fmt: skip
LINK_TABLES = ("nexttransactionlinelink", "previoustransactionlinelink")
_BALANCES = (
    "(SELECT SUM(CASE type WHEN 'CustInvc' THEN foreigntotal ELSE -posted__ END) FROM \"transaction\" t "
    "WHERE t.customer__ = c.id)",
    "(SELECT SUM(foreignamountunpaid) FROM \"transaction\" t WHERE t.customer__ = c.id AND t.type = 'CustInvc' "
    "AND t.duedate < trunc(sysdate_()))",
)
CUSTOMER_VIEW = (
    "CREATE VIEW customer AS SELECT c.*, "
    f"coalesce({_BALANCES[0]}, 0) AS balancesearch, coalesce({_BALANCES[1]}, 0) AS overduebalancesearch, "
    "0 AS unbilledorderssearch FROM customer__ c"
)


def definitions(records: Records) -> dict[str, dict[str, str]]:
    """Every table with the SQLite types of its columns."""
    tables = {
        "transaction": _TRANSACTION_COLUMNS | {"customer__": "INTEGER", "posted__": "REAL"},
        "transactionline": _LINE_COLUMNS,
    } | dict.fromkeys(LINK_TABLES, _LINK_COLUMNS)
    for kind in records.types.values():
        if kind.suiteql:
            tables[_stored_name(kind)] = _columns(kind)
    return {name: _with_displays(columns) for name, columns in tables.items()}


def rows(records: Records, kind: RecordType, document: Document) -> Iterator[tuple[str, Row]]:
    """The rows a record gives, each with its table."""
    if kind.name in _TYPES:
        yield from _transaction_rows(records, kind, document)
    elif kind.suiteql:
        yield _stored_name(kind), _plain_row(records, kind, document)


def keys(kind: RecordType) -> list[tuple[str, str]]:
    """The tables a record of a type writes to, each with the column that holds the record's id."""
    if kind.name in _TYPES:
        own = [("transaction", "id"), ("transactionline", "transaction")]
        return own + [(table, "nextdoc") for table in LINK_TABLES]
    return [(_stored_name(kind), "id")] if kind.suiteql else []


def _stored_name(kind: RecordType) -> str:
    table = kind.suiteql.table if kind.suiteql else kind.name
    return "customer__" if table == "customer" else table


def _shown_fields(kind: RecordType) -> dict[str, Field]:
    omitted = kind.suiteql.omit if kind.suiteql else []
    return {name: field for name, field in kind.fields.items() if name not in omitted}


def _columns(kind: RecordType) -> dict[str, str]:
    columns = {"id": "INTEGER", "externalid": "TEXT"}
    columns |= {name.lower(): _NUMERIC.get(field.kind, "TEXT") for name, field in _shown_fields(kind).items()}
    if kind.group == "item":
        columns["itemtype"] = "TEXT"
    if kind.suiteql and kind.suiteql.table == "subsidiary":
        columns["fullname"] = "TEXT"
    return columns


def _with_displays(columns: dict[str, str]) -> dict[str, str]:
    """Columns with their companions for BUILTIN.DF; every column has one, as DF of a plain value is the value."""
    return columns | {name + DISPLAY: "TEXT" for name in columns if not name.endswith("__")}


def _plain_row(records: Records, kind: RecordType, document: Document) -> Row:
    row: Row = {"id": int(document["id"]), "externalid": document.get("externalId")}
    displays: Row = {}
    for name, field in _shown_fields(kind).items():
        value = document.get(name)
        row[name.lower()] = _cell(field, value)
        displays[name.lower() + DISPLAY] = _displayed(records, field, value)
    if kind.group == "item":
        row["itemtype"] = "Service"
    if kind.suiteql and kind.suiteql.table == "subsidiary":
        parent = document.get("parent")
        above = f"{records.name('subsidiary', parent)} : " if parent else ""
        row["fullname"] = above + document["name"]
    return _displays_of(row) | row | {name: text for name, text in displays.items() if text is not None}


def _cell(field: Field, value: Any) -> Any:
    if value is None or isinstance(value, list):
        return None
    match field.kind:
        case "boolean":
            return "T" if value else "F"
        case "date" | "datetime":
            return to_internal(value)
        case "integer" | "ref":
            return int(value)
        case "decimal" | "amount" | "percent":
            return float(value)
    return value


def _displayed(records: Records, field: Field, value: Any) -> str | None:
    if field.kind == "ref" and value is not None:
        return _name(records, field.to, value)
    return field.choices.get(value) if field.kind == "choice" else None


def _name(records: Records, types: list[str], identity: str | None) -> str | None:
    found = next((name for name in types if identity and records.get(name, identity)), None)
    return records.name(found, identity) if found and identity else None


def _displays_of(row: Row) -> Row:
    return {name + DISPLAY: value for name, value in row.items() if not name.endswith("__")}


def _transaction_rows(records: Records, kind: RecordType, document: Document) -> Iterator[tuple[str, Row]]:
    identity, code = int(document["id"]), _TYPES[kind.name]
    is_invoice = kind.name == "invoice"
    entity = document.get("entity") or document["customer"]
    row: Row = {"id": identity, "externalid": document.get("externalId"), "type": code, "recordtype": kind.name.lower()}
    for name, field in kind.fields.items():
        if name.lower() in _TRANSACTION_COLUMNS and name != "status":
            row[name.lower()] = _cell(field, document.get(name))
    row |= {"entity": int(entity), "posting": "T", "voided": "F", "status": _status(kind, document)}
    row["customer__"] = int(_customer(records, entity))
    row["posted__"] = float(document.get("total") or document.get("payment") or 0)
    if is_invoice:
        row["foreigntotal"] = float(document["total"])
        row["foreignamountpaid"] = float(document["amountPaid"])
        row["foreignamountunpaid"] = float(document["amountRemaining"])
    shown = {
        "type": _LABELS[code],
        "status": f"{_LABELS[code]} : {document['status']}" if is_invoice else None,
        "entity": _name(records, ["customer", "job"], entity),
        "currency": records.name("currency", document["currency"]),
        "terms": _name(records, ["term"], document.get("terms")),
        "postingperiod": _name(records, ["accountingPeriod"], document.get("postingPeriod")),
    }
    yield "transaction", _displays_of(row) | row | {name + DISPLAY: text for name, text in shown.items()}
    yield from _line_rows(records, kind, document, row)
    for number, line in enumerate(document.get("apply", [])):
        link = {
            "previousdoc": int(line["doc"]), "previousline": 0, "previoustype": "CustInvc", "nextdoc": identity,
            "nextline": number, "nexttype": code, "linktype": "Payment", "foreignamount": float(line["amount"]),
            "lastmodifieddate": row["lastmodifieddate"],
        }  # fmt: skip
        for table in LINK_TABLES:
            yield table, _displays_of(link) | link


def _customer(records: Records, entity: str) -> str:
    job = None if records.get("customer", entity) else records.get("job", entity)
    return str(job.get("parent", entity)) if job else entity


def _status(kind: RecordType, document: Document) -> str | None:
    if kind.name == "invoice":
        return "B" if document["status"] == "Paid In Full" else "A"
    return None


def _line_rows(records: Records, kind: RecordType, document: Document, header: Row) -> Iterator[tuple[str, Row]]:
    """The main line, the item lines and the tax line; on a sale the latter two are credits, hence negative."""
    if kind.name == "customerPayment":
        return
    sign = -1.0 if kind.name == "invoice" else 1.0
    base = {"transaction": header["id"], "entity": header["entity"], "subsidiary": int(document["subsidiary"])}
    yield _line(records, base | {"id": 0, "mainline": "T", "taxline": "F", "foreignamount": -sign * header["posted__"]})
    last = 0
    for line in document["item"]:
        last = max(last, int(line["line"]))
        row = {name: _whole(line.get(name) or document.get(name)) for name in ("department", "class", "location")}
        row |= {
            "id": int(line["line"]), "mainline": "F", "taxline": "F", "item": int(line["item"]), "itemtype": "Service",
            "memo": line.get("description"), "quantity": sign * float(line["quantity"]),
            "rate": float(line["rate"]) if "rate" in line else None, "foreignamount": sign * float(line["amount"]),
            "custcol_tollway_source_id": line.get("custcol_tollway_source_id"),
        }  # fmt: skip
        yield _line(records, base | row)
    if Decimal(document["taxTotal"]):
        tax = sign * float(document["taxTotal"])
        yield _line(records, base | {"id": last + 1, "mainline": "F", "taxline": "T", "foreignamount": tax})


_LINE_REFERENCES: dict[str, list[str]] = {
    "item": ["serviceSaleItem"], "subsidiary": ["subsidiary"], "department": ["department"], "class": ["classification"],
    "location": ["location"], "entity": ["customer", "job"],
}  # fmt: skip


def _line(records: Records, row: Row) -> tuple[str, Row]:
    subsidiary = records.get("subsidiary", str(row["subsidiary"])) or {}
    transaction = row["transaction"]
    row = row | {"uniquekey": transaction * 1000 + row["id"], "linesequencenumber": row["id"]}
    if subsidiary.get("currency") == _currency(records, str(transaction)):
        row["netamount"] = row["foreignamount"]
    shown = {
        name + DISPLAY: _name(records, types, str(row[name]))
        for name, types in _LINE_REFERENCES.items()
        if row.get(name) is not None
    }
    return "transactionline", _displays_of(row) | row | shown


def _currency(records: Records, transaction: str) -> str | None:
    found = records.get("invoice", transaction) or records.get("creditMemo", transaction)
    return found["currency"] if found else None


def _whole(value: str | None) -> int | None:
    return None if value is None else int(value)
