"""ORDER BY.

Source: 'SOQL and SOSL Reference: ORDER BY'; missing values come first unless NULLS LAST says otherwise.
"""

from system_apis.salesforce_platform.sandbox.org import Record
from system_apis.salesforce_platform.sandbox.soql.nodes import Order
from system_apis.salesforce_platform.sandbox.soql.resolve import Column


def sort(records: list[Record], orders: list[tuple[Column, Order]]) -> list[Record]:
    """The records in the order asked for; equal ones keep theirs."""
    for column, order in reversed(orders):
        get = column.get
        present, missing = [], []
        for record in records:
            value = get(record)
            if value is None:
                missing.append(record)
            else:
                present.append((value.lower() if isinstance(value, str) else value, record))
        present.sort(key=lambda pair: pair[0], reverse=order.descending)
        ordered = [record for _, record in present]
        records = ordered + missing if order.nulls_last else missing + ordered
    return records
