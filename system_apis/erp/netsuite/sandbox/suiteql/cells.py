"""How the values of records appear in the cells of SuiteQL's tables."""

from typing import Any

from system_apis.erp.netsuite.sandbox.catalog import Field
from system_apis.erp.netsuite.sandbox.records import Records
from system_apis.erp.netsuite.sandbox.suiteql.dialect import DISPLAY
from system_apis.erp.netsuite.sandbox.suiteql.functions import to_internal

Row = dict[str, Any]
Columns = dict[str, str]
"""SQLite types by column."""


def cell(field: Field, value: Any) -> Any:
    """A field's value: booleans as T and F, references and numbers as numbers, dates marked as such."""
    if value is None:
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


def displayed(records: Records, field: Field, value: Any) -> str | None:
    """What BUILTIN.DF answers for a reference or a choice; None for what is shown as it is."""
    if field.kind == "ref" and value is not None:
        return name_of(records, field.to, value)
    return field.choices.get(value) if field.kind == "choice" else None


def name_of(records: Records, types: list[str], identity: str | None) -> str | None:
    """The name of a record of one of some types."""
    found = next((name for name in types if identity and records.get(name, identity)), None)
    return records.name(found, identity) if found and identity else None


def with_displays(row: Row, shown: Row) -> Row:
    """A row with every column's companion for BUILTIN.DF: the text in `shown`, else the value itself."""
    plain = {name + DISPLAY: value for name, value in row.items() if not name.endswith("__")}
    return row | plain | {name + DISPLAY: text for name, text in shown.items() if text is not None}
