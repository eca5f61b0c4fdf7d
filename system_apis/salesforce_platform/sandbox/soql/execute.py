"""Runs a query and renders its rows as the query resource answers them.

Source: 'REST API Developer Guide: Query'; 'SOQL and SOSL Reference: FIELDS(), COUNT(), Relationship Queries'.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.schema import Field, SObjectType
from system_apis.salesforce_platform.sandbox.soql.aggregate import aggregate, is_aggregate, is_count
from system_apis.salesforce_platform.sandbox.soql.filters import Filter
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import Call, FieldSet, Path, Query
from system_apis.salesforce_platform.sandbox.soql.order import sort
from system_apis.salesforce_platform.sandbox.soql.resolve import REFERENCE_HINT, Column, Scope, follow, open_scope

MAX_FIELDS_LIMIT = 200
Render = Callable[[Record], Record]


class Result(msgspec.Struct, frozen=True):
    """The rows of a query, rendered only when they are answered."""

    rows: list[Record]
    render: Render
    total: int


class Run:
    """One execution: which version's URLs to answer, and whether deleted records count."""

    def __init__(self, org: Org, version: str, *, include_deleted: bool) -> None:
        self._org = org
        self._include_deleted = include_deleted
        self._url = f"/services/data/v{version}/sobjects"

    def result(self, query: Query) -> Result:
        """The rows of a root query."""
        scope = open_scope(self._org, query)
        if is_count(query):
            total = len(self._select(scope, self._candidates(scope)))
            return Result([], dict, total)
        if is_aggregate(query):
            rows = aggregate(scope, self._matching(scope, self._candidates(scope)), self._values)
            return Result(rows, _render_aggregate, len(rows))
        records = self._select(scope, self._candidates(scope))
        return Result(records, self._renderer(scope), len(records))

    def _candidates(self, scope: Scope) -> Iterable[Record]:
        offered = Filter(scope, self._values).candidates(scope.query.where)
        return self._org.all(scope.sobject.name).values() if offered is None else offered

    def _matching(self, scope: Scope, candidates: Iterable[Record]) -> list[Record]:
        matches = Filter(scope, self._values).compile(scope.query.where) if scope.query.where else None
        deleted = self._include_deleted or scope.query.all_rows
        return [
            record
            for record in candidates
            if (deleted or not record["IsDeleted"]) and (matches is None or matches(record))
        ]

    def _select(self, scope: Scope, candidates: Iterable[Record]) -> list[Record]:
        query = scope.query
        orders = [(scope.column(order.what), order) for order in query.order_by]
        records = sort(self._matching(scope, candidates), orders)
        return records[query.offset :][: query.limit]

    def _values(self, query: Query) -> set[Any]:
        """What an inner query of a semi-join selects; a missing value matches nothing."""
        scope = open_scope(self._org, query)
        what = query.items[0].what
        if len(query.items) != 1 or not isinstance(what, Path):
            raise malformed(query.text, 0, "Nesting of semi join sub-selects is not supported")
        get = scope.column(what).get
        return {get(record) for record in self._select(scope, self._candidates(scope))} - {None}

    def _renderer(self, scope: Scope) -> Render:
        """A function that builds the answer's record with everything the select list asks for."""
        steps: list[tuple[str, Render | Callable[[Record], Any]]] = []
        parents: dict[str, list[Column]] = {}
        for item in scope.query.items:
            if isinstance(item.what, Query):
                name, children = self._children(scope, item.what)
                steps.append((name, children))
                continue
            for name, column in self._columns(scope, item.what, item.alias):
                if column.lookups:
                    relationship = column.lookups[0].relationship or ""
                    if relationship not in parents:
                        parents[relationship] = []
                        steps.append((relationship, self._parent(parents[relationship], 0)))
                    parents[relationship].append(column)
                else:
                    steps.append((name, column.get))
        return self._record(scope.sobject.name, steps)

    def _columns(self, scope: Scope, what: Path | Call | FieldSet, alias: str | None) -> list[tuple[str, Column]]:
        if isinstance(what, FieldSet):
            return [(field.name, scope.column(Path((field.name,)))) for field in _field_set(scope, what)]
        column = scope.column(what)
        return [(alias if alias and isinstance(what, Call) else column.field.name, column)]

    def _record(self, sobject: str, steps: list[tuple[str, Callable[[Record], Any]]]) -> Render:
        url = f"{self._url}/{sobject}/"

        def _render(record: Record) -> Record:
            answer: Record = {"attributes": {"type": sobject, "url": url + record["Id"]}}
            for name, step in steps:
                answer[name] = step(record)
            return answer

        return _render

    def _parent(self, columns: list[Column], depth: int) -> Callable[[Record], Any]:
        """Renders the parent at `depth` of the columns' paths; `columns` may still grow while the list is read."""

        def _render(record: Record) -> Record | None:
            lookup = columns[0].lookups[depth]
            parent = follow(self._org, lookup, record)
            if parent is None:
                return None
            sobject = self._org.schema.by_prefix[parent["Id"][:3]].name
            answer: Record = {"attributes": {"type": sobject, "url": f"{self._url}/{sobject}/{parent['Id']}"}}
            deeper: dict[str, list[Column]] = {}
            for column in columns:
                if len(column.lookups) == depth + 1:
                    answer[column.field.name] = parent.get(column.field.name)
                else:
                    deeper.setdefault(column.lookups[depth + 1].relationship or "", []).append(column)
                    answer.setdefault(column.lookups[depth + 1].relationship or "", None)
            for name, inner in deeper.items():
                answer[name] = self._parent(inner, depth + 1)(parent)
            return answer

        return _render

    def _children(self, scope: Scope, query: Query) -> tuple[str, Callable[[Record], Any]]:
        name = query.source.names[-1]
        child = self._org.schema.child(scope.sobject.name, name)
        if child is None:
            raise malformed(
                query.text,
                query.source.offset,
                f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a "
                "custom relationship, be sure to append the '__r' after the custom relationship name. " + REFERENCE_HINT,
                "INVALID_TYPE",
            )
        sobject = self._org.schema.types[child.sobject]
        inner = Scope(self._org, query, sobject)
        render = self._renderer(inner)
        field = child.field.name

        def _render(record: Record) -> Record | None:
            records = self._select(inner, self._org.find(sobject, field, record["Id"]))
            if not records:
                return None
            return {"totalSize": len(records), "done": True, "records": [render(one) for one in records]}

        return child.field.children or name, _render


def _field_set(scope: Scope, wanted: FieldSet) -> list[Field]:
    limit = scope.query.limit
    if wanted.group != "STANDARD" and (limit is None or limit > MAX_FIELDS_LIMIT):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
        raise malformed(scope.query.text, wanted.offset, message)
    return [field for field in scope.sobject.fields.values() if _belongs(field, wanted.group)]


def _belongs(field: Field, group: str) -> bool:
    return group == "ALL" or field.custom == (group == "CUSTOM")


def _render_aggregate(row: Record) -> Record:
    return {"attributes": {"type": "AggregateResult"}, **row}


def run_query(org: Org, query: Query, version: str, *, include_deleted: bool = False) -> Result:
    """The rows of a query; raises ApiError when it names what is not there."""
    return Run(org, version, include_deleted=include_deleted).result(query)
