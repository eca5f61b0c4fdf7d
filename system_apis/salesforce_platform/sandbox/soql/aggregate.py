"""Grouped queries: GROUP BY, the aggregate functions and HAVING.

Source: 'SOQL and SOSL Reference: GROUP BY, Aggregate Functions'; an aggregate without an alias is called expr0,
expr1, …; aggregates ignore missing values.
"""

from collections.abc import Callable, Iterable
from typing import Any

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Record
from system_apis.salesforce_platform.sandbox.soql.filters import Filter
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import Call, Path, Query
from system_apis.salesforce_platform.sandbox.soql.order import sort
from system_apis.salesforce_platform.sandbox.soql.resolve import AGGREGATES, Column, Scope

Group = list[Record]
NUMBERS_ONLY = ("SUM", "AVG")


def is_aggregate(query: Query) -> bool:
    """Whether the query answers groups rather than records; COUNT() alone answers neither."""
    return bool(query.group_by) or any(_is_aggregate_call(item.what) for item in query.items)


def is_count(query: Query) -> bool:
    """Whether the query is SELECT COUNT() FROM …."""
    what = query.items[0].what
    return len(query.items) == 1 and isinstance(what, Call) and what.function == "COUNT" and what.argument is None


def _is_aggregate_call(what: object) -> bool:
    return isinstance(what, Call) and what.function in AGGREGATES


def aggregate(scope: Scope, records: Iterable[Record], subquery: Callable[[Query], set[Any]]) -> list[Record]:
    """The rows of a grouped query, in order, each of the selected names."""
    query = scope.query
    groups = _group(scope, records)
    rows = dict(enumerate(groups.values()))

    def _column(expression: Path | Call) -> Column:
        return _group_column(scope, expression, rows)

    numbered: list[Record] = [{"row": index} for index in rows]
    if query.having:
        matches = Filter(scope, subquery, _column).compile(query.having)
        numbered = [row for row in numbered if matches(row)]
    numbered = sort(numbered, [(_column(order.what), order) for order in query.order_by])
    numbered = numbered[query.offset :][: query.limit]
    selected = [(name, _column(what).get) for name, what in _names(scope)]
    return [{name: get(row) for name, get in selected} for row in numbered]


def _group(scope: Scope, records: Iterable[Record]) -> dict[tuple[Any, ...], Group]:
    getters = [scope.column(expression).get for expression in scope.query.group_by]
    groups: dict[tuple[Any, ...], Group] = {} if getters else {(): []}
    for record in records:
        groups.setdefault(tuple(get(record) for get in getters), []).append(record)
    return groups


def _names(scope: Scope) -> list[tuple[str, Path | Call]]:
    named: list[tuple[str, Path | Call]] = []
    unnamed = 0
    for item in scope.query.items:
        if not isinstance(item.what, Path | Call):
            raise ApiError("MALFORMED_QUERY", "Grouped query cannot use child relationships in the SELECT list")
        if item.alias:
            named.append((item.alias, item.what))
        elif isinstance(item.what, Path):
            named.append((scope.column(item.what).field.name, item.what))
        else:
            named.append((f"expr{unnamed}", item.what))
            unnamed += 1
    return named


def _group_column(scope: Scope, expression: Path | Call, groups: dict[int, Group]) -> Column:
    """A column over numbered groups: an aggregate of the group, or what its records have in common."""
    if isinstance(expression, Call) and expression.function in AGGREGATES:
        return _aggregate_column(scope, expression, groups)
    grouped = {_key(scope, one) for one in scope.query.group_by}
    if _key(scope, expression) not in grouped:
        expression = _aliased(scope.query, expression)
        if isinstance(expression, Call) and expression.function in AGGREGATES:
            return _aggregate_column(scope, expression, groups)
    column = scope.column(expression)
    if _key(scope, expression) not in grouped:
        name = ".".join(expression.names) if isinstance(expression, Path) else expression.function
        raise malformed(scope.query.text, expression.offset, f"Field must be grouped or aggregated: {name}")
    get = column.get
    return Column(column.lookups, column.field, column.type, lambda row: get(groups[row["row"]][0]))


def _aliased(query: Query, expression: Path | Call) -> Path | Call:
    """What an alias of the select list stands for."""
    if isinstance(expression, Path) and len(expression.names) == 1:
        for item in query.items:
            same = item.alias is not None and item.alias.lower() == expression.names[0].lower()
            if same and isinstance(item.what, Path | Call):
                return item.what
    return expression


def _key(scope: Scope, expression: Path | Call) -> tuple[Any, ...]:
    if isinstance(expression, Path):
        return tuple(name.lower() for name in scope.names(expression))
    return (expression.function, *(_key(scope, expression.argument) if expression.argument else ()))


def _aggregate_column(scope: Scope, call: Call, groups: dict[int, Group]) -> Column:
    if call.argument is None:
        raise malformed(scope.query.text, call.offset, "unexpected token: ')'")
    column, function = scope.column(call.argument), call.function
    if function in NUMBERS_ONLY and column.type not in ("double", "currency", "percent", "int"):
        message = f"field {column.field.name} does not support aggregate operator {function}"
        raise malformed(scope.query.text, call.offset, message, "INVALID_FIELD")
    get = column.get

    def _compute(row: Record) -> Any:
        values = [value for record in groups[row["row"]] if (value := get(record)) is not None]
        return _result(function, values)

    kind = "int" if function.startswith("COUNT") else column.type
    return Column(column.lookups, column.field, kind, _compute)


def _result(function: str, values: list[Any]) -> Any:
    if function == "COUNT":
        return len(values)
    if function == "COUNT_DISTINCT":
        return len({value.lower() if isinstance(value, str) else value for value in values})
    if not values:
        return None
    if function == "SUM":
        return sum(values)
    if function == "AVG":
        return sum(values) / len(values)
    return min(values) if function == "MIN" else max(values)
