"""Runs a query and renders its rows as the query resource answers them.

Source: 'REST API Developer Guide: Query'; 'SOQL and SOSL Reference: FIELDS(), COUNT(), Relationship Queries'.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from system_apis.salesforce_platform.sandbox.cursors import CHILD_PAGE, LARGEST_PAGE, QUERY_PREFIX, Cursor
from system_apis.salesforce_platform.sandbox.errors import ApiError
from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.schema import Field
from system_apis.salesforce_platform.sandbox.soql.aggregate import aggregate, is_aggregate, is_count
from system_apis.salesforce_platform.sandbox.soql.filters import Filter
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import Path, Query
from system_apis.salesforce_platform.sandbox.soql.order import sort
from system_apis.salesforce_platform.sandbox.soql.resolve import REFERENCE_HINT, Column, Scope, open_scope
from system_apis.salesforce_platform.sandbox.soql.select import (
    Render,
    Step,
    item_columns,
    render_parent,
    render_record,
)


class Result(msgspec.Struct, frozen=True):
    """The rows of a query, rendered only when they are answered."""

    rows: list[Record]
    render: Render
    total: int
    grouped: bool = False
    """Whether the rows are groups, which hold the selected names as they are."""


class Run:
    """One execution: which version's URLs to answer, and whether deleted records count."""

    def __init__(self, org: Org, version: str, *, include_deleted: bool) -> None:
        self._org = org
        self._include_deleted = include_deleted
        self._root = f"/services/data/v{version}"
        self._url = f"{self._root}/sobjects"
        self._selected: dict[int, set[Any]] = {}

    def result(self, query: Query) -> Result:
        """The rows of a root query."""
        scope = open_scope(self._org, query)
        if is_count(query):
            total = len(self._select(scope, self._candidates(scope)))
            return Result([], dict, total)
        if is_aggregate(query):
            rows = aggregate(scope, self._matching(scope, self._candidates(scope)), self._values)
            return Result(rows, _render_aggregate, len(rows), grouped=True)
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
        if id(query) not in self._selected:
            self._selected[id(query)] = self._select_values(query)
        return self._selected[id(query)]

    def _select_values(self, query: Query) -> set[Any]:
        scope = open_scope(self._org, query)
        what = query.items[0].what
        if len(query.items) != 1 or not isinstance(what, Path):
            raise malformed(query.text, 0, "Nesting of semi join sub-selects is not supported")
        get = scope.column(what).get
        return {get(record) for record in self._select(scope, self._candidates(scope))} - {None}

    def _renderer(self, scope: Scope) -> Render:
        """A function that builds the answer's record with everything the select list asks for."""
        steps: list[tuple[str, Step]] = []
        parents: dict[str, list[Column]] = {}
        chosen: set[tuple[tuple[Field, ...], str]] = set()
        for item in scope.query.items:
            if isinstance(item.what, Query):
                steps.append(self._children(scope, item.what))
                continue
            for name, column in item_columns(scope, item):
                if (path := (column.lookups, name)) in chosen:
                    raise ApiError("INVALID_FIELD", f"duplicate field selected: {name}")
                chosen.add(path)
                if not column.lookups:
                    steps.append((name, column.get))
                    continue
                relationship = column.lookups[0].relationship or ""
                if relationship not in parents:
                    parents[relationship] = []
                    steps.append((relationship, render_parent(self._org, self._url, parents[relationship])))
                parents[relationship].append(column)
        return render_record(self._url, scope.sobject.name, steps)

    def _children(self, scope: Scope, query: Query) -> tuple[str, Step]:
        name = query.source.names[-1]
        child = self._org.schema.child(scope.sobject.name, name)
        if child is None:
            raise malformed(
                query.text,
                query.source.offset,
                f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a "
                "custom relationship, be sure to append the '__r' after the custom relationship name. "
                + REFERENCE_HINT,
                "INVALID_TYPE",
            )
        sobject = self._org.schema.types[child.sobject]
        inner = Scope(self._org, query, sobject)
        render = self._renderer(inner)
        field = child.field.name

        def _render(record: Record) -> Record | None:
            records = self._select(inner, self._org.find(sobject, field, record["Id"]))
            return self._first_page(records, render) if records else None

        return child.field.children or name, _render

    def _first_page(self, records: list[Record], render: Render) -> Record:
        """A child query's answer, with where to find the rest when there is more than a page."""
        page: Record = {"totalSize": len(records), "done": len(records) <= CHILD_PAGE}
        if not page["done"]:
            identifier = self._org.new_id(QUERY_PREFIX)
            self._org.cursors.open(identifier, Cursor(records, render, LARGEST_PAGE))
            page["nextRecordsUrl"] = f"{self._root}/query/{identifier}-{CHILD_PAGE}"
        return page | {"records": [render(one) for one in records[:CHILD_PAGE]]}


def _render_aggregate(row: Record) -> Record:
    return {"attributes": {"type": "AggregateResult"}, **row}


def run_query(org: Org, query: Query, version: str, *, include_deleted: bool = False) -> Result:
    """The rows of a query; raises ApiError when it names what is not there."""
    return Run(org, version, include_deleted=include_deleted).result(query)
