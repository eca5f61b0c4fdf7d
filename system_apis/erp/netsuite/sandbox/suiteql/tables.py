"""The tables and columns SuiteQL sees, and the rows each record gives them.

Sources: NetSuite Records Catalog as used by public queries: `customer` (balancesearch, overduebalancesearch,
unbilledorderssearch instead of the record's balances; subsidiaries through customersubsidiaryrelationship), `item`
(itemtype Service), `subsidiary` (fullname shows the parents).
"""

from collections.abc import Iterator

from system_apis.erp.netsuite.sandbox.catalog import Field, RecordType
from system_apis.erp.netsuite.sandbox.records import Document, Records
from system_apis.erp.netsuite.sandbox.suiteql import transactions
from system_apis.erp.netsuite.sandbox.suiteql.cells import Columns, Row, cell, displayed, with_displays
from system_apis.erp.netsuite.sandbox.suiteql.dialect import DISPLAY

_NUMERIC = {"integer": "INTEGER", "ref": "INTEGER", "decimal": "REAL", "amount": "REAL", "percent": "REAL"}
_CUSTOMERS = "customer__"
"""The table behind the view `customer`, which adds the balances."""
CUSTOMER_VIEW = f"""
CREATE VIEW customer AS SELECT c.*,
    coalesce((SELECT sum(CASE type WHEN 'CustInvc' THEN posted__ ELSE -posted__ END) FROM "transaction" t
              WHERE t.customer__ = c.id), 0) AS balancesearch,
    coalesce((SELECT sum(foreignamountunpaid) FROM "transaction" t
              WHERE t.customer__ = c.id AND t.duedate < (SELECT trunc(sysdate_()))), 0) AS overduebalancesearch,
    0 AS unbilledorderssearch
FROM {_CUSTOMERS} c
"""  # noqa: S608 - our own names


def definitions(records: Records) -> dict[str, Columns]:
    """Every table with its columns; each column has a companion for BUILTIN.DF."""
    tables = dict(transactions.DEFINITIONS)
    for kind in records.types.values():
        if kind.suiteql:
            tables[_stored_name(kind)] = _columns(kind)
    return {name: columns | _companions(columns) for name, columns in tables.items()}


def rows(records: Records, kind: RecordType, document: Document) -> Iterator[tuple[str, Row]]:
    """The rows a record gives, each with its table."""
    if kind.name in transactions.TYPES:
        yield from transactions.rows(records, kind, document)
    elif kind.suiteql:
        yield _stored_name(kind), _row(records, kind, document)


def keys(kind: RecordType) -> list[tuple[str, str]]:
    """The tables a record of a type writes to, each with the column that holds the record's id."""
    if kind.name in transactions.TYPES:
        return transactions.KEYS
    return [(_stored_name(kind), "id")] if kind.suiteql else []


def _stored_name(kind: RecordType) -> str:
    table = kind.suiteql.table if kind.suiteql else ""
    return _CUSTOMERS if table == "customer" else table


def _fields(kind: RecordType) -> dict[str, Field]:
    omitted = kind.suiteql.omit if kind.suiteql else []
    return {name: field for name, field in kind.fields.items() if name not in omitted}


def _columns(kind: RecordType) -> Columns:
    columns = {name.lower(): _NUMERIC.get(field.kind, "TEXT") for name, field in _fields(kind).items()}
    columns |= {"id": "INTEGER", "externalid": "TEXT"}
    return columns | dict.fromkeys(_extras(kind, {}, None), "TEXT")


def _companions(columns: Columns) -> Columns:
    return {name + DISPLAY: "TEXT" for name in columns if not name.endswith("__")}


def _row(records: Records, kind: RecordType, document: Document) -> Row:
    row: Row = {"id": int(document["id"]), "externalid": document.get("externalId")}
    fields = _fields(kind)
    row |= {name.lower(): cell(field, document.get(name)) for name, field in fields.items()}
    shown = {name.lower(): displayed(records, field, document.get(name)) for name, field in fields.items()}
    return with_displays(row | _extras(kind, document, records), shown)


def _extras(kind: RecordType, document: Document, records: Records | None) -> Row:
    """Columns that are no fields of the REST record."""
    if kind.name == "serviceSaleItem":
        return {"itemtype": "Service"}
    if kind.name == "subsidiary":
        parent = document.get("parent")
        above = f"{records.name(kind.name, parent)} : " if records and parent else ""
        return {"fullname": above + document.get("name", "")}
    return {}
