"""Turns the conditions of a query into predicates over records, and finds records by an index where it can.

Source: 'SOQL and SOSL Reference: Condition Expression Syntax, Comparison Operators, Semi-Joins and Anti-Joins'.
Text compares without regard to case; a missing value equals only null and differs from everything else.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.ids import read_id
from system_apis.salesforce_platform.sandbox.org import Record
from system_apis.salesforce_platform.sandbox.schema import Field, SObjectType
from system_apis.salesforce_platform.sandbox.schema.model import NUMERIC, TEXTUAL
from system_apis.salesforce_platform.sandbox.soql.dates import date_range
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import (
    Call,
    Combination,
    Comparison,
    Condition,
    Literal,
    Membership,
    Negation,
    Path,
    Query,
)
from system_apis.salesforce_platform.sandbox.soql.resolve import Column, Scope
from system_apis.salesforce_platform.sandbox.values import format_datetime, parse_datetime

Predicate = Callable[[Record], bool]
Resolver = Callable[[Path | Call], Column]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Filter:
    """Compiles conditions in one scope; `subquery` gives the values that an inner query selects."""

    def __init__(self, scope: Scope, subquery: Callable[[Query], set[Any]], resolver: Resolver | None = None) -> None:
        self._scope = scope
        self._subquery = subquery
        self._resolve = resolver or scope.column

    def compile(self, condition: Condition) -> Predicate:
        """The predicate that the condition is."""
        if isinstance(condition, Negation):
            inner = self.compile(condition.part)
            return lambda record: not inner(record)
        if isinstance(condition, Combination):
            parts = [self.compile(part) for part in condition.parts]
            if condition.operator == "AND":
                return lambda record: all(part(record) for part in parts)
            return lambda record: any(part(record) for part in parts)
        column = self._resolve(condition.left)
        if isinstance(condition, Membership):
            return self._membership(column, condition)
        return self._comparison(column, condition)

    def candidates(self, condition: Condition | None) -> Iterable[Record] | None:
        """The records that an index offers for the condition, a superset of those that match; None without one."""
        if isinstance(condition, Combination) and condition.operator == "AND":
            offers = (self.candidates(part) for part in condition.parts)
            return next((offer for offer in offers if offer is not None), None)
        if isinstance(condition, Comparison) and condition.operator == "=" and condition.value.kind == "string":
            return self._indexed(condition.left, [condition.value.value])
        if isinstance(condition, Membership) and condition.operator == "IN":
            values = condition.values
            if isinstance(values, Query):
                return self._indexed(condition.left, sorted(map(str, self._subquery(values))))
            return self._indexed(condition.left, [literal.value for literal in values])
        return None

    def _indexed(self, left: Path | Call, values: list[Any]) -> list[Record] | None:
        if isinstance(left, Call) or not all(isinstance(value, str) and value for value in values):
            return None
        *relationships, last = self._scope.names(left)
        if not relationships:
            return self._found(self._scope.sobject, last, values)
        lookup = self._scope.sobject.parent(relationships[0])
        if lookup is None or len(relationships) > 1 or len(lookup.targets) > 1:
            return None
        parents = self._found(self._scope.org.schema.types[lookup.targets[0]], last, values)
        return None if parents is None else self._children(lookup, parents)

    def _children(self, lookup: Field, parents: list[Record]) -> list[Record]:
        find, sobject = self._scope.org.find, self._scope.sobject
        return [record for parent in parents for record in find(sobject, lookup.name, parent["Id"])]

    def _found(self, sobject: SObjectType, name: str, values: list[Any]) -> list[Record] | None:
        org, field = self._scope.org, sobject.field(name)
        if field is None or not (field.type == "id" or field.indexed):
            return None
        if field.type in ("id", "reference"):
            values = [read_id(value) for value in values]
        if field.type == "id":
            found = (org.get(sobject.name, value) for value in dict.fromkeys(values) if value)
            return [record for record in found if record is not None]
        unique = {value.lower() if field.type != "reference" else value: value for value in values if value}
        return [record for value in unique.values() for record in org.find(sobject, field.name, value)]

    def _comparison(self, column: Column, condition: Comparison) -> Predicate:
        get, literal, sign = column.get, condition.value, condition.operator
        if sign == "LIKE":
            return _like(get, literal)
        if literal.kind == "range":
            return self._in_range(column, sign, literal)
        value = self.read(column, literal)
        fold = column.type in TEXTUAL
        if sign in ("=", "!="):
            return _equals(get, value, fold=fold, negated=sign == "!=")
        if value is None:
            return lambda _: False
        compare = OPERATORS[sign]

        def _ordered(record: Record) -> bool:
            found = get(record)
            return found is not None and compare(found.lower() if fold else found, value)

        return _ordered

    def _membership(self, column: Column, condition: Membership) -> Predicate:
        get, values = column.get, condition.values
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return _includes(get, values, wanted=condition.operator == "INCLUDES")
        negated = condition.operator == "NOT IN"
        if isinstance(values, Query):
            allowed = self._subquery(values)
        else:
            allowed = {self.read(column, literal) for literal in values}
        if column.type in TEXTUAL:
            return lambda record: (_fold(get(record)) in allowed) is not negated
        return lambda record: (get(record) in allowed) is not negated

    def _in_range(self, column: Column, sign: str, literal: Literal) -> Predicate:
        days = date_range(literal.value, self._scope.org.clock().astimezone(dt.UTC).date())
        if days is None:
            raise malformed(self._scope.query.text, literal.offset, f"unexpected token: '{literal.value}'")
        if column.type not in ("date", "datetime"):
            raise self._wrong_type(column, literal)
        first, end = (_day_text(day, column.type) for day in days)
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda text: first <= text < end,
            "!=": lambda text: not first <= text < end,
            "<": lambda text: text < first,
            "<=": lambda text: text < end,
            ">": lambda text: text >= end,
            ">=": lambda text: text >= first,
        }
        test, get = tests[sign], column.get

        def _within(record: Record) -> bool:
            text = get(record)
            return sign == "!=" if text is None else test(text)

        return _within

    def read(self, column: Column, literal: Literal) -> Any:
        """The literal as the column's values are kept; raises ApiError when its type does not fit."""
        if literal.kind == "null" or literal.value == "":
            return None
        kind, value = column.type, literal.value
        if kind in ("id", "reference") and literal.kind == "string":
            identifier = read_id(value)
            if identifier is None:
                raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
            return identifier
        if kind in TEXTUAL and literal.kind == "string":
            return value.lower()
        if kind in NUMERIC and literal.kind in ("number", "currency"):
            return value
        if kind == literal.kind == "datetime":
            moment = parse_datetime(value)
            return format_datetime(moment) if moment else None
        if kind == literal.kind:
            return value
        raise self._wrong_type(column, literal)

    def _wrong_type(self, column: Column, literal: Literal) -> ApiError:
        kind = (
            "string" if column.type in TEXTUAL else {"id": "ID", "reference": "reference"}.get(column.type, column.type)
        )
        quotes = "should be" if column.type in TEXTUAL or column.type in ("id", "reference") else "should not be"
        message = (
            f"value of filter criterion for field '{column.field.name}' must be of type {kind} and {quotes} "
            "enclosed in quotes"
        )
        return malformed(self._scope.query.text, literal.offset, message, "INVALID_FIELD")


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _equals(get: Callable[[Record], Any], value: Any, *, fold: bool, negated: bool) -> Predicate:
    if fold:
        return lambda record: (_fold(get(record)) == value) is not negated
    return lambda record: (get(record) == value) is not negated


def _day_text(day: dt.date, kind: str) -> str:
    return day.isoformat() + ("T00:00:00.000+0000" if kind == "datetime" else "")


def _like(get: Callable[[Record], Any], literal: Literal) -> Predicate:
    pattern = ""
    for piece in re.findall(r"\\[_%]|.", literal.like, flags=re.DOTALL):
        pattern += {"%": ".*", "_": "."}.get(piece, re.escape(piece[-1]))
    matches = re.compile(pattern, re.IGNORECASE | re.DOTALL).fullmatch
    return lambda record: (value := get(record)) is not None and matches(value) is not None


def _includes(get: Callable[[Record], Any], values: tuple[Literal, ...] | Query, *, wanted: bool) -> Predicate:
    """Each listed value may name several choices, `A;B`, all of which must be chosen."""
    listed = () if isinstance(values, Query) else values
    choices = [set(str(literal.value).lower().split(";")) for literal in listed]

    def _chosen(record: Record) -> bool:
        chosen = set((get(record) or "").lower().split(";"))
        return any(choice <= chosen for choice in choices) is wanted

    return _chosen
