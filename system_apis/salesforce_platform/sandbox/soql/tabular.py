"""A query's rows as a table of text, the form of bulk results.

Source: 'Bulk API 2.0 and Bulk API Developer Guide: Get Results for a Query Job': a column per selected field, a
parent's as Parent.Field; datetimes end in Z.
"""

import re
from typing import Any

from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.soql.execute import Result
from system_apis.salesforce_platform.sandbox.soql.nodes import Query
from system_apis.salesforce_platform.sandbox.soql.resolve import open_scope
from system_apis.salesforce_platform.sandbox.soql.select import selected_columns

DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def tabulate(org: Org, query: Query, result: Result) -> tuple[list[str], list[list[str]]]:
    """The header and the rows."""
    if result.grouped:
        header = list(result.rows[0]) if result.rows else []
        return header, [[_text(value) for value in row.values()] for row in result.rows]
    columns = selected_columns(open_scope(org, query))
    rows: list[Record] = result.rows
    return [name for name, _ in columns], [[_text(column.get(row)) for _, column in columns] for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and DATETIME.fullmatch(value):
        return value.removesuffix("+0000") + "Z"
    return str(value)
