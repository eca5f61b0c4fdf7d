"""What the select list asks for: columns of the record, of its parents, and whole sets of fields.

Source: 'SOQL and SOSL Reference: FIELDS(), Relationship Queries'.
"""

from collections.abc import Callable
from typing import Any

from system_apis.salesforce_platform.sandbox.org import Org, Record
from system_apis.salesforce_platform.sandbox.schema import Field
from system_apis.salesforce_platform.sandbox.soql.lexer import malformed
from system_apis.salesforce_platform.sandbox.soql.nodes import Call, FieldSet, Item, Path, Query
from system_apis.salesforce_platform.sandbox.soql.resolve import Column, Scope, follow

MAX_FIELDS_LIMIT = 200
Step = Callable[[Record], Any]
Render = Callable[[Record], Record]


def selected_columns(scope: Scope) -> list[tuple[str, Column]]:
    """The selected columns by their dotted names; child queries are none."""
    named = []
    for item in scope.query.items:
        if isinstance(item.what, Query):
            continue
        for name, column in item_columns(scope, item):
            path = [lookup.relationship or "" for lookup in column.lookups]
            named.append((".".join([*path, name]), column))
    return named


def item_columns(scope: Scope, item: Item) -> list[tuple[str, Column]]:
    """The columns of one entry of the select list, by name."""
    what = item.what
    if isinstance(what, FieldSet):
        return [(field.name, scope.column(Path((field.name,)))) for field in _field_set(scope, what)]
    if isinstance(what, Query):
        return []
    column = scope.column(what)
    if item.alias and isinstance(what, Path):
        raise malformed(scope.query.text, what.offset, "only aggregate expressions use field aliasing")
    return [(item.alias if item.alias and isinstance(what, Call) else column.field.name, column)]


def _field_set(scope: Scope, wanted: FieldSet) -> list[Field]:
    limit = scope.query.limit
    if wanted.group != "STANDARD" and (limit is None or limit > MAX_FIELDS_LIMIT):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
        raise malformed(scope.query.text, wanted.offset, message)
    fields = scope.sobject.fields.values()
    return [field for field in fields if wanted.group == "ALL" or field.custom == (wanted.group == "CUSTOM")]


def render_record(url: str, sobject: str, steps: list[tuple[str, Step]]) -> Render:
    """A function that builds the answer's record: its attributes and then every step's value."""
    base = f"{url}/{sobject}/"

    def _render(record: Record) -> Record:
        answer: Record = {"attributes": {"type": sobject, "url": base + record["Id"]}}
        for name, step in steps:
            answer[name] = step(record)
        return answer

    return _render


def render_parent(org: Org, url: str, columns: list[Column], depth: int = 0) -> Step:
    """A function that builds the parent at `depth` of the columns' paths, or None where there is none."""

    def _render(record: Record) -> Record | None:
        parent = follow(org, columns[0].lookups[depth], record)
        if parent is None:
            return None
        sobject = org.schema.by_prefix[parent["Id"][:3]].name
        answer: Record = {"attributes": {"type": sobject, "url": f"{url}/{sobject}/{parent['Id']}"}}
        deeper: dict[str, list[Column]] = {}
        for column in columns:
            if len(column.lookups) == depth + 1:
                answer[column.field.name] = parent.get(column.field.name)
            else:
                relationship = column.lookups[depth + 1].relationship or ""
                answer.setdefault(relationship, None)
                deeper.setdefault(relationship, []).append(column)
        for name, inner in deeper.items():
            answer[name] = render_parent(org, url, inner, depth + 1)(parent)
        return answer

    return _render
